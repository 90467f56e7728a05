#include "core/worker/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "core/base/json.h"

namespace tasker::worker {

using base::Lock;

std::string_view attempt_outcome_name(AttemptOutcome outcome) {
  switch (outcome) {
    case AttemptOutcome::kCompleted:
      return "completed";
    case AttemptOutcome::kRetried:
      return "retried";
    case AttemptOutcome::kFailed:
      return "failed";
    case AttemptOutcome::kTimedOut:
      return "timed_out";
    case AttemptOutcome::kCancelled:
      return "cancelled";
    case AttemptOutcome::kLeaseLost:
      return "lease_lost";
    case AttemptOutcome::kHandedBack:
      return "handed_back";
  }
  return "unknown";
}

void Histogram::add(std::int64_t duration_us) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration_us, 0));
  const auto bucket = value <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(value - 1));
  buckets_[std::min(bucket, kBuckets - 1)].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t count = 0;
  for (const auto& bucket : buckets_) count += bucket;
  return count;
}

std::int64_t Histogram::quantile_us(double share) const {
  const std::uint64_t all = count();
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(all));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen > wanted || (seen >= all && all > 0)) return std::int64_t{1} << bucket;
  }
  return 0;
}

void Histogram::append_json(std::string& out) const {
  constexpr double kSecond = 1e6;
  fmt::format_to(std::back_inserter(out),
                 R"({{"count":{},"sum_seconds":{},"p50_seconds":{},"p99_seconds":{},"buckets":[)",
                 count(), static_cast<double>(sum_us_) / kSecond,
                 static_cast<double>(quantile_us(0.5)) / kSecond,
                 static_cast<double>(quantile_us(0.99)) / kSecond);
  std::uint64_t seen = 0;
  bool first = true;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const std::uint64_t here = buckets_[bucket];
    if (here == 0) continue;
    seen += here;
    fmt::format_to(std::back_inserter(out), R"({}{{"le_seconds":{},"count":{}}})", first ? "" : ",",
                   static_cast<double>(std::int64_t{1} << bucket) / kSecond, seen);
    first = false;
  }
  out += "]}";
}

void HandlerMetrics::ended(AttemptOutcome outcome, std::int64_t duration_us) {
  outcomes_[static_cast<std::size_t>(outcome)].fetch_add(1, std::memory_order_relaxed);
  duration_.add(duration_us);
}

void HandlerMetrics::append_json(std::string& out) const {
  out += R"({"tasker_attempts_total":{)";
  for (std::size_t outcome = 0; outcome < kAttemptOutcomeCount; ++outcome)
    fmt::format_to(std::back_inserter(out), R"({}"{}":{})", outcome == 0 ? "" : ",",
                   attempt_outcome_name(static_cast<AttemptOutcome>(outcome)),
                   outcomes_[outcome].load());
  out += R"(},"tasker_step_duration_seconds":)";
  duration_.append_json(out);
  out += R"(,"tasker_dispatch_wait_seconds":)";
  wait_.append_json(out);
  out += '}';
}

HandlerMetrics& Metrics::of(std::string_view handler) {
  Lock lock(mutex_);
  const auto found = handlers_.find(handler);
  return found != handlers_.end() ? found->second
                                  : handlers_.try_emplace(std::string(handler)).first->second;
}

void Metrics::commit(std::size_t operations, std::int64_t duration_us) {
  Lock lock(mutex_);
  commit_.add(duration_us);
  committed_operations_ += operations;
}

void Metrics::completion_refused() {
  Lock lock(mutex_);
  ++refused_;
}

void Metrics::checkpoint_stored() {
  Lock lock(mutex_);
  ++checkpoints_;
}

void Metrics::domain_events(std::size_t published, std::size_t dropped) {
  Lock lock(mutex_);
  events_published_ += published;
  events_dropped_ += dropped;
}

void Metrics::domain_event_refused() {
  Lock lock(mutex_);
  ++events_refused_;
}

void Metrics::durable_events(std::size_t published) {
  Lock lock(mutex_);
  durable_events_ += published;
}

void Metrics::delivery_ended(DeliveryOutcome outcome) {
  Lock lock(mutex_);
  ++deliveries_[static_cast<std::size_t>(outcome)];
}

void Metrics::tasks_created(std::size_t count) {
  Lock lock(mutex_);
  created_ += count;
}

void Metrics::tasks_finished(std::size_t count) {
  Lock lock(mutex_);
  finished_ += count;
}

std::string Metrics::to_json() const {
  Lock lock(mutex_);
  std::string out = fmt::format(
      R"({{"tasker_tasks_created_total":{},"tasker_tasks_finished_total":{},)"
      R"("tasker_completions_refused_total":{},"tasker_checkpoints_stored_total":{},)"
      R"("tasker_domain_events_published_total":{},"tasker_domain_events_dropped_total":{},)"
      R"("tasker_domain_events_refused_total":{},"tasker_durable_events_written_total":{},)"
      R"("tasker_deliveries_total":{{"acknowledged":{},"retried":{},"dead":{},"fenced":{}}},)"
      R"("tasker_store_operations_total":{},"tasker_store_commit_seconds":)",
      created_, finished_, refused_, checkpoints_, events_published_, events_dropped_,
      events_refused_, durable_events_, deliveries_[0], deliveries_[1], deliveries_[2],
      deliveries_[3], committed_operations_);
  commit_.append_json(out);
  out += R"(,"handlers":{)";
  bool first = true;
  for (const auto& [name, metrics] : handlers_) {
    if (!first) out += ',';
    first = false;
    base::append_json_string(out, name);
    out += ':';
    metrics.append_json(out);
  }
  out += "}}";
  return out;
}

}  // namespace tasker::worker
