// Checks of a JSON Schema before it is compiled. Private to json_schema.cc.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/pattern.h"
#include "core/base/result.h"

namespace tasker::base {

/// The patterns of a schema (`pattern` and the names in `patternProperties`) by their text.
using PatternMap = std::map<std::string, Pattern, std::less<>>;

/// What the compiler of schemas does not see, or would not survive: patterns that are no regular
/// expressions, references that lead nowhere, and schemas that apply themselves to the same value
/// without end. INVALID_ARGUMENT with the place in the schema. Returns its patterns, and takes out
/// of it what no draft since the fourth knows and the compiler takes for a name all the same: `id`.
Result<PatternMap> prepare_schema(nlohmann::json& schema);

}  // namespace tasker::base
