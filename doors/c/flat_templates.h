// The templates of TASKER_TEMPLATE_PATH.
#pragma once

#include <string>
#include <vector>

#include "core/base/logger.h"

namespace tasker::c {

struct TemplateFile {
  std::string path;
  std::string yaml;
  std::string namespace_name;
};

/// Reads every YAML file at or below `path`, in the order of their names. One that cannot be read
/// or breaks a rule is logged with its problems and left out.
std::vector<TemplateFile> read_template_files(const std::string& path, base::Logger& logger);

}  // namespace tasker::c
