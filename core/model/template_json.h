// The stored form of a task template: canonical JSON.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/model/task_template.h"

namespace tasker::model {

/// Stable member order and no white space of its own, so that equal templates give equal text. The
/// `…_json` members must be checked JSON without white space around it; they are embedded as they
/// are.
std::string template_to_json(const TaskTemplate& body);

/// Reads what template_to_json wrote, exactly. INVALID_TEMPLATE, naming the field, for a text that
/// is not JSON, or has a member missing, twice, unknown or of a wrong type. The rules between
/// members (dependencies that exist, ranges) are checked where a template enters, not here.
base::Result<TaskTemplate> template_from_json(std::string_view json);

}  // namespace tasker::model
