// What the methods of this door's objects are made of: failures that are thrown, and common values.
#pragma once

#include <node_api.h>

#include <functional>
#include <string>

#include "core/base/result.h"
#include "doors/node/call.h"

namespace tasker::node {

/// The one place where a method's failure becomes an exception, and where no C++ exception gets
/// past. A body gives a value, null for undefined.
napi_value guarded(napi_env env, const std::function<base::Result<napi_value>()>& body);

base::Result<napi_value> text_value(const Call& call, base::Result<std::string> text);
base::Result<napi_value> null_value(const Call& call);
base::Result<napi_value> undefined_or(const base::Status& status);
base::Result<napi_value> count_or(const Call& call, const base::Result<std::uint32_t>& count);

}  // namespace tasker::node
