// The bus object of the addon: a thread's own port to the event bus of a worker.
#pragma once

#include <node_api.h>

#include <memory>

#include "core/worker/bus_port.h"
#include "doors/node/environment.h"

namespace tasker::node {

/// A JavaScript object around `port`; see NativeBus in frontends/typescript. It holds the port
/// until it is closed, collected, or its environment ends.
base::Result<napi_value> make_bus_object(napi_env env,
                                         const std::shared_ptr<Environment>& environment,
                                         std::shared_ptr<worker::BusPort> port);

}  // namespace tasker::node
