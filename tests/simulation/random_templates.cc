#include "tests/simulation/random_templates.h"

namespace tasker::simulation {

const std::vector<std::string>& callables() {
  static const std::vector<std::string> names{"fetch", "crunch", "render"};
  return names;
}

model::TaskTemplate random_template(const std::string& name, base::Random& random) {
  model::TaskTemplate body;
  body.namespace_name = "simulation";
  body.name = name;
  body.version = "1.0.0";
  const std::uint64_t step_count = 1 + random.below(12);
  const double density = random.unit();
  for (std::uint64_t index = 0; index < step_count; ++index) {
    model::StepTemplate step;
    step.name = "step" + std::to_string(index);
    step.handler.callable = callables()[random.below(callables().size())];
    step.retry.retryable = random.below(5) != 0;
    step.retry.max_attempts = static_cast<std::uint32_t>(random.below(6));
    step.retry.backoff = static_cast<model::Backoff>(random.below(5));
    step.retry.backoff_base_ms = 100 + static_cast<std::uint32_t>(random.below(1000));
    for (std::uint64_t before = 0; before < index; ++before) {
      if (random.unit() < density * 0.6) {
        step.dependencies.push_back("step" + std::to_string(before));
      }
    }
    body.steps.push_back(std::move(step));
  }
  return body;
}

}  // namespace tasker::simulation
