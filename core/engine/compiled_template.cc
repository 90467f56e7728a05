#include "core/engine/compiled_template.h"

#include <fmt/format.h>

#include <utility>

namespace tasker::engine {
namespace {

using base::ErrorCode;

base::Status check_runnable(const store::StoredTemplate& stored) {
  const auto& steps = stored.body.steps;
  if (stored.handler_of_step.size() != steps.size()) {
    return base::fail(
        ErrorCode::kINTERNAL,
        fmt::format("template {} has {} steps and {} handlers", model::template_key(stored.body),
                    steps.size(), stored.handler_of_step.size()));
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].type == model::StepType::kStandard) continue;
    return base::fail(ErrorCode::kUNSUPPORTED,
                      fmt::format("step `{}` of template {} has type `{}`; this version runs steps "
                                  "of type `standard` only",
                                  base::shown(steps[i].name), model::template_key(stored.body),
                                  model::step_type_name(steps[i].type)),
                      fmt::format("steps[{}].type", i));
  }
  return {};
}

}  // namespace

base::Result<std::shared_ptr<const CompiledTemplate>> compile_template(
    store::StoredTemplate stored) {
  if (base::Status runnable = check_runnable(stored); !runnable) {
    return base::fail(std::move(runnable.error()));
  }
  auto graph = build_step_graph(stored.body.steps);
  if (!graph) return base::fail(std::move(graph.error()));

  auto plan = std::make_shared<store::TaskPlan>();
  auto compiled = std::make_shared<CompiledTemplate>();
  const auto step_count = static_cast<std::uint32_t>(stored.body.steps.size());
  plan->steps.reserve(step_count);
  compiled->dependents.resize(step_count);
  for (std::uint32_t step = 0; step < step_count; ++step) {
    const bool is_sink = graph->is_sink(step);
    plan->steps.push_back({step, stored.handler_of_step[step],
                           static_cast<std::uint32_t>(graph->dependencies[step].size()), is_sink});
    if (is_sink) ++plan->sink_count;
    for (const std::uint32_t dependent : graph->dependents[step]) {
      compiled->dependents[step].push_back(
          {dependent, dependent, stored.handler_of_step[dependent]});
    }
  }
  compiled->stored = std::move(stored);
  compiled->graph = std::move(*graph);
  compiled->plan = std::move(plan);
  return compiled;
}

}  // namespace tasker::engine
