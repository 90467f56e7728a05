#include "doors/node/method.h"

#include <exception>
#include <new>

namespace tasker::node {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

napi_value guarded(napi_env env, const std::function<Result<napi_value>()>& body) {
  try {
    auto value = body();
    if (value) return *value;
    throw_error(env, value.error());
  } catch (const std::bad_alloc&) {
    throw_error(env, {ErrorCode::kTOO_LARGE, "out of memory"});
  } catch (const std::exception& exception) {
    throw_error(env, {ErrorCode::kINTERNAL, exception.what()});
  }
  return nullptr;
}

Result<napi_value> text_value(const Call& call, Result<std::string> text) {
  if (!text) return fail(text.error());
  return make_string(call.env(), *text);
}

Result<napi_value> null_value(const Call& call) {
  napi_value null = nullptr;
  (void)napi_get_null(call.env(), &null);
  return null;
}

Result<napi_value> undefined_or(const Status& status) {
  if (!status) return fail(status.error());
  return nullptr;
}

Result<napi_value> count_or(const Call& call, const Result<std::uint32_t>& count) {
  if (!count) return fail(count.error());
  napi_value value = nullptr;
  (void)napi_create_uint32(call.env(), *count, &value);
  return value;
}

}  // namespace tasker::node
