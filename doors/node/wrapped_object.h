// What the JavaScript objects of this door have in common: methods, an end, and a wake-up.
#pragma once

#include <fmt/format.h>
#include <node_api.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "core/base/result.h"
#include "doors/node/call.h"
#include "doors/node/environment.h"
#include "doors/node/method.h"

namespace tasker::node {

/// What a wrapped object owns besides its own. A derived Object has
///   static constexpr napi_type_tag kTag;
///   static constexpr const char* kWhat;  // "a worker", for messages
///   base::Status check() const;          // before each method
///   void end();                          // when JavaScript has let go of it
/// Threads: the environment's own.
struct WrappedObject {
  std::shared_ptr<Environment> environment;
  napi_env env = nullptr;
  napi_ref on_wakeup = nullptr;

  /// Keeps `function`, and the event loop alive with it.
  base::Status keep_wakeup(napi_value function);
  void call_wakeup() const;
  void drop_wakeup();
};

/// A method: gets the object, returns a value (null for undefined) or an error that is thrown.
template <class Object>
struct MethodEntry {
  const char* name;
  base::Result<napi_value> (*body)(const Call&, const std::shared_ptr<Object>&);
};

/// The object that a method was called on.
template <class Object>
base::Result<std::shared_ptr<Object>> receiver(const Call& call) {
  bool tagged = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(call.env(), call.receiver(), &Object::kTag, &tagged) != napi_ok ||
      !tagged || napi_unwrap(call.env(), call.receiver(), &data) != napi_ok)
    return base::fail(
        base::ErrorCode::kINVALID_ARGUMENT,
        fmt::format("this method was called on something that is not {}", Object::kWhat), "this");
  return *static_cast<std::shared_ptr<Object>*>(data);
}

template <class Object>
napi_value call_method(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> base::Result<napi_value> {
    void* data = nullptr;
    (void)napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
    const auto* entry = static_cast<const MethodEntry<Object>*>(data);
    const Call call(env, info, entry->name);
    const auto object = receiver<Object>(call);
    if (!object) return base::fail(object.error());
    if (auto usable = (*object)->check(); !usable) return base::fail(usable.error());
    return entry->body(call, *object);
  });
}

/// A JavaScript object around `object`, with `methods`, which live as long as the addon. It is
/// shared, so that a wake-up on its way finds out that it is gone.
template <class Object, std::size_t kCount>
base::Result<napi_value> wrap(napi_env env, const std::shared_ptr<Object>& object,
                              const MethodEntry<Object> (&methods)[kCount]) {
  napi_value value = nullptr;
  bool made = napi_create_object(env, &value) == napi_ok &&
              napi_type_tag_object(env, value, &Object::kTag) == napi_ok;
  for (const MethodEntry<Object>& method : methods) {
    napi_value function = nullptr;
    made = made &&
           napi_create_function(env, method.name, NAPI_AUTO_LENGTH, call_method<Object>,
                                const_cast<MethodEntry<Object>*>(&method), &function) == napi_ok &&
           napi_set_named_property(env, value, method.name, function) == napi_ok;
  }
  const auto finalize = [](napi_env, void* data, void*) {
    const std::unique_ptr<std::shared_ptr<Object>> kept(
        static_cast<std::shared_ptr<Object>*>(data));
    (*kept)->end();
  };
  auto kept = std::make_unique<std::shared_ptr<Object>>(object);
  if (!made || napi_wrap(env, value, kept.get(), finalize, nullptr, nullptr) != napi_ok)
    return base::fail(base::ErrorCode::kINTERNAL,
                      fmt::format("{} cannot be made into an object", Object::kWhat));
  (void)kept.release();  // finalize frees it
  return value;
}

/// setWakeup(function | null): the function is called on the loop when `source`, the object's own,
/// announces something.
template <class Object, class Source>
base::Result<napi_value> set_wakeup_of(const Call& call, const std::shared_ptr<Object>& object,
                                       Source& source) {
  const auto set = [&source](std::function<void()> on_wakeup) -> base::Status {
    if constexpr (std::is_void_v<decltype(source.set_wakeup({}))>) {
      source.set_wakeup(std::move(on_wakeup));
      return {};
    } else {
      return source.set_wakeup(std::move(on_wakeup));
    }
  };
  const auto function = call.function_or_null(0, "onWakeup");
  if (!function) return base::fail(function.error());
  if (auto removed = set({}); !removed) return base::fail(removed.error());
  object->drop_wakeup();
  if (!*function) return nullptr;
  if (auto kept = object->keep_wakeup(*function); !kept) return base::fail(kept.error());
  const std::weak_ptr<Environment> environment = object->environment;
  auto is_set = set([environment, weak = std::weak_ptr<Object>(object)] {
    if (const auto alive = environment.lock())
      alive->post([weak](napi_env) {
        if (const auto kept = weak.lock()) kept->call_wakeup();
      });
  });
  if (!is_set) object->drop_wakeup();
  return undefined_or(is_set);
}

}  // namespace tasker::node
