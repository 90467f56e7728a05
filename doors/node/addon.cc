// What the addon exports: the object that `require` or `process.dlopen` returns.
#include <fmt/format.h>
#include <node_api.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/base/json.h"
#include "core/engine/template_yaml.h"
#include "core/worker/door_documents.h"
#include "doors/node/attachment_object.h"
#include "doors/node/call.h"
#include "doors/node/environment.h"
#include "doors/node/worker_object.h"

namespace tasker::node {

using base::ErrorCode;

namespace {

// Grows whenever frontends/typescript/src/native/native-door.ts changes in a way that an older
// package would not survive.
constexpr std::uint32_t kAbiVersion = 2;

napi_value version(napi_env env, napi_callback_info) { return make_string(env, TASKER_VERSION); }

napi_value abi_version(napi_env env, napi_callback_info) {
  napi_value value = nullptr;
  (void)napi_create_uint32(env, kAbiVersion, &value);
  return value;
}

napi_value check_template(napi_env env, napi_callback_info info) {
  const Call call(env, info, "checkTemplate");
  const auto yaml = call.text(0, "yaml");
  if (!yaml) {
    throw_error(env, yaml.error());
    return nullptr;
  }
  return make_string(env, worker::template_report_json(engine::read_template_yaml(*yaml)));
}

struct LogLine {
  base::LogLevel level;
  std::string message;
  std::optional<std::string> fields_json;
};

base::Result<LogLine> read_log_line(const Call& call) {
  auto level_name = call.text(0, "level");
  if (!level_name) return base::fail(level_name.error());
  auto message = call.text(1, "message");
  if (!message) return base::fail(message.error());
  auto fields = call.text_or_null(2, "fieldsJson");
  if (!fields) return base::fail(fields.error());
  if (*fields)
    if (auto checked = base::check_json_object(**fields, "fieldsJson"); !checked)
      return base::fail(checked.error());
  const auto level = base::parse_log_level(*level_name);
  if (!level)
    return base::fail(
        ErrorCode::kINVALID_ARGUMENT,
        fmt::format("log: level is \"{}\"; expected trace, debug, info, warn or error",
                    base::shown(*level_name)),
        "level");
  return LogLine{*level, std::move(*message), std::move(*fields)};
}

napi_value log(napi_env env, napi_callback_info info) {
  const Call call(env, info, "log");
  const auto line = read_log_line(call);
  if (!line) {
    throw_error(env, line.error());
    return nullptr;
  }
  base::Logger& logger = static_cast<Environment*>(call.data())->logger();
  if (logger.enabled(line->level))
    worker::write_log_line(logger, line->level, line->message,
                           line->fields_json ? std::string_view(*line->fields_json) : "");
  return nullptr;
}

napi_value init(napi_env env, napi_value exports) {
  const auto environment = Environment::create(env);
  if (!environment) {
    throw_error(env, {ErrorCode::kINTERNAL, "the addon cannot attach to this environment"});
    return nullptr;
  }
  const napi_property_descriptor properties[] = {
      {"version", nullptr, version, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"abiVersion", nullptr, abi_version, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"openWorker", nullptr, open_worker, nullptr, nullptr, nullptr, napi_enumerable,
       environment.get()},
      {"attach", nullptr, attach, nullptr, nullptr, nullptr, napi_enumerable, environment.get()},
      {"openBus", nullptr, open_bus, nullptr, nullptr, nullptr, napi_enumerable, environment.get()},
      {"checkTemplate", nullptr, check_template, nullptr, nullptr, nullptr, napi_enumerable,
       nullptr},
      {"log", nullptr, log, nullptr, nullptr, nullptr, napi_enumerable, environment.get()},
  };
  if (napi_define_properties(env, exports, std::size(properties), properties) != napi_ok) {
    throw_error(env, {ErrorCode::kINTERNAL, "the addon's functions cannot be defined"});
    return nullptr;
  }
  return exports;
}

}  // namespace

}  // namespace tasker::node

extern "C" __attribute__((visibility("default"))) napi_value tasker_node_init(napi_env env,
                                                                              napi_value exports) {
  return tasker::node::init(env, exports);
}
