// Counts and latency histograms by handler and outcome, kept in memory.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"

namespace tasker::worker {

/// What became of an attempt.
enum class AttemptOutcome : std::uint8_t {
  kCompleted,
  kRetried,
  kFailed,
  kTimedOut,
  kCancelled,
  kLeaseLost,
  kHandedBack,
};
inline constexpr std::size_t kAttemptOutcomeCount = 7;
std::string_view attempt_outcome_name(AttemptOutcome outcome);

/// What became of a durable event that was handed to a subscriber.
enum class DeliveryOutcome : std::uint8_t { kAcknowledged, kRetried, kDead, kFenced };
inline constexpr std::size_t kDeliveryOutcomeCount = 4;

/// Durations in buckets whose upper bounds are powers of two of a microsecond: 1 µs to about 36
/// min, then the rest. Threads: any; a reader beside writers sees each value or not yet.
class Histogram {
 public:
  static constexpr std::size_t kBuckets = 32;

  void add(std::int64_t duration_us);
  std::uint64_t count() const;
  /// Upper bound of the bucket that holds the given share of the values, in microseconds; 0 when
  /// empty.
  std::int64_t quantile_us(double share) const;
  /// {"count","sum_seconds","p50_seconds","p99_seconds","buckets":[{"le_seconds","count"}]},
  /// cumulative.
  void append_json(std::string& out) const;

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> sum_us_{0};
};

/// The attempts of one handler. Threads: any.
class HandlerMetrics {
 public:
  void started(std::int64_t waited_us) { wait_.add(waited_us); }
  void ended(AttemptOutcome outcome, std::int64_t duration_us);
  void append_json(std::string& out) const;

 private:
  std::array<std::atomic<std::uint64_t>, kAttemptOutcomeCount> outcomes_{};
  Histogram duration_;
  Histogram wait_;
};

/// Threads: any.
class Metrics {
 public:
  /// The handler's own, which live as long as this: a step keeps them, so that counting its attempt
  /// needs no lock.
  HandlerMetrics& of(std::string_view handler);
  void commit(std::size_t operations, std::int64_t duration_us);
  void completion_refused();
  void checkpoint_stored();
  void domain_events(std::size_t published, std::size_t dropped);
  void domain_event_refused();
  void durable_events(std::size_t published);
  void delivery_ended(DeliveryOutcome outcome);
  void tasks_created(std::size_t count);
  void tasks_finished(std::size_t count);

  /// All of it as one JSON object; names as in Prometheus (base units, _total).
  std::string to_json() const;

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, HandlerMetrics, std::less<>> handlers_ TASKER_GUARDED_BY(mutex_);
  Histogram commit_ TASKER_GUARDED_BY(mutex_);
  std::uint64_t committed_operations_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t events_published_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t events_dropped_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t events_refused_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t durable_events_ TASKER_GUARDED_BY(mutex_) = 0;
  std::array<std::uint64_t, kDeliveryOutcomeCount> deliveries_ TASKER_GUARDED_BY(mutex_){};
  std::uint64_t checkpoints_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t refused_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t created_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t finished_ TASKER_GUARDED_BY(mutex_) = 0;
};

}  // namespace tasker::worker
