#include "core/events/middleware.h"

#include <algorithm>
#include <atomic>

namespace tasker::events {
namespace {

Event view(const Publication& publication) { return {publication.name(), publication.payload()}; }

}  // namespace

Middleware filter_events(std::function<bool(const Event&)> keep) {
  return [keep = std::move(keep)](Publication& publication, const Next& next) -> base::Status {
    if (!keep(view(publication))) return {};
    return next();
  };
}

Middleware enrich_events(std::function<base::Result<std::string>(const Event&)> enrich) {
  return [enrich = std::move(enrich)](Publication& publication, const Next& next) -> base::Status {
    auto payload = enrich(view(publication));
    if (!payload) return base::fail(std::move(payload.error()));
    publication.set_payload(std::move(*payload));
    return next();
  };
}

Middleware time_events(const base::Clock& clock,
                       std::function<void(const Event&, std::int64_t duration_us)> sink) {
  return
      [&clock, sink = std::move(sink)](Publication& publication, const Next& next) -> base::Status {
        const std::int64_t began_us = clock.monotonic_us();
        auto status = next();
        sink(view(publication), clock.monotonic_us() - began_us);
        return status;
      };
}

Middleware sample_events(std::uint64_t every) {
  // Shared by the copies of the function, which all count together.
  auto count = std::make_shared<std::atomic<std::uint64_t>>(0);
  return [count, every = std::max<std::uint64_t>(every, 1)](Publication&,
                                                            const Next& next) -> base::Status {
    if (count->fetch_add(1) % every != 0) return {};
    return next();
  };
}

}  // namespace tasker::events
