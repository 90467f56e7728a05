// The JavaScript object around an attachment: one method for each of the core's.
#pragma once

#include <node_api.h>

namespace tasker::node {

/// Attaches this environment's thread to a worker of the process and wraps the attachment. Null
/// with an exception pending.
napi_value attach(napi_env env, napi_callback_info info);

}  // namespace tasker::node
