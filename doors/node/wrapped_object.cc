#include "doors/node/wrapped_object.h"

namespace tasker::node {

base::Status WrappedObject::keep_wakeup(napi_value function) {
  if (napi_create_reference(env, function, 1, &on_wakeup) != napi_ok)
    return base::fail(base::ErrorCode::kINTERNAL, "the wake-up function cannot be kept");
  environment->hold();
  return {};
}

void WrappedObject::call_wakeup() const {
  napi_value function = nullptr;
  napi_value undefined = nullptr;
  if (!on_wakeup || napi_get_reference_value(env, on_wakeup, &function) != napi_ok || !function ||
      napi_get_undefined(env, &undefined) != napi_ok)
    return;
  (void)napi_call_function(env, undefined, function, 0, nullptr, nullptr);
}

void WrappedObject::drop_wakeup() {
  if (!on_wakeup) return;
  (void)napi_delete_reference(env, std::exchange(on_wakeup, nullptr));
  environment->let_go();
}

}  // namespace tasker::node
