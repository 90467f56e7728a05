// A store that notes when the commit that claimed steps has returned: the moment from which
// claim-to-handler latency counts. Everything else is passed on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/store/store.h"

namespace tasker::bench {

/// Steady-clock nanoseconds at which the last commit with claims returned; 0 before the first.
using ClaimStamp = std::atomic<std::int64_t>;

std::int64_t steady_now_ns();

/// Threads: as `inner`; the stamp is read from any thread.
std::unique_ptr<store::Store> make_timing_store(std::unique_ptr<store::Store> inner,
                                                std::shared_ptr<ClaimStamp> stamp);

}  // namespace tasker::bench
