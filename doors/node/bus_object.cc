#include "doors/node/bus_object.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "doors/node/call.h"
#include "doors/node/method.h"
#include "doors/node/wrapped_object.h"

namespace tasker::node {

using base::ErrorCode;
using base::fail;
using base::Result;
using worker::BusPort;

namespace {

constexpr std::int64_t kPollMax = 4'096;
constexpr std::int64_t kNumberMax = (std::int64_t{1} << 53) - 1;
constexpr std::int64_t kDepthArgumentMax = 4'294'967'295;

struct BusObject : WrappedObject {
  static constexpr napi_type_tag kTag = {0x7461736b65722d62, 0x75732d2d2d2d3031};
  static constexpr const char* kWhat = "an event bus";

  std::shared_ptr<BusPort> port;  // null when closed
  std::string text;               // kept, so that polling allocates once

  base::Status check() const { return {}; }
  void end() {
    const std::shared_ptr<BusPort> closing = std::exchange(port, nullptr);
    if (!closing) return;
    closing->set_wakeup({});
    environment->remove(closing);
    drop_wakeup();
    closing->close();
  }
};

using Kept = std::shared_ptr<BusObject>;

Result<BusPort*> port_of(const Kept& object) {
  if (object->port) return object->port.get();
  return fail(ErrorCode::kCLOSED, "the port of the event bus is closed");
}

Result<napi_value> number_value(const Call& call, Result<std::uint64_t> number) {
  if (!number) return fail(number.error());
  napi_value value = nullptr;
  (void)napi_create_int64(call.env(), static_cast<std::int64_t>(*number), &value);
  return value;
}

Result<std::uint64_t> subscription_argument(const Call& call) {
  const auto number = call.integer(0, "subscription", 0, kNumberMax);
  if (!number) return fail(number.error());
  return static_cast<std::uint64_t>(*number);
}

Result<napi_value> register_event(const Call& call, const Kept& object) {
  const auto port = port_of(object);
  if (!port) return fail(port.error());
  const auto name = call.text(0, "name");
  if (!name) return fail(name.error());
  const auto schema = call.text_or_null(1, "schemaJson");
  if (!schema) return fail(schema.error());
  return undefined_or((*port)->register_event(*name, schema->value_or("")));
}

Result<napi_value> list_events(const Call& call, const Kept& object) {
  const auto port = port_of(object);
  if (!port) return fail(port.error());
  return make_string(call.env(), (*port)->list_events_json());
}

Result<napi_value> publish(const Call& call, const Kept& object) {
  const auto port = port_of(object);
  if (!port) return fail(port.error());
  const auto name = call.text(0, "name");
  if (!name) return fail(name.error());
  const auto payload = call.text(1, "payloadJson");
  if (!payload) return fail(payload.error());
  const auto depth = call.integer(2, "depth", 0, kDepthArgumentMax);
  if (!depth) return fail(depth.error());
  return number_value(call,
                      (*port)->publish_begin(*name, *payload, static_cast<std::uint32_t>(*depth)));
}

Result<napi_value> subscribe(const Call& call, const Kept& object) {
  const auto port = port_of(object);
  if (!port) return fail(port.error());
  const auto pattern = call.text(0, "pattern");
  if (!pattern) return fail(pattern.error());
  const auto options = call.text_or_null(1, "optionsJson");
  if (!options) return fail(options.error());
  return number_value(call, (*port)->subscribe(*pattern, options->value_or("")));
}

Result<napi_value> unsubscribe(const Call& call, const Kept& object) {
  const auto port = port_of(object);
  if (!port) return fail(port.error());
  const auto subscription = subscription_argument(call);
  if (!subscription) return fail(subscription.error());
  return undefined_or((*port)->unsubscribe(*subscription));
}

Result<napi_value> subscription(const Call& call, const Kept& object) {
  const auto port = port_of(object);
  if (!port) return fail(port.error());
  const auto number = subscription_argument(call);
  if (!number) return fail(number.error());
  const auto text = (*port)->subscription_json(*number);
  if (!text) return fail(text.error());
  return make_string(call.env(), *text);
}

Result<napi_value> poll(const Call& call, const Kept& object) {
  const auto port = port_of(object);
  if (!port) return fail(port.error());
  const auto max = call.integer(0, "max", 1, kPollMax);
  if (!max) return fail(max.error());
  const auto subscription = call.integer(1, "subscription", 0, kNumberMax);
  if (!subscription) return fail(subscription.error());
  object->text.clear();
  if ((*port)->poll(static_cast<std::size_t>(*max), static_cast<std::uint64_t>(*subscription),
                    object->text))
    return make_string(call.env(), object->text);
  return null_value(call);
}

Result<napi_value> set_wakeup(const Call& call, const Kept& object) {
  const auto port = port_of(object);
  if (!port) return fail(port.error());
  return set_wakeup_of(call, object, **port);
}

// A publish that waits ends at once, so that this waits for nobody; the promise is for the other
// door's sake.
Result<napi_value> close(const Call& call, const Kept& object) {
  object->end();
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  napi_value undefined = nullptr;
  if (napi_create_promise(call.env(), &deferred, &promise) != napi_ok ||
      napi_get_undefined(call.env(), &undefined) != napi_ok ||
      napi_resolve_deferred(call.env(), deferred, undefined) != napi_ok)
    return nullptr;
  return promise;
}

constexpr MethodEntry<BusObject> kMethods[] = {
    {"registerEvent", register_event},
    {"listEvents", list_events},
    {"publish", publish},
    {"subscribe", subscribe},
    {"unsubscribe", unsubscribe},
    {"subscription", subscription},
    {"poll", poll},
    {"setWakeup", set_wakeup},
    {"close", close},
};

}  // namespace

Result<napi_value> make_bus_object(napi_env env, const std::shared_ptr<Environment>& environment,
                                   std::shared_ptr<BusPort> port) {
  auto object = std::make_shared<BusObject>();
  object->environment = environment;
  object->env = env;
  auto value = wrap(env, object, kMethods);
  if (!value) return value;
  object->port = std::move(port);
  environment->add(object->port);
  return value;
}

}  // namespace tasker::node
