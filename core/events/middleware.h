// Middleware that most need. Each is made once and used for every publish.
#pragma once

#include "core/base/clock.h"
#include "core/events/event.h"

namespace tasker::events {

/// Lets through what `keep` is true for.
Middleware filter_events(std::function<bool(const Event&)> keep);

/// Exchanges the payload for what `enrich` makes of it; its error is the publisher's.
Middleware enrich_events(std::function<base::Result<std::string>(const Event&)> enrich);

/// Tells `sink` how many microseconds the rest of the way took, failed or not. `clock` outlives it.
Middleware time_events(const base::Clock& clock,
                       std::function<void(const Event&, std::int64_t duration_us)> sink);

/// Lets through the first of every `every` publishes, 1 or more; 0 is taken as 1.
Middleware sample_events(std::uint64_t every);

}  // namespace tasker::events
