#include "core/worker/transition_publisher.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/worker/json_writer.h"

namespace tasker::worker {
namespace {

using base::LogLevel;

// Records between the store writer and the publishing thread: some seconds of a busy worker.
constexpr std::size_t kWaitingMax = 262'144;
constexpr std::size_t kBatchesMax = 65'536;
constexpr std::int64_t kStopPatienceUs = 5'000'000;
constexpr std::int64_t kMicrosPerMs = 1'000;
constexpr TimeSpelling kTimes = TimeSpelling::kTaskResponse;

void append_step_members(JsonObject& object, const TransitionRecord& record) {
  const model::StepTemplate& step = record.task.compiled->stored.body.steps[record.template_step];
  object.uuid("step_uuid", base::derive_uuid(record.task.uuid, record.step));
  object.text("step_name", step.name);
  object.text("handler", step.handler.callable);
  object.number("attempt", record.attempt);
}

void append_own_members(JsonObject& object, const TransitionRecord& record) {
  const auto execution = [&] {
    object.number("execution_time_ms",
                  std::max<std::int64_t>(record.execution_us, 0) / kMicrosPerMs);
  };
  const auto error = [&] {
    object.raw("error", record.error_json.empty() ? "{}" : record.error_json);
  };
  switch (record.kind) {
    case Transition::kTaskCreated:
      return object.number("step_count", record.count);
    case Transition::kTaskRetried:
      return object.number("steps_retried", record.count);
    case Transition::kStepCreated:
      return object.text("state", model::state_name(record.state));
    case Transition::kStepCheckpointed:
      return object.number("items_processed", record.count);
    case Transition::kStepCompleted:
    case Transition::kStepTimedOut:
      return execution();
    case Transition::kStepWaitingForRetry:
      execution();
      object.time("retry_at", record.retry_at_us, kTimes);
      return error();
    case Transition::kStepFailed:
      execution();
      return error();
    default:
      return;
  }
}

}  // namespace

std::string transition_payload(const TransitionRecord& record, std::string_view worker_id) {
  const model::TaskTemplate& body = record.task.compiled->stored.body;
  std::string out;
  JsonObject object(out);
  object.number("sequence", record.sequence);
  object.time("at", record.at_us, kTimes);
  object.text("worker_id", worker_id);
  object.uuid("task_uuid", record.task.uuid);
  object.uuid("correlation_id", record.task.correlation_id);
  object.text("namespace", body.namespace_name);
  object.text("task_name", body.name);
  object.text("version", body.version);
  if (is_of_step(record.kind)) append_step_members(object, record);
  append_own_members(object, record);
  object.close();
  return out;
}

class TransitionPublisher::Publishing : public events::ActorBehaviour<Batch> {
 public:
  explicit Publishing(TransitionPublisher& publisher) : publisher_(publisher) {}
  base::Status receive(Batch batch) override { return publisher_.publish(std::move(batch)); }

 private:
  TransitionPublisher& publisher_;
};

TransitionPublisher::TransitionPublisher(events::EventBus& bus, std::string worker_id,
                                         base::Logger& logger, const base::Clock& clock)
    : bus_(bus), worker_id_(std::move(worker_id)), logger_(logger), clock_(clock) {
  for (std::size_t i = 0; i < kTransitionCount; ++i) {
    const auto transition = static_cast<Transition>(i);
    auto type = bus_.register_own_event(transition_name(transition), transition_schema(transition));
    types_[i] = type.value();
  }
}

bool TransitionPublisher::wanted() const {
  return std::ranges::any_of(types_,
                             [](const events::EventType* type) { return type->has_subscribers(); });
}

void TransitionPublisher::lose(std::size_t count) {
  const std::uint64_t before = lost_.fetch_add(count);
  if (std::bit_width(before) == std::bit_width(before + count)) return;
  logger_.log(LogLevel::kWarn, "worker", "transitions were not published",
              {{"lost", static_cast<std::int64_t>(before + count)}});
}

void TransitionPublisher::note_lost() {
  ++sequence_;
  lose(1);
}

bool TransitionPublisher::start() {
  if (actor_) return true;
  events::ActorOptions options;
  options.name = "transitions";
  options.mailbox = {.capacity = kBatchesMax, .full = events::FullPolicy::kRefuse};
  auto actor = events::Actor<Batch>::start(
      std::move(options), [this] { return std::make_unique<Publishing>(*this); }, clock_);
  if (!actor) return false;
  actor_ = std::move(*actor);
  return true;
}

void TransitionPublisher::flush() {
  if (noted_.empty()) return;
  for (TransitionRecord& record : noted_) record.sequence = ++sequence_;
  const std::size_t count = noted_.size();
  bool has_room = start();
  if (has_room) {
    base::Lock lock(mutex_);
    has_room = waiting_ + count <= kWaitingMax;
    if (has_room) waiting_ += count;
  }
  if (has_room && actor_->send(std::exchange(noted_, {})) == events::ChannelStatus::kOk) return;
  if (has_room) {
    base::Lock lock(mutex_);
    waiting_ -= count;
  }
  noted_.clear();
  lose(count);
}

base::Status TransitionPublisher::publish(Batch batch) {
  struct Done {
    TransitionPublisher& publisher;
    const std::size_t count;
    ~Done() {
      base::Lock lock(publisher.mutex_);
      publisher.waiting_ -= count;
      publisher.idle_.notify_all();
    }
  } done{*this, batch.size()};
  const std::stop_token stop = give_up_.get_token();
  for (const TransitionRecord& record : batch) {
    if (stop.stop_requested()) {
      lose(1);
      continue;
    }
    events::EventType& type = *types_[static_cast<std::size_t>(record.kind)];
    if (!type.has_subscribers()) continue;
    const auto published =
        bus_.publish(type, transition_payload(record, worker_id_), {.stop = stop});
    if (published) {
      ++published_;
    } else {
      lose(1);
    }
  }
  return {};
}

void TransitionPublisher::stop() {
  if (!actor_) return;
  {
    base::Lock lock(mutex_);
    idle_.wait_for(mutex_, kStopPatienceUs,
                   [this]() TASKER_REQUIRES(mutex_) { return waiting_ == 0; });
  }
  give_up_.request_stop();
  (void)actor_->stop(events::kNever);
}

}  // namespace tasker::worker
