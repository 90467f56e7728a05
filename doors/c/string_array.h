// A JSON array of strings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace tasker::c {

/// INVALID_JSON, TOO_LARGE; INVALID_ARGUMENT for another shape, the element at fault in the field.
base::Result<std::vector<std::string>> read_string_array(std::string_view json, const char* name);

}  // namespace tasker::c
