#include "tests/contract/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <utility>

namespace tasker::contract {

using base::ErrorCode;
using base::fail;
using base::Result;
using Kind = JsonValue::Kind;

namespace {

// The wait that contract/README.md gives; longer, because of sanitizers on a busy machine.
constexpr std::chrono::seconds kPatience{60};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_poll(std::string_view call) { return call.starts_with("poll_"); }

const JsonValue& member_or_null(const JsonValue& value, std::string_view name) {
  static const JsonValue null_value;
  const JsonValue* const found = value.find(name);
  return found == nullptr ? null_value : *found;
}

/// Whether `told` is the way to `field`, or ends in it: `requests[0].name` is `name`.
bool is_way_to(std::string_view told, std::string_view field) {
  return told == field || (told.ends_with(field) && told[told.size() - field.size() - 1] == '.');
}

std::string judge_refusal(const JsonValue& expected, const Answer& answer) {
  const std::string& code = member_or_null(expected, "code").text;
  const std::string& field = member_or_null(expected, "field").text;
  if (!answer.refusal) return fmt::format("the refusal {} does not come", code);
  if (answer.refusal->code != code)
    return fmt::format("refused with {}, expected {}: {}", answer.refusal->code, code,
                       to_json(answer.value));
  if (!field.empty() && !is_way_to(answer.refusal->field, field))
    return fmt::format("the field is `{}`, expected `{}`: {}", answer.refusal->field, field,
                       to_json(answer.value));
  return {};
}

JsonValue complete_task(const JsonValue& task) {
  JsonValue request = JsonValue::object();
  for (const std::string_view name : {"namespace", "initiator", "source_system", "reason"})
    request.set(name, JsonValue::string("vectors"));
  request.set("version", JsonValue::string("1.0.0"));
  request.set("context", JsonValue::object());
  for (const auto& [name, value] : task.members) request.set(name, value);
  return request;
}

}  // namespace

bool Vector::is_for(std::string_view door) const {
  const JsonValue* const doors = body.find("doors");
  return doors == nullptr || std::any_of(doors->items.begin(), doors->items.end(),
                                         [&](const JsonValue& one) { return one.text == door; });
}

Result<std::vector<Vector>> load_vectors(const std::string& folder) {
  std::vector<Vector> vectors;
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    auto file = parse_json(read_file(entry.path()));
    if (!file) return fail(file.error());
    for (const JsonValue& body : file->find("vectors")->items) {
      std::string name = member_or_null(body, "name").text;
      if (!names.insert(name).second)
        return fail(ErrorCode::kINVALID_ARGUMENT, "two vectors are called: " + name, "name");
      vectors.push_back({entry.path().stem().string(), std::move(name), body});
    }
  }
  return vectors;
}

Result<Given> Replayer::given(const JsonValue& vector, const std::string& store_path) const {
  const JsonValue& from = member_or_null(vector, "given");
  Given given;
  given.running = member_or_null(from, "worker").text != "none";
  given.store_path = store_path;
  given.config.set("store_path", JsonValue::string(store_path));
  given.config.set("log_level", JsonValue::string("off"));
  given.config.set("durability", JsonValue::string("normal"));
  for (const auto& [name, value] : member_or_null(from, "config").members)
    given.config.set(name, value);
  for (const JsonValue& name : member_or_null(from, "templates").items) {
    given.templates.push_back(read_file(fmt::format("{}/templates/{}.yaml", folder_, name.text)));
    if (given.templates.back().empty())
      return fail(ErrorCode::kNOT_FOUND, "there is no template " + name.text);
  }
  for (const JsonValue& task : member_or_null(from, "tasks").items)
    given.tasks.push_back(complete_task(task));
  return given;
}

std::string Replayer::replay(const Vector& vector, std::string_view door_name, Door& door,
                             const std::string& store_path) const {
  const auto start = given(vector.body, store_path);
  if (!start) return start.error().message;
  Captures captures;
  captures.emplace("store", JsonValue::string(store_path));
  captures.emplace("vectors", JsonValue::string(folder_));
  const auto tasks = door.begin(*start);
  if (!tasks) return tasks.error().message;
  for (std::size_t i = 0; i < tasks->size(); ++i)
    captures.emplace(fmt::format("task_{}", i + 1), JsonValue::string((*tasks)[i]));
  const std::vector<JsonValue>& steps = member_or_null(vector.body, "do").items;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto wrong = replay_step(steps[i], door_name, door, captures);
    if (!wrong.empty())
      return fmt::format("step {} ({}): {}", i + 1, member_or_null(steps[i], "call").text, wrong);
  }
  return {};
}

std::string Replayer::replay_step(const JsonValue& step, std::string_view door_name, Door& door,
                                  Captures& captures) const {
  const std::string& call = member_or_null(step, "call").text;
  const bool waits = member_or_null(step, "wait").truth;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const auto answer = door.call(call, member_or_null(step, "arguments").items, captures);
    if (!answer) return answer.error().message;
    const bool nothing_yet = is_poll(call) && waits && answer->value.is(Kind::kNull);
    std::string wrong = nothing_yet ? "nothing to poll" : judge(step, door_name, *answer, captures);
    const bool may_try_again = waits && (nothing_yet || !is_poll(call));
    if (wrong.empty() || !may_try_again || std::chrono::steady_clock::now() > deadline)
      return wrong;
    // The flat contract has no other way to wait.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::string Replayer::judge(const JsonValue& step, std::string_view door_name, const Answer& answer,
                            Captures& captures) const {
  for (const auto& [name, pointer] : member_or_null(step, "capture").members) {
    const JsonValue* const found = at_pointer(answer.value, pointer.text);
    if (found == nullptr)
      return fmt::format("{} is not in {}", pointer.text, to_json(answer.value));
    captures.insert_or_assign(name, *found);
  }
  const JsonValue* expected = step.find(fmt::format("expect_{}", door_name));
  const bool differs = expected != nullptr;
  if (!differs) expected = step.find("expect");
  if (expected != nullptr) {
    auto wrong = Matcher(schemas_, captures).mismatch(*expected, answer.value);
    if (!wrong.empty()) return wrong;
  }
  const JsonValue* const error = step.find("error");
  const bool tells_codes = door_name == "handle" || answer.refusal;
  return error != nullptr && tells_codes && !differs ? judge_refusal(*error, answer)
                                                     : std::string();
}

}  // namespace tasker::contract
