// The templates of TASKER_TEMPLATE_PATH.
#pragma once

#include <string>
#include <vector>

#include "core/base/logger.h"
#include "core/model/task_template.h"

namespace tasker::c {

struct TemplateFile {
  std::string path;
  model::TaskTemplate body;
};

/// Reads every YAML file at or below `path`, in the order of their names. Fields that no rule knows
/// are passed over with a warning, as the contract has it (section 5). A file that cannot be read
/// or breaks a rule is logged with its problems and left out.
std::vector<TemplateFile> read_template_files(const std::string& path, base::Logger& logger);

}  // namespace tasker::c
