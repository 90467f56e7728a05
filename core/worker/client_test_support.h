// A store on a file of its own for suites that read back what became of tasks: templates from YAML,
// tasks from requests, steps run by hand. Its clock moves when the suite says so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/logger.h"
#include "core/engine/outcome.h"
#include "core/engine/template_yaml.h"
#include "core/store/sqlite/sqlite_store.h"
#include "core/worker/task_factory.h"

namespace tasker::worker {

/// The value of a result that the test can not go on without.
template <class T>
T must(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_json());
  return std::move(*result);
}
inline void must(const base::Status& status) {
  if (!status) throw std::runtime_error(status.error().to_json());
}

/// load → {left, right} → report, where right may be tried twice and left once.
inline constexpr std::string_view kDiamondYaml = R"(
name: diamond
namespace_name: demo
version: 1.0.0
description: Four steps
default_context: { year: 2008, month: 1 }
steps:
  - name: load
    handler: { callable: demo.Load }
  - name: left
    dependencies: [load]
    handler: { callable: demo.Left }
    retry: { retryable: false, max_attempts: 1 }
  - name: right
    dependencies: [load]
    handler: { callable: demo.Right }
    retry: { max_attempts: 2, backoff: fixed, backoff_base_ms: 60000, max_backoff_ms: 60000 }
  - name: report
    dependencies: [left, right]
    handler: { callable: demo.Report }
)";

class StoreBed {
 public:
  StoreBed() {
    base::Random names = base::Random::from_system();
    folder_ = std::filesystem::temp_directory_path() /
              ("tasker-test-" + base::make_uuid_v4(names).text());
    std::filesystem::create_directories(folder_);
    store_ = must(store::sqlite::open({.path = path()}, base::make_null_logger()));
    worker_ = must(store_->register_worker({.name = "test-worker",
                                            .hostname = "host",
                                            .pid = 1,
                                            .process_identity = {},
                                            .started_at_us = now_us_,
                                            .lease_expires_at_us = now_us_ + 60'000'000}));
  }
  ~StoreBed() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  StoreBed(const StoreBed&) = delete;
  StoreBed& operator=(const StoreBed&) = delete;

  std::filesystem::path folder() const { return folder_; }
  std::string path() const { return (folder_ / "store.db").string(); }
  store::Store& store() { return *store_; }
  std::int64_t now_us() const { return now_us_; }
  void advance_us(std::int64_t duration_us) { now_us_ += duration_us; }

  std::shared_ptr<const engine::CompiledTemplate> add_template(std::string_view yaml) {
    auto report = engine::read_template_yaml(yaml);
    if (!report.body) throw std::runtime_error(engine::template_error(report, "test").message);
    compiled_ =
        must(engine::compile_template(must(store_->put_template(*report.body, now_us_)).stored));
    return compiled_;
  }

  /// Ends the suite's own worker; nothing can be claimed any more.
  void leave() { must(store_->unregister_worker(worker_)); }

  /// A task of the template added last.
  base::Uuid create(TaskRequest request = {}) {
    request.name = compiled_->stored.body.name;
    request.namespace_name = compiled_->stored.body.namespace_name;
    store::WriteBatch batch;
    batch.now_us = now_us_;
    batch.tasks.push_back(must(make_task(request, *compiled_, now_us_, random_)));
    const base::Uuid uuid = batch.tasks.front().uuid;
    must(store_->write(batch));
    return uuid;
  }

  /// Claims the step, which must be claimable; other claimable steps are handed back.
  store::Claim claim(const base::Uuid& task, std::string_view step) {
    const model::TaskId id = must(store_->find_task(task)).header.id;
    store::WriteBatch batch;
    batch.now_us = now_us_;
    batch.promote_due = true;
    batch.claim = true;
    batch.budget.worker = worker_;
    batch.budget.room = {1000};
    batch.budget.executor_of_handler.assign(1000, 0);
    const auto outcome = must(store_->write(batch));
    store::WriteBatch back;
    back.now_us = now_us_;
    const store::Claim* found = nullptr;
    for (const auto& claim : outcome.claims) {
      if (claim.step.task == id && name_of(claim) == step) {
        found = &claim;
      } else {
        back.releases.push_back({.step = claim.step, .attempt = claim.attempt, .worker = worker_});
      }
    }
    must(store_->write(back));
    if (found == nullptr) throw std::runtime_error("step is not claimable: " + std::string(step));
    return *found;
  }

  /// Ends a claim with a result document (contract, 2.2), `duration_us` after it was made.
  void finish(const store::Claim& claim, std::string_view document, std::int64_t duration_us) {
    now_us_ += duration_us;
    auto result = must(engine::read_step_result(document, 1U << 20));
    store::WriteBatch batch;
    batch.now_us = now_us_;
    batch.completions.push_back(engine::decide_completion(
        *compiled_, {.claim = claim, .worker = worker_, .started_at_us = now_us_ - duration_us},
        std::move(result), now_us_, random_));
    const auto outcome = must(store_->write(batch));
    if (outcome.completions.front() != store::CompletionOutcome::kRecorded) {
      throw std::runtime_error("the completion was fenced off");
    }
  }

  void succeed(const base::Uuid& task, std::string_view step, std::string_view result = "{}") {
    finish(claim(task, step),
           std::string(R"({"success":true,"metadata":{"execution_time_ms":2},"result":)") +
               std::string(result) + "}",
           1500);
  }

  void fail(const base::Uuid& task, std::string_view step, bool retryable,
            std::string_view message = "no luck") {
    finish(claim(task, step),
           std::string(R"({"success":false,"metadata":{"execution_time_ms":2,"retryable":)") +
               (retryable ? "true" : "false") + R"(},"error":{"message":")" + std::string(message) +
               R"(","error_type":"TestError","retryable":)" + (retryable ? "true" : "false") + "}}",
           2500);
  }

 private:
  std::string_view name_of(const store::Claim& claim) const {
    return compiled_->stored.body.steps[claim.template_step].name;
  }

  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<const engine::CompiledTemplate> compiled_;
  model::WorkerId worker_{};
  base::Random random_{20'260'216};
  std::int64_t now_us_ = 1'771'239'845'000'000;  // 2026-02-16 11:04:05
};

}  // namespace tasker::worker
