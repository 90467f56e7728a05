// The stored form of a task template: canonical JSON.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/model/task_template.h"

namespace tasker::model {

/// Stable member order and no white space, so that equal templates give equal text.
std::string template_to_json(const TaskTemplate& body);

/// Reads what template_to_json wrote. INVALID_TEMPLATE, naming the field, for anything else.
base::Result<TaskTemplate> template_from_json(std::string_view json);

}  // namespace tasker::model
