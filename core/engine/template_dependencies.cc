// Checks between the steps of a task template.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "core/base/nearest_name.h"
#include "core/engine/step_graph.h"
#include "core/engine/template_parts.h"

namespace tasker::engine {
namespace {

using StepIndex = std::unordered_map<std::string_view, std::uint32_t>;

StepIndex index_steps(const std::vector<StepInText>& steps, ProblemList& problems) {
  StepIndex index;
  index.reserve(steps.size());
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    const StepInText& step = steps[i];
    if (!step.is_named) continue;
    const auto [first, is_new] = index.try_emplace(step.step.name, i);
    if (is_new) continue;
    problems.add(step.name_line, member_path(step.path, "name"),
                 fmt::format("duplicate step name `{}`; it is given first on line {}",
                             base::shown(step.step.name), steps[first->second].name_line));
  }
  return index;
}

void report_unknown(const NameInText& dependency, const std::vector<std::string_view>& names,
                    ProblemList& problems) {
  std::string reason =
      fmt::format("unknown dependency `{}`; no step has this name", base::shown(dependency.name));
  if (!problems.full()) {
    if (const auto nearest = base::nearest_name(dependency.name, names)) {
      reason += fmt::format(", did you mean `{}`?", *nearest);
    }
  }
  problems.add(dependency.line, dependency.path, std::move(reason));
}

}  // namespace

void check_dependencies(std::vector<StepInText>& steps, ProblemList& problems) {
  const StepIndex index = index_steps(steps, problems);
  std::vector<std::string_view> names;
  for (const StepInText& step : steps) {
    if (step.is_named) names.push_back(step.step.name);
  }
  std::vector<std::vector<std::uint32_t>> edges(steps.size());
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    std::unordered_set<std::string_view> seen;
    for (const NameInText& dependency : steps[i].dependencies) {
      const auto found = index.find(dependency.name);
      if (!seen.insert(dependency.name).second) {
        problems.add(dependency.line, dependency.path,
                     fmt::format("duplicate dependency `{}`", base::shown(dependency.name)));
      } else if (steps[i].is_named && dependency.name == steps[i].step.name) {
        problems.add(dependency.line, dependency.path,
                     fmt::format("step `{}` depends on itself", base::shown(dependency.name)));
      } else if (found == index.end()) {
        report_unknown(dependency, names, problems);
      } else {
        edges[i].push_back(found->second);
        steps[i].step.dependencies.push_back(dependency.name);
      }
    }
  }
  for (const std::vector<std::uint32_t>& cycle : find_cycles(edges)) {
    std::vector<std::string_view> on_cycle;
    for (const std::uint32_t step : cycle) on_cycle.push_back(steps[step].step.name);
    const StepInText& first = steps[cycle.front()];
    problems.add(first.dependencies_line, member_path(first.path, "dependencies"),
                 describe_cycle(on_cycle));
  }
}

}  // namespace tasker::engine
