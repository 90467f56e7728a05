#include "core/store/testing/fault_store.h"

#include <string>
#include <utility>

namespace tasker::store::testing {

FaultSchedule::FaultSchedule(FaultPlan plan) : plan_(std::move(plan)), random_(plan_.seed) {}

FaultSchedule::Verdict FaultSchedule::next_call() {
  Verdict verdict;
  bool delayed = false;
  {
    base::Lock lock(mutex_);
    const std::uint64_t call = ++calls_;
    const bool was_cut = cut_;
    cut_ = cut_ || (plan_.cut_at_call && call >= *plan_.cut_at_call);
    delayed = !was_cut && random_.unit() < plan_.delay_share;
    if (cut_) {
      verdict.error = base::Error{base::ErrorCode::kSTORE_UNAVAILABLE,
                                  "call " + std::to_string(call) + ": the store is cut off"};
      verdict.has_effect = !was_cut && plan_.cut_call_has_effect;
    } else if (!plan_.errors.empty() && random_.unit() < plan_.fail_share) {
      ++failures_;
      const base::ErrorCode code = plan_.errors[random_.below(plan_.errors.size())];
      verdict.error =
          base::Error{code, "call " + std::to_string(call) + ": a fault of the schedule"};
      verdict.has_effect = false;
    }
  }
  if (delayed && plan_.on_delay) plan_.on_delay();
  return verdict;
}

void FaultSchedule::cut() {
  base::Lock lock(mutex_);
  cut_ = true;
}

bool FaultSchedule::is_cut() const {
  base::Lock lock(mutex_);
  return cut_;
}

std::uint64_t FaultSchedule::calls() const {
  base::Lock lock(mutex_);
  return calls_;
}

std::uint64_t FaultSchedule::failures() const {
  base::Lock lock(mutex_);
  return failures_;
}

namespace {

/// The reading half of `Interface` (Reader or Store), each call under the schedule.
template <class Interface>
class FaultReads : public Interface {
 public:
  FaultReads(std::unique_ptr<Interface> inner, std::shared_ptr<FaultSchedule> schedule)
      : inner_(std::move(inner)), schedule_(std::move(schedule)) {}

  base::Result<StoredTemplate> find_template(std::string_view namespace_name, std::string_view name,
                                             std::string_view version) override {
    return guarded([&] { return inner_->find_template(namespace_name, name, version); });
  }
  base::Result<StoredTemplate> load_template(model::TemplateId id) override {
    return guarded([&] { return inner_->load_template(id); });
  }
  base::Result<std::vector<StoredTemplate>> list_templates() override {
    return guarded([&] { return inner_->list_templates(); });
  }
  base::Result<std::vector<HandlerRecord>> list_handlers() override {
    return guarded([&] { return inner_->list_handlers(); });
  }
  base::Result<TaskRecord> find_task(const base::Uuid& uuid) override {
    return guarded([&] { return inner_->find_task(uuid); });
  }
  base::Result<TaskHeader> load_task_header(model::TaskId id) override {
    return guarded([&] { return inner_->load_task_header(id); });
  }
  base::Result<TaskPage> list_tasks(const TaskFilter& filter) override {
    return guarded([&] { return inner_->list_tasks(filter); });
  }
  base::Result<std::optional<TaskRecord>> find_by_idempotency_key(std::string_view namespace_name,
                                                                  std::string_view name,
                                                                  std::string_view key) override {
    return guarded([&] { return inner_->find_by_idempotency_key(namespace_name, name, key); });
  }
  base::Result<std::vector<StepRecord>> list_steps(model::TaskId task, bool with_results) override {
    return guarded([&] { return inner_->list_steps(task, with_results); });
  }
  base::Result<StepRecord> load_step(model::StepKey step) override {
    return guarded([&] { return inner_->load_step(step); });
  }
  base::Result<std::vector<std::string>> load_results(
      model::TaskId task, std::span<const std::uint32_t> steps) override {
    return guarded([&] { return inner_->load_results(task, steps); });
  }
  base::Result<std::vector<AttemptRecord>> list_attempts(model::StepKey step) override {
    return guarded([&] { return inner_->list_attempts(step); });
  }
  base::Result<std::optional<CheckpointRecord>> load_checkpoint(model::StepKey step) override {
    return guarded([&] { return inner_->load_checkpoint(step); });
  }
  base::Result<std::vector<WorkerRecord>> list_workers() override {
    return guarded([&] { return inner_->list_workers(); });
  }
  base::Result<std::vector<LostClaim>> list_lost_claims(
      const std::function<bool(const WorkerRecord&)>& is_lost, std::uint32_t limit) override {
    return guarded([&] { return inner_->list_lost_claims(is_lost, limit); });
  }
  base::Result<std::optional<std::int64_t>> next_due() override {
    return guarded([&] { return inner_->next_due(); });
  }
  base::Result<std::uint64_t> revocations() override {
    return guarded([&] { return inner_->revocations(); });
  }
  base::Result<std::vector<bool>> holds_claims(model::WorkerId worker,
                                               std::span<const HeldClaim> claims) override {
    return guarded([&] { return inner_->holds_claims(worker, claims); });
  }
  base::Result<std::uint64_t> newest_event() override {
    return guarded([&] { return inner_->newest_event(); });
  }
  base::Result<StoredEvent> load_event(std::uint64_t number) override {
    return guarded([&] { return inner_->load_event(number); });
  }
  base::Result<std::vector<SubscriberRecord>> list_subscribers() override {
    return guarded([&] { return inner_->list_subscribers(); });
  }
  base::Result<DeadDeliveryPage> list_dead_deliveries(const DeadDeliveryFilter& filter) override {
    return guarded([&] { return inner_->list_dead_deliveries(filter); });
  }
  base::Result<StoreInfo> info() override {
    return guarded([&] { return inner_->info(); });
  }
  base::Result<std::vector<std::string>> check_integrity() override {
    return guarded([&] { return inner_->check_integrity(); });
  }

 protected:
  template <class Call>
  auto guarded(Call call) -> decltype(call()) {
    FaultSchedule::Verdict verdict = schedule_->next_call();
    if (!verdict.error) return call();
    if (verdict.has_effect) static_cast<void>(call());
    return base::fail(std::move(*verdict.error));
  }

  std::unique_ptr<Interface> inner_;
  std::shared_ptr<FaultSchedule> schedule_;
};

using FaultReader = FaultReads<Reader>;

class FaultStore final : public FaultReads<Store> {
 public:
  using FaultReads::FaultReads;

  base::Result<WriteOutcome> write(WriteBatch& batch) override {
    return guarded([&] { return inner_->write(batch); });
  }
  base::Result<PutTemplate> put_template(const model::TaskTemplate& body,
                                         std::int64_t now_us) override {
    return guarded([&] { return inner_->put_template(body, now_us); });
  }
  base::Result<model::WorkerId> register_worker(const WorkerInfo& info) override {
    return guarded([&] { return inner_->register_worker(info); });
  }
  base::Result<bool> renew_lease(model::WorkerId worker, std::int64_t expires_at_us) override {
    return guarded([&] { return inner_->renew_lease(worker, expires_at_us); });
  }
  base::Status unregister_worker(model::WorkerId worker) override {
    return guarded([&] { return inner_->unregister_worker(worker); });
  }
  base::Status describe_handlers(model::WorkerId worker, std::string_view handlers_json) override {
    return guarded([&] { return inner_->describe_handlers(worker, handlers_json); });
  }
  base::Status cancel_task(const base::Uuid& uuid, std::int64_t now_us) override {
    return guarded([&] { return inner_->cancel_task(uuid, now_us); });
  }
  base::Result<std::uint32_t> retry_task(const base::Uuid& uuid, std::int64_t now_us) override {
    return guarded([&] { return inner_->retry_task(uuid, now_us); });
  }
  base::Result<model::SubscriberId> put_subscriber(const SubscriberSettings& settings,
                                                   std::int64_t now_us) override {
    return guarded([&] { return inner_->put_subscriber(settings, now_us); });
  }
  base::Result<bool> acquire_subscriber(model::SubscriberId id, model::WorkerId worker,
                                        std::int64_t now_us) override {
    return guarded([&] { return inner_->acquire_subscriber(id, worker, now_us); });
  }
  base::Status release_subscriber(model::SubscriberId id, model::WorkerId worker,
                                  std::uint64_t seen) override {
    return guarded([&] { return inner_->release_subscriber(id, worker, seen); });
  }
  base::Status remove_subscriber(std::string_view name) override {
    return guarded([&] { return inner_->remove_subscriber(name); });
  }
  base::Result<std::uint64_t> retry_dead_deliveries(std::string_view subscriber,
                                                    std::optional<std::uint64_t> number) override {
    return guarded([&] { return inner_->retry_dead_deliveries(subscriber, number); });
  }
  base::Result<std::uint64_t> drop_dead_deliveries(std::string_view subscriber,
                                                   std::optional<std::uint64_t> number) override {
    return guarded([&] { return inner_->drop_dead_deliveries(subscriber, number); });
  }
  base::Result<RemovedEvents> remove_passed_events(std::int64_t before_us, std::uint64_t after,
                                                   std::uint32_t limit) override {
    return guarded([&] { return inner_->remove_passed_events(before_us, after, limit); });
  }
  base::Result<std::unique_ptr<Reader>> open_reader() override {
    base::Result<std::unique_ptr<Reader>> opened = guarded([&] { return inner_->open_reader(); });
    if (!opened) return opened;
    return std::unique_ptr<Reader>(std::make_unique<FaultReader>(std::move(*opened), schedule_));
  }
  base::Result<std::unique_ptr<ChangeWatch>> watch_changes() override {
    return guarded([&] { return inner_->watch_changes(); });
  }
};

}  // namespace

std::unique_ptr<Store> make_fault_store(std::unique_ptr<Store> inner,
                                        std::shared_ptr<FaultSchedule> schedule) {
  return std::make_unique<FaultStore>(std::move(inner), std::move(schedule));
}

}  // namespace tasker::store::testing
