// A worker's status and dispatch metrics as the contract's JSON documents (2.5, 2.6).
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/worker/json_writer.h"
#include "core/worker/worker_impl.h"

namespace tasker::worker {

namespace {

constexpr std::int64_t kMicrosPerMs = 1'000;
constexpr std::int64_t kStarvationUs = 10'000'000;  // contract, 1.6

/// The contract's words for the states of a worker (2.5).
std::string_view core_status(WorkerState state) {
  switch (state) {
    case WorkerState::kCreated:
      return "Created";
    case WorkerState::kRunning:
      return "Running";
    case WorkerState::kDraining:
      return "Stopping";
    case WorkerState::kStopped:
      return "Stopped";
    case WorkerState::kFailed:
      return R"(Error(\"failed\"))";
  }
  return "Stopped";
}

void append_attachments(std::string& out, const std::vector<ExecutorCounts::Attachment>& all) {
  append_json_array(out, all, [&](const ExecutorCounts::Attachment& one) {
    JsonObject object(out);
    object.number("id", one.id);
    object.text("name", one.name);
    object.number("held", one.held);
    object.flag("ended", one.ended);
    object.close();
  });
}

std::string executors_json(const std::array<ExecutorCounts, kExecutorCount>& counts) {
  std::string out = "{";
  for (const Executor executor : kExecutors) {
    const ExecutorCounts& one = counts[index_of(executor)];
    out += fmt::format(R"({}"{}":{{"room":{},"queued":{},"in_flight":{},"attachments":)",
                       out.size() > 1 ? "," : "", executor_name(executor), one.room, one.queued,
                       one.in_flight);
    append_attachments(out, one.attachments);
    out += '}';
  }
  return out + '}';
}

}  // namespace

std::string Worker::Impl::status_json() const {
  const DispatchCounts counts = dispatcher.counts(kStarvationUs);
  const TransitionCounters told = transitions.counters();
  const WorkerState now = state;
  const bool up = now != WorkerState::kStopped && now != WorkerState::kFailed;
  std::string out = fmt::format(R"({{"success":true,"running":{},"status":"{}","worker_id":)", up,
                                worker_state_name(now));
  base::append_json_string(out, name);
  out += R"(,"environment":"default","worker_core_status":")";
  out += core_status(now);
  out += R"(","web_api_enabled":false,"supported_namespaces":[)";
  for (std::size_t i = 0; i < config.namespaces.size(); ++i) {
    if (i > 0) out += ',';
    base::append_json_string(out, config.namespaces[i]);
  }
  out += R"(],"database_pool_size":2,"database_pool_idle":0,"store_path":)";
  base::append_json_string(out, config.store_path);
  out += fmt::format(
      R"(,"queued":{},"in_flight":{},"max_concurrent_handlers":{},"drain_timeout_ms":{})"
      R"(,"transitions_published":{},"transitions_lost":{},"executors":{}}})",
      counts.queued, counts.running, config.max_concurrent_handlers, config.drain_timeout_ms,
      told.published, told.lost, executors_json(dispatcher.executor_counts()));
  return out;
}

std::string Worker::Impl::metrics_json() const {
  std::string out = metrics.to_json();
  out.pop_back();
  out += R"(,"executors":{)";
  const auto counts = dispatcher.executor_counts();
  for (const Executor executor : kExecutors) {
    const ExecutorCounts& one = counts[index_of(executor)];
    out += fmt::format(R"({}"{}":{{"tasker_executor_room":{},"tasker_executor_queued":{},)"
                       R"("tasker_executor_in_flight":{},"tasker_executor_attachments":{}}})",
                       executor == Executor::kMain ? "" : ",", executor_name(executor), one.room,
                       one.queued, one.in_flight, one.attachments.size());
  }
  return out + "}}";
}

std::string Worker::Impl::dispatch_metrics_json() const {
  const DispatchCounts counts = dispatcher.counts(kStarvationUs);
  const auto age_ms = [](const std::optional<std::int64_t>& age_us) {
    return age_us ? std::to_string(*age_us / kMicrosPerMs) : std::string("null");
  };
  return fmt::format(
      R"({{"pending_count":{},"starvation_detected":{},"starving_event_count":{},)"
      R"("oldest_pending_age_ms":{},"newest_pending_age_ms":{},"oldest_event_id":{}}})",
      counts.running, counts.starving > 0, counts.starving, age_ms(counts.oldest_age_us),
      age_ms(counts.newest_age_us),
      counts.oldest_age_us ? fmt::format("\"{}\"", counts.oldest_event.text()) : "null");
}

void Worker::Impl::check_starvation_warnings() {
  for (const Dispatched& dispatched : dispatcher.newly_starving(kStarvationUs))
    logger->log(base::LogLevel::kWarn, "worker", "a step waits long for its completion",
                {{"handler", handler_of(dispatched)},
                 {"attempt", std::int64_t{dispatched.claim.attempt}},
                 {"running_ms", (clock->monotonic_us() - dispatched.started_us) / kMicrosPerMs}});
}

}  // namespace tasker::worker
