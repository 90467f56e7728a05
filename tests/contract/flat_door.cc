// The flat names of tasker_flat.h as a door. What the flat contract lacks, another worker of the
// same store does.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>
#include <variant>

#include "include/tasker/tasker_flat.h"
#include "tests/contract/handle_worker.h"

namespace tasker::contract {

using base::fail;
using base::Result;

namespace {

using TextCall = char* (*)();
using TextCallOf1 = char* (*)(const char*);
using TextCallOf2 = char* (*)(const char*, const char*);
using FlagCall = std::int32_t (*)();
using FlagCallOf2 = std::int32_t (*)(const char*, const char*);
using VoidCall = void (*)();
using VoidCallOf2 = void (*)(const char*, const char*);
using Function =
    std::variant<TextCall, TextCallOf1, TextCallOf2, FlagCall, FlagCallOf2, VoidCall, VoidCallOf2>;

struct Call {
  std::string_view name;
  Function function;
  std::string_view json_parameters;  ///< their indexes
  bool is_document = true;           ///< of a text that is returned: JSON, not a version
};

const Call kCalls[] = {
    {"get_version", &get_version, "", false},
    {"get_rust_version", &get_rust_version, "", false},
    {"health_check", &health_check, ""},
    {"is_worker_running", &is_worker_running, ""},
    {"get_worker_status", &get_worker_status, ""},
    {"transition_to_graceful_shutdown", &transition_to_graceful_shutdown, ""},
    {"stop_worker", &stop_worker, ""},
    {"poll_step_events", &poll_step_events, ""},
    {"poll_in_process_events", &poll_in_process_events, ""},
    {"complete_step_event", &complete_step_event, "1"},
    {"checkpoint_yield_step_event", &checkpoint_yield_step_event, "1"},
    {"get_ffi_dispatch_metrics", &get_ffi_dispatch_metrics, ""},
    {"check_starvation_warnings", &check_starvation_warnings, ""},
    {"cleanup_timeouts", &cleanup_timeouts, ""},
    {"log_error", &log_error, "1"},
    {"log_warn", &log_warn, "1"},
    {"log_info", &log_info, "1"},
    {"log_debug", &log_debug, "1"},
    {"log_trace", &log_trace, "1"},
    {"client_create_task", &client_create_task, "0"},
    {"client_get_task", &client_get_task, ""},
    {"client_list_tasks", &client_list_tasks, "0"},
    {"client_cancel_task", &client_cancel_task, ""},
    {"client_list_task_steps", &client_list_task_steps, ""},
    {"client_get_step", &client_get_step, ""},
    {"client_get_step_audit_history", &client_get_step_audit_history, ""},
    {"client_health_check", &client_health_check, ""},
};

/// Takes the text over.
JsonValue read_text(char* text, bool is_document) {
  if (text == nullptr) return JsonValue::null();
  const std::string copy = text;
  free_rust_string(text);
  if (!is_document) return JsonValue::string(copy);
  auto value = parse_json(copy);
  return value ? std::move(*value) : JsonValue::string("not one JSON document: " + copy);
}

/// The code, where an answer tells one.
std::optional<Refusal> told_refusal(const JsonValue& value) {
  const JsonValue* const code = value.find("code");
  const JsonValue* const field = value.find("field");
  if (code == nullptr) return std::nullopt;
  return Refusal{code->text, field == nullptr ? "" : field->text};
}

/// Calls whatever the function's shape is, with NUL-terminated arguments.
struct Caller {
  const char* first;
  const char* second;
  bool is_document;

  JsonValue operator()(TextCall call) const { return read_text(call(), is_document); }
  JsonValue operator()(TextCallOf1 call) const { return read_text(call(first), is_document); }
  JsonValue operator()(TextCallOf2 call) const {
    return read_text(call(first, second), is_document);
  }
  JsonValue operator()(FlagCall call) const { return JsonValue::number(std::to_string(call())); }
  JsonValue operator()(FlagCallOf2 call) const {
    return JsonValue::number(std::to_string(call(first, second)));
  }
  JsonValue operator()(VoidCall call) const {
    call();
    return JsonValue::null();
  }
  JsonValue operator()(VoidCallOf2 call) const {
    call(first, second);
    return JsonValue::null();
  }
};

class FlatDoor : public Door {
 public:
  ~FlatDoor() override { free_rust_string(stop_worker()); }

  Result<std::vector<std::string>> begin(const Given& given) override {
    given_ = given;
    const TextArgument config{.text = to_json(given.config)};
    auto tasks = other_.prepare(config, given.templates, given.tasks, false);
    if (!tasks) return tasks;
    // The vectors open files of their own kind as stores too; then no other worker may stand by.
    if (!given.running) {
      (void)other_.close();
      return tasks;
    }
    const JsonValue started = bootstrap(config);
    const JsonValue* const success = started.find("success");
    if (success == nullptr || !success->truth)
      return fail(base::ErrorCode::kINVALID_STATE,
                  "the worker does not start: " + to_json(started));
    return tasks;
  }

  Result<Answer> call(std::string_view name, const std::vector<JsonValue>& values,
                      const Captures& captures) override {
    static const JsonValue missing;
    const JsonValue& first = values.empty() ? missing : values[0];
    if (name == "bootstrap_worker")
      return answer(bootstrap(config_argument(first, given_.config, captures)));
    if (name == "check_template")
      return HandleWorker::check_template(yaml_argument(first, captures));
    if (name == "put_template") return other_.put_template(yaml_argument(first, captures));
    if (name == "list_templates") return other_.list_templates();
    if (name == "retry_task") return other_.retry_task(resolved(first, captures).text);
    const Call* const known = std::find_if(std::begin(kCalls), std::end(kCalls),
                                           [&](const Call& call) { return call.name == name; });
    if (known == std::end(kCalls))
      return fail(base::ErrorCode::kUNSUPPORTED, fmt::format("there is no flat name {}", name));
    std::vector<TextArgument> arguments(2, TextArgument{.is_null = true});
    for (std::size_t i = 0; i < values.size() && i < arguments.size(); ++i) {
      const bool is_json = known->json_parameters.find(std::to_string(i)) != std::string_view::npos;
      arguments[i] = is_json ? json_argument(values[i], captures)
                             : TextArgument{.text = resolved(values[i], captures).text};
    }
    return answer(std::visit(
        Caller{pointer(arguments[0]), pointer(arguments[1]), known->is_document}, known->function));
  }

 private:
  static const char* pointer(const TextArgument& argument) {
    return argument.is_null ? nullptr : argument.text.c_str();
  }
  static JsonValue bootstrap(const TextArgument& config) {
    return read_text(bootstrap_worker(pointer(config)), true);
  }
  static Answer answer(JsonValue value) {
    auto refusal = told_refusal(value);
    return {std::move(value), std::move(refusal)};
  }

  Given given_;
  HandleWorker other_;
};

}  // namespace

std::unique_ptr<Door> make_flat_door() { return std::make_unique<FlatDoor>(); }

}  // namespace tasker::contract
