#include "core/engine/step_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace tasker::engine {
namespace {

using base::ErrorCode;
using Edges = std::vector<std::vector<std::uint32_t>>;

constexpr std::size_t kShownOnCycleMax = 20;

enum class Mark : std::uint8_t { kNew, kOnPath, kDone };

/// Depth-first walk along dependencies with its own stack.
class CycleFinder {
 public:
  explicit CycleFinder(const Edges& dependencies)
      : dependencies_(dependencies),
        marks_(dependencies.size(), Mark::kNew),
        is_reported_(dependencies.size(), false) {}

  std::vector<std::vector<std::uint32_t>> find() {
    for (std::uint32_t step = 0; step < dependencies_.size(); ++step) {
      if (marks_[step] == Mark::kNew) walk_from(step);
    }
    return std::move(cycles_);
  }

 private:
  struct Visit {
    std::uint32_t step = 0;
    std::size_t next = 0;  ///< the dependency to look at next
  };

  void walk_from(std::uint32_t start) {
    enter(start);
    while (!path_.empty()) {
      Visit& visit = path_.back();
      if (visit.next == dependencies_[visit.step].size()) {
        marks_[visit.step] = Mark::kDone;
        path_.pop_back();
        continue;
      }
      const std::uint32_t dependency = dependencies_[visit.step][visit.next++];
      if (marks_[dependency] == Mark::kNew) {
        enter(dependency);
      } else if (marks_[dependency] == Mark::kOnPath) {
        record(dependency);
      }
    }
  }

  void enter(std::uint32_t step) {
    marks_[step] = Mark::kOnPath;
    path_.push_back({step, 0});
  }

  /// The end of the path depends on `step`, which is on the path as well.
  void record(std::uint32_t step) {
    std::vector<std::uint32_t> cycle;
    for (auto visit = path_.rbegin();; ++visit) {
      if (is_reported_[visit->step]) return;
      cycle.push_back(visit->step);
      if (visit->step == step) break;
    }
    std::reverse(cycle.begin(), cycle.end());
    std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
    for (const std::uint32_t on_cycle : cycle) is_reported_[on_cycle] = true;
    cycles_.push_back(std::move(cycle));
  }

  const Edges& dependencies_;
  std::vector<Mark> marks_;
  std::vector<bool> is_reported_;
  std::vector<Visit> path_;
  std::vector<std::vector<std::uint32_t>> cycles_;
};

tl::unexpected<base::Error> refuse(std::size_t step, std::string message) {
  return base::fail(ErrorCode::kINVALID_TEMPLATE, std::move(message),
                    fmt::format("steps[{}]", step));
}

base::Result<Edges> resolve_dependencies(const std::vector<model::StepTemplate>& steps) {
  std::unordered_map<std::string_view, std::uint32_t> index;
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    if (!index.try_emplace(steps[i].name, i).second) {
      return refuse(i, fmt::format("duplicate step name `{}`", base::shown(steps[i].name)));
    }
  }
  Edges dependencies(steps.size());
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    for (const std::string& name : steps[i].dependencies) {
      const auto found = index.find(name);
      if (found == index.end()) {
        return refuse(i, fmt::format("step `{}` depends on unknown step `{}`",
                                     base::shown(steps[i].name), base::shown(name)));
      }
      dependencies[i].push_back(found->second);
    }
    std::vector<std::uint32_t> sorted = dependencies[i];
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) {
      return refuse(i, fmt::format("step `{}` depends twice on step `{}`",
                                   base::shown(steps[i].name), base::shown(steps[*twice].name)));
    }
  }
  return dependencies;
}

/// Kahn's algorithm; among the steps that are ready, the one that was ready first. Shorter than the
/// graph when there is a cycle.
std::vector<std::uint32_t> sort_topologically(const StepGraph& graph) {
  std::vector<std::size_t> missing;
  std::vector<std::uint32_t> order;
  for (std::uint32_t step = 0; step < graph.dependencies.size(); ++step) {
    missing.push_back(graph.dependencies[step].size());
    if (missing.back() == 0) order.push_back(step);
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    for (const std::uint32_t dependent : graph.dependents[order[at]]) {
      if (--missing[dependent] == 0) order.push_back(dependent);
    }
  }
  return order;
}

}  // namespace

std::vector<std::vector<std::uint32_t>> find_cycles(const Edges& dependencies) {
  return CycleFinder(dependencies).find();
}

std::string describe_cycle(const std::vector<std::string_view>& names) {
  std::string text = "cycle: ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool in_gap = names.size() > kShownOnCycleMax && i >= kShownOnCycleMax / 2 &&
                        i < names.size() - kShownOnCycleMax / 2;
    if (!in_gap) {
      text += base::shown(names[i]) + " → ";
    } else if (i == kShownOnCycleMax / 2) {
      text += fmt::format("({} more) → ", names.size() - kShownOnCycleMax);
    }
  }
  return text + base::shown(names.front()) + ", each depends on the next";
}

std::vector<std::uint32_t> StepGraph::ancestors(std::uint32_t step) const {
  std::vector<bool> seen(dependencies.size(), false);
  std::vector<std::uint32_t> found;
  std::vector<std::uint32_t> to_visit = {step};
  while (!to_visit.empty()) {
    const std::uint32_t visited = to_visit.back();
    to_visit.pop_back();
    for (const std::uint32_t dependency : dependencies[visited]) {
      if (seen[dependency]) continue;
      seen[dependency] = true;
      found.push_back(dependency);
      to_visit.push_back(dependency);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

base::Result<StepGraph> build_step_graph(const std::vector<model::StepTemplate>& steps) {
  auto dependencies = resolve_dependencies(steps);
  if (!dependencies) return base::fail(std::move(dependencies.error()));
  StepGraph graph;
  graph.dependencies = std::move(*dependencies);
  graph.dependents.resize(steps.size());
  for (std::uint32_t step = 0; step < steps.size(); ++step) {
    for (const std::uint32_t dependency : graph.dependencies[step]) {
      graph.dependents[dependency].push_back(step);
    }
  }
  graph.topological_order = sort_topologically(graph);
  if (graph.topological_order.size() == steps.size()) return graph;

  const auto cycle = find_cycles(graph.dependencies).front();
  std::vector<std::string_view> names;
  for (const std::uint32_t step : cycle) names.push_back(steps[step].name);
  return base::fail(ErrorCode::kINVALID_TEMPLATE, describe_cycle(names),
                    fmt::format("steps[{}].dependencies", cycle.front()));
}

}  // namespace tasker::engine
