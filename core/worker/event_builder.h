// From a claim to the step event that its handler gets: task, template and the results it depends
// on.
#pragma once

#include <memory>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/store/store.h"
#include "core/worker/dispatcher.h"
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
  /// The event that goes on from a checkpoint which `checkpoint_json` shows, of the same attempt.
  base::Result<StepEvent> build_continuation(const Dispatched& before,
                                             std::shared_ptr<const std::string> checkpoint_json,
                                             store::Reader& reader);
  /// The step as it was dispatched, without what only its handler needs.
  base::Result<StepEvent> build_again(const Dispatched& dispatched, store::Reader& reader);

  /// The header of a task, from the cache or read.
  base::Result<std::shared_ptr<const store::TaskHeader>> header_of(model::TaskId task,
                                                                   store::Reader& reader);

  TaskCache& tasks() { return tasks_; }

 private:
  base::Result<StepEvent> assemble(const store::Claim& claim, store::Reader& reader);
  base::Status add_checkpoint(StepEvent& event, store::Reader& reader);
  base::Status add_previous_result(StepEvent& event, store::Reader& reader);
  base::Status add_dependencies(StepEvent& event, store::Reader& reader);

  TemplateCache& templates_;
  TaskCache tasks_;
  base::Random random_;
};

}  // namespace tasker::worker
