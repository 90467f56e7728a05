// Task templates of any shape.
#pragma once

#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/model/task_template.h"

namespace tasker::simulation {

/// The callables that random templates use.
const std::vector<std::string>& callables();

/// A template of 1 to 12 steps; each step depends on any of those before it.
model::TaskTemplate random_template(const std::string& name, base::Random& random);

}  // namespace tasker::simulation
