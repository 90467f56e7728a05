#include "tests/simulation/simulation.h"

#include <stdexcept>
#include <utility>

#include "core/store/conformance/store_factory.h"
#include "tests/simulation/random_templates.h"

namespace tasker::simulation {

namespace {

constexpr int kStormTurns = 400;
constexpr int kCalmTurnsMax = 5000;

/// What must not fail in a simulation: calls that meet no injected fault.
template <class T>
T must(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_json());
  return std::move(*result);
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, store::conformance::StoreFactory& factory)
    : factory_(factory), random_(seed), truth_(open()) {
  ground_.clock = std::make_shared<store::testing::ManualClock>();
  ground_.random = &random_;
  ground_.books = &books_;
  ground_.templates = &templates_;
  ground_.truth = truth_.get();
}

std::unique_ptr<store::Store> Simulation::open() { return must(factory_.open()); }

Summary Simulation::run() {
  create_tasks();
  for (int turn = 0; turn < kStormTurns; ++turn) storm_turn();
  calm_down();
  books_.audit(*truth_);
  summary_.faults = books_.faults();
  summary_.claims = books_.claim_count();
  summary_.fenced = books_.fenced_count();
  summary_.lost = books_.lost_count();
  summary_.resumed = books_.resumed_count();
  return summary_;
}

void Simulation::storm_turn() {
  ground_.clock->advance(static_cast<std::int64_t>(random_.below(300'000)));
  if (workers_.size() < 4 && random_.below(5) == 0) add_worker();
  if (random_.below(20) == 0) create_tasks();
  if (random_.below(100) == 0) cancel_some_task();
  if (random_.below(30) == 0) retry_blocked_tasks(2);
  if (!workers_.empty()) workers_[random_.below(workers_.size())]->take_turn();
  bury_the_dead();
}

void Simulation::create_tasks() {
  const auto name = "template" + std::to_string(random_.below(8));
  const auto put =
      must(truth_->put_template(random_template(name, random_), ground_.clock->wall_us()));
  const auto compiled = must(engine::compile_template(put.stored));
  templates_.emplace(put.stored.id, compiled);
  store::WriteBatch batch;
  batch.now_us = ground_.clock->wall_us();
  for (std::uint64_t i = 0; i <= random_.below(4); ++i) {
    store::NewTask task;
    task.uuid = base::make_uuid_v4(random_);
    task.template_id = put.stored.id;
    task.plan = compiled->plan;
    task.context_json = "{}";
    task.priority = static_cast<std::int32_t>(random_.below(201)) - 100;
    task.requested_at_us = batch.now_us;
    batch.tasks.push_back(std::move(task));
  }
  const store::WriteOutcome outcome = must(truth_->write(batch));
  for (const auto& created : outcome.tasks) books_.task_created(created.id, compiled);
  summary_.tasks += outcome.tasks.size();
}

void Simulation::cancel_some_task() {
  const std::vector<model::TaskId> tasks = books_.all_tasks();
  const model::TaskId id = tasks[random_.below(tasks.size())];
  const base::Uuid uuid = must(truth_->load_task_header(id)).uuid;
  if (!truth_->cancel_task(uuid, ground_.clock->wall_us())) return;
  books_.task_cancelled(id);
  ++summary_.cancels;
}

void Simulation::retry_blocked_tasks(std::uint64_t one_in) {
  for (const model::TaskId id : books_.unfinished_tasks()) {
    if (!books_.is_blocked(id) || random_.below(one_in) != 0) continue;
    const base::Uuid uuid = must(truth_->load_task_header(id)).uuid;
    books_.task_retried(id, must(truth_->retry_task(uuid, ground_.clock->wall_us())));
    ++summary_.retries;
  }
}

void Simulation::add_worker() {
  store::testing::FaultPlan plan;
  plan.seed = random_.next();
  plan.fail_share = random_.below(2) == 0 ? 0.0 : 0.1;
  plan.delay_share = 0.02;
  plan.on_delay = [clock = ground_.clock] { clock->advance(kLeaseUs / 2); };
  if (random_.below(3) != 0) {
    plan.cut_at_call = 2 + random_.below(80);
    plan.cut_call_has_effect = random_.below(2) == 0;
  }
  auto schedule = std::make_shared<store::testing::FaultSchedule>(plan);
  workers_.push_back(std::make_unique<SimWorker>(
      ground_, store::testing::make_fault_store(open(), schedule), schedule, std::move(plan)));
}

void Simulation::bury_the_dead() {
  summary_.deaths += std::erase_if(
      workers_, [](const std::unique_ptr<SimWorker>& worker) { return worker->is_dead(); });
}

void Simulation::calm_down() {
  for (const auto& worker : workers_) {
    while (!worker->hand_back_all()) {
    }
  }
  workers_.clear();
  ground_.calm = true;
  auto schedule = std::make_shared<store::testing::FaultSchedule>(store::testing::FaultPlan{});
  SimWorker last(ground_, store::testing::make_fault_store(open(), schedule), schedule, {});
  for (int turn = 0; turn < kCalmTurnsMax; ++turn) {
    if (books_.unfinished_tasks().empty()) return;
    ground_.clock->advance(1'000'000);
    retry_blocked_tasks(1);
    last.take_turn();
  }
}

}  // namespace tasker::simulation
