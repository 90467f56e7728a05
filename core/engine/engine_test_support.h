// Random step graphs and stored templates for the engine's suites.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/model/task_template.h"
#include "core/store/records.h"

namespace tasker::engine {

inline model::StepTemplate make_step(std::string name, std::vector<std::string> dependencies = {}) {
  model::StepTemplate step;
  step.name = std::move(name);
  step.handler.callable = "h";
  step.dependencies = std::move(dependencies);
  return step;
}

/// Up to `count_max` steps whose dependencies form no cycle, in an order that says nothing about
/// them. `density` is the share of the possible edges, in percent.
inline std::vector<model::StepTemplate> random_steps(base::Random& random, std::uint32_t count_max,
                                                     std::uint32_t density) {
  const auto count = static_cast<std::uint32_t>(1 + random.below(count_max));
  std::vector<model::StepTemplate> steps;
  for (std::uint32_t i = 0; i < count; ++i) {
    steps.push_back(make_step("s" + std::to_string(i)));
    for (std::uint32_t j = 0; j < i; ++j) {
      if (random.below(100) < density) steps[i].dependencies.push_back("s" + std::to_string(j));
    }
  }
  for (std::size_t i = steps.size(); i > 1; --i) std::swap(steps[i - 1], steps[random.below(i)]);
  return steps;
}

/// A template with these steps, whose handlers are numbered from 100.
inline store::StoredTemplate stored_template(std::vector<model::StepTemplate> steps) {
  store::StoredTemplate stored;
  stored.id = model::TemplateId{7};
  stored.body.namespace_name = "n";
  stored.body.name = "t";
  stored.body.version = "1.0.0";
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    stored.handler_of_step.push_back(model::HandlerId{100 + i});
  }
  stored.body.steps = std::move(steps);
  return stored;
}

}  // namespace tasker::engine
