#include "doors/node/step_methods.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "core/worker/door_documents.h"
#include "core/worker/json_writer.h"

namespace tasker::node {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::uint32_t kHandlersMax = 100'000;

tl::unexpected<base::Error> refuse(std::string_view field, std::string_view given,
                                   std::string_view expected) {
  return fail(ErrorCode::kINVALID_ARGUMENT,
              fmt::format("{} is {}; expected {}", field, given, expected), std::string(field));
}

/// A member of an object; null when it is undefined.
napi_value member(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  napi_valuetype type = napi_undefined;
  if (napi_get_named_property(env, object, name, &value) != napi_ok ||
      napi_typeof(env, value, &type) != napi_ok || type == napi_undefined)
    return nullptr;
  return value;
}

Result<std::string> text_of(napi_env env, napi_value value, std::string_view field) {
  auto text = value ? read_text(env, value) : std::nullopt;
  if (!text) return refuse(field, value ? "no string" : "undefined", "a string");
  return std::move(*text);
}

Result<std::optional<std::uint32_t>> number_of(napi_env env, napi_value value,
                                               std::string_view field) {
  if (!value) return std::optional<std::uint32_t>();
  constexpr double kMax = 4'294'967'295.0;
  double number = -1;
  if (napi_get_value_double(env, value, &number) != napi_ok || std::trunc(number) != number ||
      number < 0 || number > kMax)
    return refuse(field, number < 0 ? "no whole number" : fmt::format("{}", number),
                  "a whole number");
  return std::optional(static_cast<std::uint32_t>(number));
}

Result<worker::Executor> executor_of(const std::string& name, std::string_view field) {
  const auto executor = worker::parse_executor(name);
  if (!executor)
    return refuse(field, fmt::format("\"{}\"", base::shown(name)), "main, threads or process");
  return *executor;
}

Result<worker::HandlerSpec> handler_of(napi_env env, napi_value value, std::uint32_t index) {
  const std::string path = fmt::format("callables[{}]", index);
  napi_valuetype type = napi_undefined;
  (void)napi_typeof(env, value, &type);
  if (type == napi_string) {
    auto name = text_of(env, value, path);
    if (!name) return fail(name.error());
    return worker::HandlerSpec::named(std::move(*name));
  }
  if (type != napi_object) return refuse(path, "neither", "a string or an object");
  worker::HandlerSpec spec;
  auto name = text_of(env, member(env, value, "name"), path + ".name");
  if (!name) return fail(name.error());
  spec.name = std::move(*name);
  if (const napi_value given = member(env, value, "executor")) {
    const auto text = text_of(env, given, path + ".executor");
    if (!text) return fail(text.error());
    const auto executor = executor_of(*text, path + ".executor");
    if (!executor) return fail(executor.error());
    spec.executor = *executor;
  }
  if (const napi_value given = member(env, value, "why")) {
    auto why = text_of(env, given, path + ".why");
    if (!why) return fail(why.error());
    spec.why = std::move(*why);
  }
  const auto limit = number_of(env, member(env, value, "maxConcurrent"), path + ".maxConcurrent");
  if (!limit) return fail(limit.error());
  const auto deadline = number_of(env, member(env, value, "deadlineMs"), path + ".deadlineMs");
  if (!deadline) return fail(deadline.error());
  spec.concurrent_max = *limit;
  spec.deadline_ms = *deadline;
  return spec;
}

}  // namespace

Result<std::vector<base::Uuid>> uuids_argument(const Call& call, std::size_t index,
                                               std::string_view name) {
  const auto texts = call.texts(index, name);
  if (!texts) return fail(texts.error());
  std::vector<base::Uuid> ids;
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const auto id = base::parse_uuid((*texts)[i]);
    if (!id)
      return refuse(fmt::format("{}[{}]", name, i), fmt::format("\"{}\"", base::shown((*texts)[i])),
                    "a UUID");
    ids.push_back(*id);
  }
  return ids;
}

Result<worker::Executor> executor_argument(const Call& call, std::size_t index) {
  const auto name = call.text(index, "executor");
  if (!name) return fail(name.error());
  return executor_of(*name, "executor");
}

Result<std::vector<worker::HandlerSpec>> handlers_argument(const Call& call, std::size_t index) {
  const napi_env env = call.env();
  const napi_value array = call.value(index);
  bool is_array = false;
  std::uint32_t length = 0;
  if (!array || napi_is_array(env, array, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, array, &length) != napi_ok || length > kHandlersMax)
    return refuse("callables", "something else", "an array of at most 100000 names and objects");
  std::vector<worker::HandlerSpec> handlers;
  for (std::uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    if (napi_get_element(env, array, i, &element) != napi_ok)
      return refuse(fmt::format("callables[{}]", i), "unreadable", "a string or an object");
    auto handler = handler_of(env, element, i);
    if (!handler) return fail(handler.error());
    handlers.push_back(std::move(*handler));
  }
  return handlers;
}

void write_step_events(std::string& text, const std::vector<worker::StepEvent>& events) {
  text = '[';
  for (const worker::StepEvent& event : events) {
    if (text.size() > 1) text += ',';
    worker::append_step_event_json(text, event);
  }
  text += ']';
}

Result<napi_value> notices_value(const Call& call, const std::vector<worker::Notice>& notices) {
  if (notices.empty()) return null_value(call);
  std::string text;
  worker::append_json_array(text, notices, [&](const worker::Notice& notice) {
    worker::append_notice_json(text, notice);
  });
  return make_string(call.env(), text);
}

Environment::Settle text_settle(std::string text) {
  return [text = std::move(text)](napi_env env) { return make_string(env, text); };
}

Result<Checkpoint> read_checkpoint(const Call& call) {
  auto event_id = call.uuid(0, "eventId");
  if (!event_id) return fail(event_id.error());
  auto json = call.text(1, "checkpointJson");
  if (!json) return fail(json.error());
  return Checkpoint{*event_id, std::move(*json)};
}

}  // namespace tasker::node
