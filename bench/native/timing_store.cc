#include "bench/native/timing_store.h"

#include <chrono>
#include <utility>

namespace tasker::bench {
namespace {

using base::Result;
using base::Status;
using base::Uuid;

class TimingStore final : public store::Store {
 public:
  TimingStore(std::unique_ptr<store::Store> inner, std::shared_ptr<ClaimStamp> stamp)
      : inner_(std::move(inner)), stamp_(std::move(stamp)) {}

  Result<store::WriteOutcome> write(store::WriteBatch& batch) override {
    auto outcome = inner_->write(batch);
    if (outcome && !outcome->claims.empty()) stamp_->store(steady_now_ns());
    return outcome;
  }

  Result<PutTemplate> put_template(const model::TaskTemplate& body, std::int64_t now_us) override {
    return inner_->put_template(body, now_us);
  }
  Result<model::WorkerId> register_worker(const store::WorkerInfo& info) override {
    return inner_->register_worker(info);
  }
  Result<bool> renew_lease(model::WorkerId worker, std::int64_t expires_at_us) override {
    return inner_->renew_lease(worker, expires_at_us);
  }
  Status unregister_worker(model::WorkerId worker) override {
    return inner_->unregister_worker(worker);
  }
  Status describe_handlers(model::WorkerId worker, std::string_view handlers_json) override {
    return inner_->describe_handlers(worker, handlers_json);
  }
  Status cancel_task(const Uuid& uuid, std::int64_t now_us) override {
    return inner_->cancel_task(uuid, now_us);
  }
  Result<std::uint32_t> retry_task(const Uuid& uuid, std::int64_t now_us) override {
    return inner_->retry_task(uuid, now_us);
  }
  Result<model::SubscriberId> put_subscriber(const store::SubscriberSettings& settings,
                                             std::int64_t now_us) override {
    return inner_->put_subscriber(settings, now_us);
  }
  Result<bool> acquire_subscriber(model::SubscriberId id, model::WorkerId worker,
                                  std::int64_t now_us) override {
    return inner_->acquire_subscriber(id, worker, now_us);
  }
  Status release_subscriber(model::SubscriberId id, model::WorkerId worker,
                            std::uint64_t seen) override {
    return inner_->release_subscriber(id, worker, seen);
  }
  Status remove_subscriber(std::string_view name) override {
    return inner_->remove_subscriber(name);
  }
  Result<std::uint64_t> retry_dead_deliveries(std::string_view subscriber,
                                              std::optional<std::uint64_t> number) override {
    return inner_->retry_dead_deliveries(subscriber, number);
  }
  Result<std::uint64_t> drop_dead_deliveries(std::string_view subscriber,
                                             std::optional<std::uint64_t> number) override {
    return inner_->drop_dead_deliveries(subscriber, number);
  }
  Result<store::RemovedEvents> remove_passed_events(std::int64_t before_us, std::uint64_t after,
                                                    std::uint32_t limit) override {
    return inner_->remove_passed_events(before_us, after, limit);
  }
  Result<std::unique_ptr<store::Reader>> open_reader() override { return inner_->open_reader(); }
  Result<std::unique_ptr<store::ChangeWatch>> watch_changes() override {
    return inner_->watch_changes();
  }

  Result<store::StoredTemplate> find_template(std::string_view namespace_name,
                                              std::string_view name,
                                              std::string_view version) override {
    return inner_->find_template(namespace_name, name, version);
  }
  Result<store::StoredTemplate> load_template(model::TemplateId id) override {
    return inner_->load_template(id);
  }
  Result<std::vector<store::StoredTemplate>> list_templates() override {
    return inner_->list_templates();
  }
  Result<std::vector<store::HandlerRecord>> list_handlers() override {
    return inner_->list_handlers();
  }
  Result<store::TaskRecord> find_task(const Uuid& uuid) override { return inner_->find_task(uuid); }
  Result<store::TaskHeader> load_task_header(model::TaskId id) override {
    return inner_->load_task_header(id);
  }
  Result<store::TaskPage> list_tasks(const store::TaskFilter& filter) override {
    return inner_->list_tasks(filter);
  }
  Result<std::optional<store::TaskRecord>> find_by_idempotency_key(std::string_view namespace_name,
                                                                   std::string_view name,
                                                                   std::string_view key) override {
    return inner_->find_by_idempotency_key(namespace_name, name, key);
  }
  Result<std::vector<store::StepRecord>> list_steps(model::TaskId task,
                                                    bool with_results) override {
    return inner_->list_steps(task, with_results);
  }
  Result<store::StepRecord> load_step(model::StepKey step) override {
    return inner_->load_step(step);
  }
  Result<std::vector<std::string>> load_results(model::TaskId task,
                                                std::span<const std::uint32_t> steps) override {
    return inner_->load_results(task, steps);
  }
  Result<std::vector<store::AttemptRecord>> list_attempts(model::StepKey step) override {
    return inner_->list_attempts(step);
  }
  Result<std::optional<store::CheckpointRecord>> load_checkpoint(model::StepKey step) override {
    return inner_->load_checkpoint(step);
  }
  Result<std::vector<store::WorkerRecord>> list_workers() override {
    return inner_->list_workers();
  }
  Result<std::vector<store::LostClaim>> list_lost_claims(
      const std::function<bool(const store::WorkerRecord&)>& is_lost,
      std::uint32_t limit) override {
    return inner_->list_lost_claims(is_lost, limit);
  }
  Result<std::uint64_t> revocations() override { return inner_->revocations(); }
  Result<std::vector<bool>> holds_claims(model::WorkerId worker,
                                         std::span<const store::HeldClaim> claims) override {
    return inner_->holds_claims(worker, claims);
  }
  Result<std::optional<std::int64_t>> next_due() override { return inner_->next_due(); }
  Result<std::uint64_t> newest_event() override { return inner_->newest_event(); }
  Result<store::StoredEvent> load_event(std::uint64_t number) override {
    return inner_->load_event(number);
  }
  Result<std::vector<store::SubscriberRecord>> list_subscribers() override {
    return inner_->list_subscribers();
  }
  Result<store::DeadDeliveryPage> list_dead_deliveries(
      const store::DeadDeliveryFilter& filter) override {
    return inner_->list_dead_deliveries(filter);
  }
  Result<store::StoreInfo> info() override { return inner_->info(); }
  Result<std::vector<std::string>> check_integrity() override { return inner_->check_integrity(); }

 private:
  const std::unique_ptr<store::Store> inner_;
  const std::shared_ptr<ClaimStamp> stamp_;
};

}  // namespace

std::int64_t steady_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::unique_ptr<store::Store> make_timing_store(std::unique_ptr<store::Store> inner,
                                                std::shared_ptr<ClaimStamp> stamp) {
  return std::make_unique<TimingStore>(std::move(inner), std::move(stamp));
}

}  // namespace tasker::bench
