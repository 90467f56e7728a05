// A task with its steps and its template, read together: what the doors' JSON and the command
// line's trees are drawn from.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/engine/step_graph.h"
#include "core/store/store.h"

namespace tasker::worker {

struct TemplateView {
  store::StoredTemplate stored;
  engine::StepGraph graph;
};

/// Templates by id, each read once. Threads: one at a time.
class TemplateViews {
 public:
  base::Result<std::shared_ptr<const TemplateView>> get(store::Reader& reader,
                                                        model::TemplateId id);

 private:
  std::map<model::TemplateId, std::shared_ptr<const TemplateView>> views_;
};

struct TaskView {
  store::TaskRecord task;
  std::shared_ptr<const TemplateView> task_template;
  std::vector<store::StepRecord> steps;             ///< in the order of their indices
  std::vector<std::vector<std::uint32_t>> parents;  ///< for each step, positions in `steps`

  const model::StepTemplate& definition(const store::StepRecord& step) const {
    return task_template->stored.body.steps[step.template_step];
  }
  base::Uuid step_uuid(const store::StepRecord& step) const {
    return base::derive_uuid(task.header.uuid, step.key.index);
  }
};

/// Steps of a task by what can become of them, and what follows from that (contract, 2.8 and 4.1).
/// A step that waits for its back-off counts as pending; pending, in progress, completed, failed
/// and cancelled steps make up the total; ready steps are pending ones that a worker may claim.
struct TaskProgress {
  std::uint32_t total = 0;
  std::uint32_t pending = 0;
  std::uint32_t in_progress = 0;
  std::uint32_t completed = 0;
  std::uint32_t failed = 0;
  std::uint32_t ready = 0;
  std::uint32_t waiting_for_retry = 0;
  std::string_view execution_status;
  std::string_view recommended_action;
  std::string_view health_status;
  double completion_percentage = 0;  ///< 0..100, two decimals
};

/// Task, template and steps, task and steps of one moment as far as the task's state tells.
/// NOT_FOUND names the task. Results are read only when asked for.
base::Result<TaskView> load_task_view(store::Reader& reader, TemplateViews& templates,
                                      const base::Uuid& task, bool with_results = false);

/// The same for a task whose record is at hand.
base::Result<TaskView> complete_task_view(store::Reader& reader, TemplateViews& templates,
                                          store::TaskRecord task, bool with_results = false);

TaskProgress task_progress(const TaskView& view);

/// Claimable by a worker now.
bool is_ready(const store::StepRecord& step);

/// Whether another attempt would be allowed after a failure.
bool is_retry_eligible(const model::StepTemplate& definition, const store::StepRecord& step);

std::uint32_t completed_parents(const TaskView& view, const store::StepRecord& step);

}  // namespace tasker::worker
