// The workers of this process by their bus tokens, so that any of its threads can open a port with
// the text alone. The one thing that environments share.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/worker/worker.h"

namespace tasker::node {

/// The token of a worker, made when it is first asked for. Threads: any.
std::string bus_token(const std::shared_ptr<worker::Worker>& worker);

/// A port to the bus of the worker that has the token. NOT_FOUND, CLOSED. Threads: any.
base::Result<std::shared_ptr<worker::BusPort>> open_bus_port(std::string_view token);

}  // namespace tasker::node
