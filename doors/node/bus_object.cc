#include "doors/node/bus_object.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "doors/node/call.h"
#include "doors/node/method.h"

namespace tasker::node {

using base::ErrorCode;
using base::fail;
using base::Result;
using worker::BusPort;

namespace {

constexpr napi_type_tag kBusTag = {0x7461736b65722d62, 0x75732d2d2d2d3031};
constexpr std::int64_t kPollMax = 4'096;
constexpr std::int64_t kNumberMax = (std::int64_t{1} << 53) - 1;
constexpr std::int64_t kDepthArgumentMax = 4'294'967'295;

/// What a wrapped object owns.
struct BusObject {
  std::shared_ptr<Environment> environment;
  std::shared_ptr<BusPort> port;  // null when closed
  napi_env env = nullptr;
  napi_ref on_wakeup = nullptr;
  std::string text;  // kept, so that polling allocates once
};

// Shared, so that a wake-up on its way finds out that the object is gone.
using Kept = std::shared_ptr<BusObject>;

void drop_wakeup(BusObject& object) {
  if (!object.on_wakeup) return;
  (void)napi_delete_reference(object.env, std::exchange(object.on_wakeup, nullptr));
  object.environment->let_go();
}

void close_port(BusObject& object) {
  const std::shared_ptr<BusPort> port = std::exchange(object.port, nullptr);
  if (!port) return;
  port->set_wakeup({});
  object.environment->remove(port);
  drop_wakeup(object);
  port->close();
}

void finalize(napi_env, void* data, void*) {
  const std::unique_ptr<Kept> kept(static_cast<Kept*>(data));
  close_port(**kept);
}

Result<Kept> receiver(const Call& call) {
  bool tagged = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(call.env(), call.receiver(), &kBusTag, &tagged) != napi_ok ||
      !tagged || napi_unwrap(call.env(), call.receiver(), &data) != napi_ok)
    return fail(ErrorCode::kINVALID_ARGUMENT, "this method was called on something that is no bus",
                "this");
  return *static_cast<Kept*>(data);
}

using Method = Result<napi_value> (*)(const Call&, const Kept&);

struct MethodEntry {
  const char* name;
  Method body;
};

napi_value call_method(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> Result<napi_value> {
    void* data = nullptr;
    (void)napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
    const auto* entry = static_cast<const MethodEntry*>(data);
    const Call call(env, info, entry->name);
    const auto object = receiver(call);
    if (!object) return fail(object.error());
    return entry->body(call, *object);
  });
}

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

void call_wakeup(napi_env env, const BusObject& object) {
  napi_value function = nullptr;
  napi_value undefined = nullptr;
  if (!object.on_wakeup || napi_get_reference_value(env, object.on_wakeup, &function) != napi_ok ||
      !function || napi_get_undefined(env, &undefined) != napi_ok)
    return;
  (void)napi_call_function(env, undefined, function, 0, nullptr, nullptr);
}

Result<napi_value> set_wakeup(const Call& call, const Kept& object) {
  const auto port = port_of(object);
  if (!port) return fail(port.error());
  const auto function = call.function_or_null(0, "onWakeup");
  if (!function) return fail(function.error());
  (*port)->set_wakeup({});
  drop_wakeup(*object);
  if (!*function) return nullptr;
  if (napi_create_reference(call.env(), *function, 1, &object->on_wakeup) != napi_ok)
    return fail(ErrorCode::kINTERNAL, "the wake-up function cannot be kept");
  object->environment->hold();
  const std::weak_ptr<Environment> environment = object->environment;
  (*port)->set_wakeup([environment, weak = std::weak_ptr<BusObject>(object)] {
    if (const auto alive = environment.lock())
      alive->post([weak](napi_env env) {
        if (const Kept kept = weak.lock()) call_wakeup(env, *kept);
      });
  });
  return nullptr;
}

// A publish that waits ends at once, so that this waits for nobody; the promise is for the other
// door's sake.
Result<napi_value> close(const Call& call, const Kept& object) {
  close_port(*object);
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  napi_value undefined = nullptr;
  if (napi_create_promise(call.env(), &deferred, &promise) != napi_ok ||
      napi_get_undefined(call.env(), &undefined) != napi_ok ||
      napi_resolve_deferred(call.env(), deferred, undefined) != napi_ok)
    return nullptr;
  return promise;
}

constexpr MethodEntry kMethods[] = {
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
  napi_value value = nullptr;
  bool made = napi_create_object(env, &value) == napi_ok &&
              napi_type_tag_object(env, value, &kBusTag) == napi_ok;
  for (const MethodEntry& method : kMethods) {
    napi_value function = nullptr;
    made = made &&
           napi_create_function(env, method.name, NAPI_AUTO_LENGTH, call_method,
                                const_cast<MethodEntry*>(&method), &function) == napi_ok &&
           napi_set_named_property(env, value, method.name, function) == napi_ok;
  }
  auto object = std::make_shared<BusObject>();
  object->environment = environment;
  object->env = env;
  auto kept = std::make_unique<Kept>(object);
  if (!made || napi_wrap(env, value, kept.get(), finalize, nullptr, nullptr) != napi_ok)
    return fail(ErrorCode::kINTERNAL, "the bus object cannot be made");
  (void)kept.release();  // finalize() frees it
  object->port = std::move(port);
  environment->add(object->port);
  return value;
}

}  // namespace tasker::node
