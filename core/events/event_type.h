// A registered event: its name, what its payload has to look like, and who gets it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json_schema.h"
#include "core/base/mutex.h"
#include "core/events/subscription.h"

namespace tasker::events {

/// The way of one event's publishes, in order. Never changed: another one takes its place.
struct EventPlan {
  std::vector<std::shared_ptr<const Middleware>> middleware;
  std::vector<std::shared_ptr<const Subscriber>> subscribers;
};

struct EventCounters {
  std::uint64_t published = 0;  ///< asked for, whatever became of them
  std::uint64_t refused =
      0;  ///< payload that does not fit, middleware that failed, nested too deep
  std::uint64_t filtered = 0;  ///< not let through by middleware
};

/// Lives as long as its bus. Threads: any.
class EventType {
 public:
  /// `schema`: what `schema_text` says; left out, it is compiled when a payload is first checked.
  EventType(std::string name, std::string schema_text, std::optional<base::JsonSchema> schema)
      : name_(std::move(name)),
        schema_text_(std::move(schema_text)),
        has_compiled_(schema.has_value()),
        schema_(std::move(schema)) {}
  EventType(const EventType&) = delete;
  EventType& operator=(const EventType&) = delete;

  const std::string& name() const { return name_; }
  const std::string& schema_text() const { return schema_text_; }

  /// INVALID_ARGUMENT, whose field is the place in the payload, when it does not fit the schema.
  base::Status check_payload(std::string_view payload) const;

  EventCounters counters() const TASKER_EXCLUDES(mutex_) {
    base::Lock lock(mutex_);
    return {.published = published_, .refused = refused_, .filtered = filtered_};
  }

  /// Whether a publish would reach anybody: for publishers who would rather not make a payload for
  /// nobody.
  bool has_subscribers() const { return has_subscribers_.load(std::memory_order_relaxed); }

  /// For a publish: counts it, and gives the plan that it keeps to.
  std::shared_ptr<const EventPlan> begin_publish() TASKER_EXCLUDES(mutex_) {
    base::Lock lock(mutex_);
    ++published_;
    return plan_;
  }
  void count_refused() { ++refused_; }
  void count_filtered() { ++filtered_; }

  /// Returns the plan before, whose end may run code of listeners.
  std::shared_ptr<const EventPlan> exchange_plan(std::shared_ptr<const EventPlan> plan)
      TASKER_EXCLUDES(mutex_) {
    base::Lock lock(mutex_);
    plan_.swap(plan);
    // Relaxed: who subscribes while something is published gets the next event at the latest.
    has_subscribers_.store(!plan_->subscribers.empty(), std::memory_order_relaxed);
    return plan;
  }

 private:
  base::Status compile() const TASKER_EXCLUDES(mutex_);

  const std::string name_;
  const std::string schema_text_;
  mutable std::atomic<bool> has_compiled_;
  mutable std::optional<base::JsonSchema> schema_;  // not changed any more once has_compiled_
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> filtered_{0};
  std::atomic<bool> has_subscribers_{false};

  mutable base::Mutex mutex_;
  std::shared_ptr<const EventPlan> plan_ TASKER_GUARDED_BY(mutex_) =
      std::make_shared<const EventPlan>();
  std::uint64_t published_ TASKER_GUARDED_BY(mutex_) = 0;
};

}  // namespace tasker::events
