#include "core/store/conformance/fixture.h"

#include <algorithm>
#include <map>

namespace tasker::store::conformance {

model::TaskTemplate make_template(std::string name, const std::vector<StepShape>& steps) {
  model::TaskTemplate body;
  body.namespace_name = "test";
  body.name = std::move(name);
  body.version = "1.0.0";
  body.steps.reserve(steps.size());
  for (const StepShape& shape : steps) {
    model::StepTemplate step;
    step.name = shape.name;
    step.handler.callable = shape.callable;
    step.dependencies = shape.dependencies;
    body.steps.push_back(std::move(step));
  }
  return body;
}

Workflow derive_workflow(StoredTemplate stored) {
  const std::vector<model::StepTemplate>& steps = stored.body.steps;
  if (stored.handler_of_step.size() != steps.size()) {
    throw std::runtime_error("a stored template has one handler for each step");
  }
  std::map<std::string, std::uint32_t, std::less<>> index_of;
  for (std::uint32_t index = 0; index < steps.size(); ++index) {
    index_of.emplace(steps[index].name, index);
  }
  Workflow workflow;
  workflow.dependents.resize(steps.size());
  for (std::uint32_t index = 0; index < steps.size(); ++index) {
    for (const std::string& dependency : steps[index].dependencies) {
      workflow.dependents[index_of.at(dependency)].push_back(
          {.index = index, .template_step = index, .handler = stored.handler_of_step[index]});
    }
  }
  auto plan = std::make_shared<TaskPlan>();
  for (std::uint32_t index = 0; index < steps.size(); ++index) {
    const bool is_sink = workflow.dependents[index].empty();
    plan->sink_count += is_sink ? 1 : 0;
    plan->steps.push_back(
        {.template_step = index,
         .handler = stored.handler_of_step[index],
         .dependency_count = static_cast<std::uint32_t>(steps[index].dependencies.size()),
         .is_sink = is_sink});
  }
  workflow.plan = std::move(plan);
  workflow.stored = std::move(stored);
  return workflow;
}

void StoreConformance::SetUp() {
  factory_ = GetParam().make_factory();
  store_ = must(factory_->open());
}

void StoreConformance::reopen() {
  store_.reset();
  store_ = must(factory_->open());
}

Workflow StoreConformance::put(Store& on, const model::TaskTemplate& body) {
  return derive_workflow(must(on.put_template(body, tick())).stored);
}

Workflow StoreConformance::put_chain() {
  return put(make_template("chain", {{"a"}, {"b", {"a"}}, {"c", {"b"}}}));
}

Workflow StoreConformance::put_diamond() {
  return put(make_template(
      "diamond",
      {{"start"}, {"left", {"start"}}, {"right", {"start"}}, {"end", {"left", "right"}}}));
}

Workflow StoreConformance::put_wide(std::uint32_t count) {
  std::vector<StepShape> steps;
  for (std::uint32_t index = 0; index < count; ++index) {
    steps.push_back({"step" + std::to_string(index)});
  }
  return put(make_template("wide" + std::to_string(count), steps));
}

NewTask StoreConformance::new_task(const Workflow& workflow) {
  NewTask task;
  task.uuid = new_uuid();
  task.template_id = workflow.stored.id;
  task.plan = workflow.plan;
  task.context_json = R"({"input":1})";
  task.initiator = "conformance";
  task.source_system = "test";
  task.reason = "to be run";
  task.correlation_id = new_uuid();
  task.requested_at_us = now_us();
  return task;
}

model::TaskId StoreConformance::create(const Workflow& workflow, std::int32_t priority) {
  NewTask task = new_task(workflow);
  task.priority = priority;
  return create(std::move(task));
}

model::TaskId StoreConformance::create(NewTask task) {
  WriteBatch batch;
  batch.now_us = tick();
  batch.tasks.push_back(std::move(task));
  const WriteOutcome outcome = write(batch);
  if (outcome.tasks.size() != 1) throw std::runtime_error("one created task was expected");
  return outcome.tasks.front().id;
}

model::WorkerId StoreConformance::join(Store& on, std::string name) {
  WorkerInfo info;
  info.name = std::move(name);
  info.hostname = "host";
  info.pid = 4711;
  info.process_identity = "4711@boot";
  info.started_at_us = tick();
  info.lease_expires_at_us = now_us() + 60'000'000;
  return must(on.register_worker(info));
}

ClaimBudget StoreConformance::budget(model::WorkerId worker, std::uint32_t room) {
  ClaimBudget all;
  all.worker = worker;
  all.room = {room};
  for (const HandlerRecord& handler : must(store().list_handlers())) {
    const auto index = static_cast<std::size_t>(handler.id);
    if (all.executor_of_handler.size() <= index) {
      all.executor_of_handler.resize(index + 1, ClaimBudget::kUnknown);
    }
    all.executor_of_handler[index] = 0;
  }
  return all;
}

WriteBatch StoreConformance::claim_batch(model::WorkerId worker, std::uint32_t room) {
  WriteBatch batch;
  batch.now_us = tick();
  batch.budget = budget(worker, room);
  batch.claim = true;
  return batch;
}

std::vector<Claim> StoreConformance::claim(Store& on, model::WorkerId worker, std::uint32_t room) {
  WriteBatch batch = claim_batch(worker, room);
  return must(on.write(batch)).claims;
}

Claim StoreConformance::claim_step(model::WorkerId worker, model::StepKey step) {
  std::optional<Claim> wanted;
  WriteBatch others;
  for (const Claim& claimed : claim(worker)) {
    if (claimed.step == step) {
      wanted = claimed;
    } else {
      others.releases.push_back(release_of(claimed, worker));
    }
  }
  others.now_us = tick();
  write(others);
  if (!wanted) throw std::runtime_error("the step was not claimable");
  return *wanted;
}

Completion StoreConformance::success(const Workflow& workflow, const Claim& claim,
                                     model::WorkerId worker, std::string result_json) const {
  Completion completion;
  completion.step = claim.step;
  completion.attempt = claim.attempt;
  completion.worker = worker;
  completion.next = model::StepState::kComplete;
  completion.result_json = std::move(result_json);
  completion.started_at_us = claim.claimed_at_us;
  completion.execution_us = 250;
  completion.template_id = claim.template_id;
  completion.dependents = workflow.dependents[claim.template_step];
  completion.is_sink = workflow.plan->steps[claim.template_step].is_sink;
  return completion;
}

Completion StoreConformance::failure(const Claim& claim, model::WorkerId worker,
                                     model::StepState next, std::int64_t retry_at_us) const {
  Completion completion;
  completion.step = claim.step;
  completion.attempt = claim.attempt;
  completion.worker = worker;
  completion.next = next;
  completion.error_json = R"({"message":"it broke","error_type":"handler_error"})";
  completion.started_at_us = claim.claimed_at_us;
  completion.execution_us = 250;
  completion.retry_at_us = retry_at_us;
  completion.template_id = claim.template_id;
  return completion;
}

Release StoreConformance::release_of(const Claim& claim, model::WorkerId worker) {
  return {.step = claim.step, .attempt = claim.attempt, .worker = worker};
}

WriteOutcome StoreConformance::complete(Store& on, Completion completion) {
  WriteBatch batch;
  batch.now_us = tick();
  batch.completions.push_back(std::move(completion));
  return must(on.write(batch));
}

WriteOutcome StoreConformance::release(Release release) {
  WriteBatch batch;
  batch.now_us = tick();
  batch.releases.push_back(release);
  return write(batch);
}

void StoreConformance::run_dry(const Workflow& workflow, model::WorkerId worker) {
  std::vector<Claim> claims = claim(worker);
  while (!claims.empty()) {
    WriteBatch batch = claim_batch(worker);
    for (const Claim& claimed : claims) {
      batch.completions.push_back(success(workflow, claimed, worker));
    }
    claims = write(batch).claims;
  }
}

void StoreConformance::fail_step(model::WorkerId worker, model::StepKey step) {
  const Claim claimed = claim_step(worker, step);
  const WriteOutcome outcome = complete(failure(claimed, worker, model::StepState::kError));
  if (outcome.completions.front() != CompletionOutcome::kRecorded) {
    throw std::runtime_error("the failure was not recorded");
  }
}

TaskRecord StoreConformance::task(model::TaskId id) {
  return must(store().find_task(must(store().load_task_header(id)).uuid));
}

std::vector<model::StepKey> steps_of(const std::vector<Claim>& claims) {
  std::vector<model::StepKey> keys;
  keys.reserve(claims.size());
  for (const Claim& claimed : claims) keys.push_back(claimed.step);
  return keys;
}

}  // namespace tasker::store::conformance
