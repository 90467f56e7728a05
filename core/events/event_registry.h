// What is registered at a bus: events, subscribers, middleware. For each event it keeps ready who
// stands around its publish and who listens, so that a publish looks nothing up and shares nothing
// but a pointer.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/json_schema.h"
#include "core/base/mutex.h"
#include "core/events/event.h"
#include "core/events/event_type.h"
#include "core/events/subscription.h"

namespace tasker::events {

struct EventLimits {
  std::size_t events_max = 10'000;
  std::size_t subscribers_max = 10'000;
  std::size_t middleware_max = 1'000;
};

/// When a schema becomes one. What is not known to be one is compiled at once.
enum class SchemaUse : std::uint8_t { kCompileNow, kCompileWhenUsed };

/// Threads: any.
class EventRegistry {
 public:
  explicit EventRegistry(const EventLimits& limits) : limits_(limits) {}
  EventRegistry(const EventRegistry&) = delete;
  EventRegistry& operator=(const EventRegistry&) = delete;

  /// See EventBus::register_event.
  base::Result<EventType*> add_event(std::string_view name, std::string_view schema,
                                     SchemaUse use = SchemaUse::kCompileNow)
      TASKER_EXCLUDES(mutex_);
  /// NOT_FOUND, with the nearest name.
  base::Result<EventType*> find_event(std::string_view name) const TASKER_EXCLUDES(mutex_);
  std::vector<const EventType*> list_events() const TASKER_EXCLUDES(mutex_);

  /// INVALID_ARGUMENT, NOT_FOUND for a name that is not registered, FULL.
  base::Status add_subscriber(std::shared_ptr<const Subscriber> subscriber) TASKER_EXCLUDES(mutex_);
  /// Passed over when it is not here.
  void remove(const SubscriptionState& state) TASKER_EXCLUDES(mutex_);
  /// As add_subscriber.
  base::Status add_middleware(std::string_view pattern, Middleware middleware)
      TASKER_EXCLUDES(mutex_);

  std::vector<std::shared_ptr<const Subscriber>> list_subscribers() const TASKER_EXCLUDES(mutex_);

 private:
  struct PatternMiddleware {
    std::string pattern;
    std::shared_ptr<const Middleware> middleware;
  };

  EventType* find_locked(std::string_view name) const TASKER_REQUIRES(mutex_);
  base::Status check_pattern_locked(std::string_view pattern) const TASKER_REQUIRES(mutex_);
  std::shared_ptr<const EventPlan> plan_for(std::string_view name) const TASKER_REQUIRES(mutex_);
  /// The plans that were replaced are in `replaced`, to be let go when the lock is free: listeners
  /// may be destroyed with them.
  void update_plans(std::string_view pattern,
                    std::vector<std::shared_ptr<const EventPlan>>& replaced)
      TASKER_REQUIRES(mutex_);

  const EventLimits limits_;

  mutable base::Mutex mutex_;
  std::map<std::string, std::unique_ptr<EventType>, std::less<>> events_ TASKER_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const Subscriber>> subscribers_ TASKER_GUARDED_BY(mutex_);
  std::vector<PatternMiddleware> middleware_ TASKER_GUARDED_BY(mutex_);
};

}  // namespace tasker::events
