// A stored template with everything that is derived from it, computed once and shared by all of its
// tasks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/engine/step_graph.h"
#include "core/store/records.h"

namespace tasker::engine {

struct CompiledTemplate {
  store::StoredTemplate stored;
  StepGraph graph;
  std::shared_ptr<const store::TaskPlan> plan;
  /// For each step: what counts down when it completes.
  std::vector<std::vector<store::Dependent>> dependents;
};

/// UNSUPPORTED, naming the step, for a step type that the engine does not run yet.
base::Result<std::shared_ptr<const CompiledTemplate>> compile_template(
    store::StoredTemplate stored);

}  // namespace tasker::engine
