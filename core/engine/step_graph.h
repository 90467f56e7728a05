// Who depends on whom in a template, counted once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/task_template.h"

namespace tasker::engine {

/// Indices are those of the template's steps.
struct StepGraph {
  std::vector<std::vector<std::uint32_t>> dependencies;
  std::vector<std::vector<std::uint32_t>> dependents;
  std::vector<std::uint32_t> topological_order;

  bool is_sink(std::uint32_t step) const { return dependents[step].empty(); }

  /// All steps that `step` depends on, directly or through others, ascending.
  std::vector<std::uint32_t> ancestors(std::uint32_t step) const;
};

/// INVALID_TEMPLATE for an unknown dependency or a cycle; the message names the steps on the cycle
/// in order.
base::Result<StepGraph> build_step_graph(const std::vector<model::StepTemplate>& steps);

}  // namespace tasker::engine
