// Who depends on whom in a template, counted once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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

/// Cycles of a graph, given as the dependencies of each step: for each its steps in the order in
/// which one depends on the next, the least first. No step is on two of them; none means that the
/// graph has no cycle. Does not recurse.
std::vector<std::vector<std::uint32_t>> find_cycles(
    const std::vector<std::vector<std::uint32_t>>& dependencies);

/// "cycle: a → b → a, each depends on the next" for the steps a and b. Long cycles are shortened in
/// the middle.
std::string describe_cycle(const std::vector<std::string_view>& names);

/// INVALID_TEMPLATE for a duplicate step name, an unknown, doubled or self dependency, or a cycle;
/// the message names the steps on the cycle in order.
base::Result<StepGraph> build_step_graph(const std::vector<model::StepTemplate>& steps);

}  // namespace tasker::engine
