#include "core/worker/task_view.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace tasker::worker {
namespace {

using base::fail;
using model::StepState;
using model::TaskState;

std::vector<std::vector<std::uint32_t>> parents_of(const TemplateView& task_template,
                                                   const std::vector<store::StepRecord>& steps) {
  std::vector<std::optional<std::uint32_t>> position_of(task_template.graph.dependencies.size());
  for (std::uint32_t position = 0; position < steps.size(); ++position) {
    position_of[steps[position].template_step] = position;
  }
  std::vector<std::vector<std::uint32_t>> parents(steps.size());
  for (std::uint32_t position = 0; position < steps.size(); ++position) {
    for (const auto dependency : task_template.graph.dependencies[steps[position].template_step]) {
      if (position_of[dependency]) parents[position].push_back(*position_of[dependency]);
    }
  }
  return parents;
}

base::Status check_steps(const TemplateView& task_template,
                         const std::vector<store::StepRecord>& steps) {
  const std::size_t known = task_template.graph.dependencies.size();
  for (const auto& step : steps) {
    if (step.template_step >= known) {
      return fail(base::ErrorCode::kSTORE_CORRUPT,
                  "a step's record names step " + std::to_string(step.template_step) +
                      " of its template, which has " + std::to_string(known));
    }
  }
  return {};
}

void count(TaskProgress& progress, const store::StepRecord& step) {
  switch (step.state) {
    case StepState::kPending:
    case StepState::kEnqueued:
      ++progress.pending;
      break;
    case StepState::kWaitingForRetry:
      ++progress.pending;
      ++progress.waiting_for_retry;
      break;
    case StepState::kInProgress:
      ++progress.in_progress;
      break;
    case StepState::kComplete:
    case StepState::kResolvedManually:
      ++progress.completed;
      break;
    case StepState::kError:
      ++progress.failed;
      break;
    case StepState::kCancelled:
      break;
  }
  if (is_ready(step)) ++progress.ready;
}

struct Judgement {
  std::string_view execution_status;
  std::string_view recommended_action;
};

/// The first condition of the contract's 4.1 that holds.
Judgement judge(const TaskProgress& progress, TaskState state) {
  if (progress.failed > 0) return {"blocked_by_failures", "handle_failures"};
  if (progress.ready > 0) return {"has_ready_steps", "execute_ready_steps"};
  if (progress.in_progress > 0) return {"processing", "wait_for_completion"};
  if (progress.completed == progress.total &&
      (progress.total > 0 || state == TaskState::kComplete)) {
    return {"all_complete", "finalize_task"};
  }
  return {"waiting_for_dependencies", "wait_for_dependencies"};
}

}  // namespace

base::Result<std::shared_ptr<const TemplateView>> TemplateViews::get(store::Reader& reader,
                                                                     model::TemplateId id) {
  if (const auto known = views_.find(id); known != views_.end()) return known->second;
  auto stored = reader.load_template(id);
  if (!stored) return fail(std::move(stored.error()));
  auto graph = engine::build_step_graph(stored->body.steps);
  if (!graph) return fail(std::move(graph.error()));
  auto view = std::make_shared<const TemplateView>(
      TemplateView{.stored = std::move(*stored), .graph = std::move(*graph)});
  views_.emplace(id, view);
  return view;
}

base::Result<TaskView> complete_task_view(store::Reader& reader, TemplateViews& templates,
                                          store::TaskRecord task, bool with_results) {
  auto task_template = templates.get(reader, task.header.template_id);
  if (!task_template) return fail(std::move(task_template.error()));
  auto steps = reader.list_steps(task.header.id, with_results);
  if (!steps) return fail(std::move(steps.error()));
  if (auto status = check_steps(**task_template, *steps); !status) {
    return fail(std::move(status.error()));
  }
  TaskView view;
  view.parents = parents_of(**task_template, *steps);
  view.task = std::move(task);
  view.task_template = std::move(*task_template);
  view.steps = std::move(*steps);
  return view;
}

base::Result<TaskView> load_task_view(store::Reader& reader, TemplateViews& templates,
                                      const base::Uuid& task, bool with_results) {
  auto record = reader.find_task(task);
  if (!record) return fail(std::move(record.error()));
  // Task and steps are two reads: where the task's state moved in between, both are read again. A
  // task that moves on all the time is shown as it was at some point of the last round.
  constexpr int kRounds = 3;
  for (int round = 1;; ++round) {
    auto view = complete_task_view(reader, templates, *record, with_results);
    if (!view || model::is_terminal(view->task.state) || round == kRounds) return view;
    auto again = reader.find_task(task);
    if (!again) return fail(std::move(again.error()));
    if (again->state == view->task.state) return view;
    record = std::move(again);
  }
}

TaskProgress task_progress(const TaskView& view) {
  TaskProgress progress;
  progress.total = static_cast<std::uint32_t>(view.steps.size());
  for (const auto& step : view.steps) count(progress, step);
  const Judgement judgement = judge(progress, view.task.state);
  progress.execution_status = judgement.execution_status;
  progress.recommended_action =
      model::is_terminal(view.task.state) ? "none" : judgement.recommended_action;
  if (progress.failed > 0) {
    progress.health_status = "blocked";
  } else if (progress.waiting_for_retry > 0) {
    progress.health_status = "recovering";
  } else {
    progress.health_status = progress.total > 0 ? "healthy" : "unknown";
  }
  if (progress.total > 0) {
    progress.completion_percentage =
        std::round(10'000.0 * progress.completed / progress.total) / 100.0;
  } else if (view.task.state == TaskState::kComplete) {
    progress.completion_percentage = 100;
  }
  return progress;
}

bool is_ready(const store::StepRecord& step) {
  return step.state == StepState::kEnqueued && !step.held;
}

bool is_retry_eligible(const model::StepTemplate& definition, const store::StepRecord& step) {
  return definition.retry.retryable && step.attempt < std::max(definition.retry.max_attempts, 1U);
}

std::uint32_t completed_parents(const TaskView& view, const store::StepRecord& step) {
  const auto& parents = view.parents[static_cast<std::size_t>(&step - view.steps.data())];
  return static_cast<std::uint32_t>(std::count_if(
      parents.begin(), parents.end(),
      [&](std::uint32_t parent) { return model::satisfies_dependents(view.steps[parent].state); }));
}

}  // namespace tasker::worker
