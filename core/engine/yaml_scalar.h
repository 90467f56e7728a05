// What a plain (unquoted) YAML scalar is, by the core schema of YAML 1.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/engine/yaml_tree.h"

namespace tasker::engine {

/// kNull, kBoolean, kInteger, kFloat, kNotFinite or kString. `yes`, `no`, `on`, `off` are strings.
YamlType plain_scalar_type(std::string_view text);

/// Value of a kBoolean scalar.
bool plain_boolean(std::string_view text);

/// Value of a kInteger scalar (decimal, 0o… or 0x…); nullopt outside of 64 bits signed.
std::optional<std::int64_t> plain_integer(std::string_view text);

/// JSON number of a kFloat scalar with all its digits; nullopt when it is too large or
/// too small for a double.
std::optional<std::string> plain_float_json(std::string_view text);

}  // namespace tasker::engine
