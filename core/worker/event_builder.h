// From a claim to the step event that its handler gets: task, template and the results it depends
// on.
#pragma once

#include <memory>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/store/store.h"
#include "core/worker/step_event.h"
#include "core/worker/task_cache.h"
#include "core/worker/template_cache.h"

namespace tasker::worker {

/// Threads: one (the store writer).
class EventBuilder {
 public:
  EventBuilder(TemplateCache& templates, base::Random random);

  /// What is not cached is read through `reader`. Errors are those of the store; STORE_CORRUPT when
  /// a dependency has no result.
  base::Result<StepEvent> build(const store::Claim& claim, store::Reader& reader);

  TaskCache& tasks() { return tasks_; }

 private:
  base::Result<std::shared_ptr<const store::TaskHeader>> header_of(model::TaskId task,
                                                                   store::Reader& reader);
  base::Status add_dependencies(StepEvent& event, store::Reader& reader);

  TemplateCache& templates_;
  TaskCache tasks_;
  base::Random random_;
};

}  // namespace tasker::worker
