// Everything that is read from an SQLite store, on a connection that somebody else owns.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/sqlite/connection.h"
#include "core/store/store.h"

namespace tasker::store::sqlite {

/// The members are those of store::Reader, where they are described.
/// Threads: that of the connection.
class Queries {
 public:
  Queries(Connection& connection, std::string path) : db_(connection), path_(std::move(path)) {}

  base::Result<StoredTemplate> find_template(std::string_view namespace_name, std::string_view name,
                                             std::string_view version);
  base::Result<StoredTemplate> load_template(model::TemplateId id);
  base::Result<std::vector<StoredTemplate>> list_templates();
  base::Result<std::vector<HandlerRecord>> list_handlers();

  base::Result<TaskRecord> find_task(const base::Uuid& uuid);
  base::Result<TaskHeader> load_task_header(model::TaskId id);
  base::Result<TaskPage> list_tasks(const TaskFilter& filter);
  base::Result<std::optional<TaskRecord>> find_by_idempotency_key(std::string_view namespace_name,
                                                                  std::string_view name,
                                                                  std::string_view key);

  base::Result<std::vector<StepRecord>> list_steps(model::TaskId task, bool with_results);
  base::Result<StepRecord> load_step(model::StepKey step);
  base::Result<std::vector<std::string>> load_results(model::TaskId task,
                                                      std::span<const std::uint32_t> steps);
  base::Result<std::vector<AttemptRecord>> list_attempts(model::StepKey step);
  base::Result<std::optional<CheckpointRecord>> load_checkpoint(model::StepKey step);
  base::Result<std::vector<WorkerRecord>> list_workers();
  base::Result<std::vector<LostClaim>> list_lost_claims(
      const std::function<bool(const WorkerRecord&)>& is_lost, std::uint32_t limit);
  base::Result<std::optional<std::int64_t>> next_due();
  base::Result<std::uint64_t> revocations();
  base::Result<std::vector<bool>> holds_claims(model::WorkerId worker,
                                               std::span<const HeldClaim> claims);

  base::Result<std::uint64_t> newest_event();
  base::Result<StoredEvent> load_event(std::uint64_t number);
  base::Result<std::vector<SubscriberRecord>> list_subscribers();
  base::Result<DeadDeliveryPage> list_dead_deliveries(const DeadDeliveryFilter& filter);

  base::Result<StoreInfo> info();
  base::Result<std::vector<std::string>> check_integrity();

 private:
  base::Result<Statement*> cached(std::optional<Statement>& slot, std::string_view sql);
  base::Error failed(std::string_view doing) const { return db_.failure(doing); }

  Connection& db_;
  const std::string path_;

  // Prepared at first use; the others are not on a path that repeats.
  std::optional<Statement> load_template_;
  std::optional<Statement> load_header_;
  std::optional<Statement> load_result_;
  std::optional<Statement> holds_claim_;
  std::optional<Statement> next_due_;
  std::optional<Statement> revocations_;
  std::optional<Statement> find_task_;
  std::optional<Statement> newest_event_;
};

/// Implements the reading half of `Interface` (Reader or Store) by one line each.
template <class Interface>
class ReadsByQueries : public Interface {
 public:
  base::Result<StoredTemplate> find_template(std::string_view namespace_name, std::string_view name,
                                             std::string_view version) override {
    return queries().find_template(namespace_name, name, version);
  }
  base::Result<StoredTemplate> load_template(model::TemplateId id) override {
    return queries().load_template(id);
  }
  base::Result<std::vector<StoredTemplate>> list_templates() override {
    return queries().list_templates();
  }
  base::Result<std::vector<HandlerRecord>> list_handlers() override {
    return queries().list_handlers();
  }
  base::Result<TaskRecord> find_task(const base::Uuid& uuid) override {
    return queries().find_task(uuid);
  }
  base::Result<TaskHeader> load_task_header(model::TaskId id) override {
    return queries().load_task_header(id);
  }
  base::Result<TaskPage> list_tasks(const TaskFilter& filter) override {
    return queries().list_tasks(filter);
  }
  base::Result<std::optional<TaskRecord>> find_by_idempotency_key(std::string_view namespace_name,
                                                                  std::string_view name,
                                                                  std::string_view key) override {
    return queries().find_by_idempotency_key(namespace_name, name, key);
  }
  base::Result<std::vector<StepRecord>> list_steps(model::TaskId task, bool with_results) override {
    return queries().list_steps(task, with_results);
  }
  base::Result<StepRecord> load_step(model::StepKey step) override {
    return queries().load_step(step);
  }
  base::Result<std::vector<std::string>> load_results(
      model::TaskId task, std::span<const std::uint32_t> steps) override {
    return queries().load_results(task, steps);
  }
  base::Result<std::vector<AttemptRecord>> list_attempts(model::StepKey step) override {
    return queries().list_attempts(step);
  }
  base::Result<std::optional<CheckpointRecord>> load_checkpoint(model::StepKey step) override {
    return queries().load_checkpoint(step);
  }
  base::Result<std::vector<WorkerRecord>> list_workers() override {
    return queries().list_workers();
  }
  base::Result<std::vector<LostClaim>> list_lost_claims(
      const std::function<bool(const WorkerRecord&)>& is_lost, std::uint32_t limit) override {
    return queries().list_lost_claims(is_lost, limit);
  }
  base::Result<std::optional<std::int64_t>> next_due() override { return queries().next_due(); }
  base::Result<std::uint64_t> revocations() override { return queries().revocations(); }
  base::Result<std::vector<bool>> holds_claims(model::WorkerId worker,
                                               std::span<const HeldClaim> claims) override {
    return queries().holds_claims(worker, claims);
  }
  base::Result<std::uint64_t> newest_event() override { return queries().newest_event(); }
  base::Result<StoredEvent> load_event(std::uint64_t number) override {
    return queries().load_event(number);
  }
  base::Result<std::vector<SubscriberRecord>> list_subscribers() override {
    return queries().list_subscribers();
  }
  base::Result<DeadDeliveryPage> list_dead_deliveries(const DeadDeliveryFilter& filter) override {
    return queries().list_dead_deliveries(filter);
  }
  base::Result<StoreInfo> info() override { return queries().info(); }
  base::Result<std::vector<std::string>> check_integrity() override {
    return queries().check_integrity();
  }

 protected:
  virtual Queries& queries() = 0;
};

}  // namespace tasker::store::sqlite
