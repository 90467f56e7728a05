// Checks of a JSON Schema before it is compiled. Private to json_schema.cc.
#pragma once

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace tasker::base {

struct SchemaTraits {
  bool matches_text = false;  ///< has `pattern`, `patternProperties` or `format` somewhere
};

/// What the compiler of schemas does not see, or would not survive: patterns that are no regular
/// expressions, references that lead nowhere, and schemas that apply themselves to the same value
/// without end. INVALID_ARGUMENT with the place in the schema.
Result<SchemaTraits> check_schema(const nlohmann::json& schema);

}  // namespace tasker::base
