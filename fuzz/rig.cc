#include "fuzz/rig.h"

#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "core/base/json.h"

namespace tasker::fuzz {
namespace {

constexpr std::uint32_t kTasksAtOnce = 256;
constexpr std::uint32_t kPollTimeoutMs = 20'000;

constexpr std::string_view kTemplate = R"(name: one_step
namespace_name: fuzz
version: 1.0.0
steps:
  - name: only
    handler: { callable: fuzz.only }
    retry: { retryable: false, max_attempts: 1 }
    publishes_events:
      - { name: fuzz.only_ended, description: Always, condition: always, schema: {} }
)";

constexpr std::string_view kTaskRequest =
    R"({"name":"one_step","namespace":"fuzz","version":"1.0.0","context":{},)"
    R"("initiator":"fuzz","source_system":"fuzz","reason":"fuzz"})";

class TemporaryFolder {
 public:
  TemporaryFolder() {
    namespace fs = std::filesystem;
    const fs::path memory = "/dev/shm";
    std::error_code error;
    const bool is_chosen = std::getenv("TMPDIR") != nullptr;
    const fs::path base =
        !is_chosen && fs::is_directory(memory, error) ? memory : fs::temp_directory_path();
    std::string pattern = (base / "tasker-fuzz-XXXXXX").string();
    require(mkdtemp(pattern.data()) != nullptr, "the temporary folder can not be made");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Log lines are outputs too: constant text, and fields that are JSON.
void check_log_line(void*, const tasker_log_record* record) {
  require(record != nullptr && record->message != nullptr && record->fields != nullptr,
          "a log record without its texts");
  require(record->level >= TASKER_LOG_TRACE && record->level <= TASKER_LOG_ERROR,
          "a log record of no level");
  require_json(record->fields, "the fields of a log record");
}

void check_error(tasker_status status, tasker_error* error) {
  const std::string_view json = tasker_error_json(error);
  require(tasker_error_status(error) == status, "the error has another status than the call");
  require_json(json, "an error");
  require(json_at(json, "/code") == tasker_status_name(status),
          "the error's JSON has another code");
  const std::string message = tasker_error_message(error);
  require(!message.empty(), "an error without a message");
  // A template's has one line for each of its problems.
  const bool may_have_lines = status == TASKER_ERR_INVALID_TEMPLATE;
  require(std::none_of(message.begin(), message.end(),
                       [&](char c) {
                         return static_cast<unsigned char>(c) < 0x20 &&
                                !(c == '\n' && may_have_lines);
                       }),
          "an error's message has control characters");
  require(json_at(json, "/message") == message, "the error's JSON has another message");
  // A name from outside may hold a NUL, where the C text ends.
  const std::string field = json_at(json, "/field");
  require(field.substr(0, field.find('\0')) == tasker_error_field(error),
          "the error's JSON has another field");
}

}  // namespace

void fail(std::string_view what) {
  std::fprintf(stderr, "fuzz: broken rule: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

void require_json(std::string_view text, std::string_view what) {
  const base::JsonLimits limits{.bytes_max = std::size_t{1} << 30, .depth_max = 1024};
  if (!base::check_json(text, "output", limits)) {
    fail(std::string(what) + " is not JSON: " + std::string(text));
  }
}

std::string json_at(std::string_view document, std::string_view pointer) {
  // Other strings are passed over unread: halves of surrogate pairs are legal in JSON.
  const simdjson::padded_string padded(document);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document json;
  simdjson::ondemand::value found;
  if (parser.iterate(padded).get(json) != simdjson::SUCCESS ||
      json.at_pointer(pointer).get(found) != simdjson::SUCCESS) {
    return {};
  }
  std::string_view text;
  simdjson::ondemand::json_type type{};
  if (found.type().get(type) != simdjson::SUCCESS) return {};
  const bool is_read = type == simdjson::ondemand::json_type::string
                           ? found.get_string().get(text) == simdjson::SUCCESS
                           : simdjson::to_json_string(found).get(text) == simdjson::SUCCESS;
  return is_read ? std::string(text) : std::string();
}

tasker_status settle(tasker_status status, tasker_error*& error) {
  const std::string_view name = tasker_status_name(status);
  require(name != "UNKNOWN", "a status that does not exist");
  require((status == TASKER_OK) == (error == nullptr),
          "an error without a failure, or none with one");
  if (error != nullptr) {
    check_error(status, error);
    if (status == TASKER_ERR_INTERNAL) fail(tasker_error_json(error));
    require(tasker_error_destroy(error) == TASKER_OK, "an error could not be released");
    require(tasker_error_destroy(error) == TASKER_ERR_CLOSED, "an error was released twice");
    error = nullptr;
  }
  return status;
}

tasker_status settle(tasker_status status, tasker_error*& error,
                     std::initializer_list<tasker_status> allowed) {
  std::string shown = tasker_status_name(status);
  if (error != nullptr) shown += std::string(": ") + tasker_error_message(error);
  settle(status, error);
  if (status != TASKER_OK && std::find(allowed.begin(), allowed.end(), status) == allowed.end()) {
    fail("a status that the call does not name: " + shown);
  }
  return status;
}

std::string take_json(tasker_buffer& buffer) {
  require((buffer.data == nullptr) == (buffer.size == 0), "a buffer that is half empty");
  std::string text;
  if (buffer.data != nullptr) {
    require(buffer.data[buffer.size] == '\0', "a buffer without its NUL");
    text.assign(buffer.data, buffer.size);
    require_json(text, "an output");
  }
  tasker_buffer_destroy(&buffer);
  require(buffer.data == nullptr && buffer.size == 0, "a released buffer is not empty");
  tasker_buffer_destroy(&buffer);
  return text;
}

const std::filesystem::path& folder() {
  static const TemporaryFolder kFolder;
  return kFolder.path();
}

void clear_folder() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder(), error)) {
    std::filesystem::remove_all(entry.path(), error);
  }
}

std::string tame_paths(std::string_view input) {
  std::filesystem::current_path(folder());
  std::string tame(input);
  // A slash, an escaped one, and one that a URI's %2f would become.
  std::replace(tame.begin(), tame.end(), '/', '_');
  std::replace(tame.begin(), tame.end(), '%', '_');
  for (std::size_t at = 0; (at = tame.find("\\u00", at)) != std::string::npos; at += 4) {
    if (at + 4 < tame.size() && tame[at + 4] == '2') tame[at + 4] = '7';
  }
  return tame;
}

std::string fill_in(std::string_view input, const std::vector<std::string>& values) {
  std::string filled;
  for (std::size_t at = 0; at < input.size(); ++at) {
    const std::size_t digit =
        at + 1 < input.size() ? static_cast<std::size_t>(input[at + 1] - '0') : 10;
    if (input[at] == '$' && digit < values.size()) {
      filled += values[digit];
      ++at;
    } else {
      filled += input[at];
    }
  }
  return filled;
}

std::vector<std::string> lines_of(std::string_view input, std::size_t count) {
  std::vector<std::string> lines(count);
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    lines[i] = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  lines.back() = input;
  return lines;
}

Rig::Rig(bool started) {
  clear_folder();
  // The longest deadlines and leases, so that time changes nothing; one step of each task at once.
  const std::string config = R"({"store_path":")" + (folder() / "store.db").string() +
                             R"(","durability":"normal","log_level":"debug",)"
                             R"("max_concurrent_handlers":64,"handler_timeout_ms":86400000,)"
                             R"("lease_ttl_ms":3600000})";
  tasker_worker_options options = TASKER_WORKER_OPTIONS_INIT;
  options.on_log = check_log_line;
  tasker_error* error = nullptr;
  settle(tasker_worker_open(config.data(), config.size(), &options, &worker_, &error), error, {});
  tasker_buffer stored = TASKER_BUFFER_INIT;
  settle(tasker_worker_put_template(worker_, kTemplate.data(), kTemplate.size(), &stored, &error),
         error, {});
  take_json(stored);
  if (!started) return;
  settle(tasker_worker_register_all_handlers(worker_, &error), error, {});
  settle(tasker_worker_start(worker_, &error), error, {});
}

Rig::~Rig() {
  tasker_error* error = nullptr;
  settle(tasker_worker_close(worker_, &error), error, {});
}

std::vector<std::string> Rig::create_tasks(std::uint32_t count) {
  std::string requests = "[";
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i > 0) requests += ',';
    requests += kTaskRequest;
  }
  requests += ']';
  tasker_buffer created = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  settle(tasker_worker_create_tasks(worker_, requests.data(), requests.size(), &created, &error),
         error, {});
  const std::string list = take_json(created);
  std::vector<std::string> uuids;
  for (std::uint32_t i = 0; i < count; ++i) {
    uuids.push_back(json_at(list, "/" + std::to_string(i) + "/task_uuid"));
    require(!uuids.back().empty(), "a task was not created");
  }
  return uuids;
}

OpenSteps::OpenSteps(std::size_t count) : steps_(count) { fill(); }

void OpenSteps::fill() {
  rig_.reset();
  rig_ = std::make_unique<Rig>(true);
  waiting_ = 0;
  for (OpenStep& step : steps_) step = next();
}

OpenStep OpenSteps::next() {
  if (waiting_ == 0) {
    rig_->create_tasks(kTasksAtOnce);
    waiting_ = kTasksAtOnce;
  }
  --waiting_;
  return poll();
}

OpenStep OpenSteps::poll() {
  rig_->count_use();
  tasker_buffer events = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  settle(tasker_worker_poll_step_events(worker(), 1, kPollTimeoutMs, &events, &error), error, {});
  const std::string list = take_json(events);
  OpenStep step{json_at(list, "/0/event_id"), json_at(list, "/0/step_uuid")};
  require(!step.event_id.empty(), "no step event came");
  return step;
}

std::size_t OpenSteps::count_open() const {
  tasker_buffer metrics = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  settle(tasker_worker_get_dispatch_metrics(worker(), &metrics, &error), error, {});
  const std::string count = json_at(take_json(metrics), "/pending_count");
  std::size_t open = 0;
  std::from_chars(count.data(), count.data() + count.size(), open);
  return open;
}

void OpenSteps::require_gone(std::size_t index) const {
  require(complete_event(steps_[index].event_id) == TASKER_ERR_UNKNOWN_EVENT,
          "an event that has ended was completed once more");
}

void OpenSteps::renew() {
  for (OpenStep& step : steps_) complete_event(step.event_id);
  if (rig_->is_worn()) return fill();
  for (OpenStep& step : steps_) step = next();
}

tasker_status OpenSteps::complete_event(std::string_view id) const {
  constexpr std::string_view kResult = R"({"success":true,"status":"completed","result":{}})";
  tasker_error* error = nullptr;
  return settle(tasker_worker_complete_step_event(worker(), id.data(), id.size(), kResult.data(),
                                                  kResult.size(), &error),
                error, {TASKER_ERR_UNKNOWN_EVENT});
}

void OpenSteps::follow(std::size_t index, std::string_view event_id) {
  // Steps that were claimed before it may come first.
  while (true) {
    OpenStep step = poll();
    if (step.event_id == event_id) {
      require(step.step_uuid == steps_[index].step_uuid, "the continuation is of another step");
      steps_[index] = std::move(step);
      return;
    }
    require(waiting_ > 0, "an event came that nobody asked for");
    --waiting_;
    complete_event(step.event_id);
  }
}

BusRig::BusRig() : Rig(false) {
  constexpr std::string_view kPattern = "*";
  constexpr std::string_view kOptions = R"({"capacity":2,"policy":"drop_oldest"})";
  tasker_error* error = nullptr;
  settle(tasker_bus_open(worker(), &bus_, &error), error, {});
  settle(tasker_bus_subscribe(worker(), bus_, kPattern.data(), kPattern.size(), kOptions.data(),
                              kOptions.size(), &subscription_, &error),
         error, {});
}

Rig& idle_rig() {
  static std::unique_ptr<Rig> rig;
  return unworn(rig, false);
}

BusRig& bus_rig() {
  static std::unique_ptr<BusRig> rig;
  return unworn(rig);
}

}  // namespace tasker::fuzz
