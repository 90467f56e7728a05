// The JavaScript object around a worker: one method for each of the core's.
#pragma once

#include <node_api.h>

#include <memory>

#include "doors/node/environment.h"

namespace tasker::node {

/// Opens a worker from a JSON configuration and wraps it. Null with an exception pending.
napi_value open_worker(napi_env env, napi_callback_info info);

/// As open_worker, for `openBus(token)`.
napi_value open_bus(napi_env env, napi_callback_info info);

}  // namespace tasker::node
