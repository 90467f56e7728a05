// Checked reading and writing of JSON text: the one place that knows which JSON library is used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace tasker::base {

struct JsonLimits {
  std::size_t bytes_max = 16U << 20;
  std::uint32_t depth_max = 128;
};

/// OK when `text` is exactly one JSON document in UTF-8 within the limits; INVALID_JSON or
/// TOO_LARGE otherwise, with `field` as the error's field.
Status check_json(std::string_view text, std::string_view field, const JsonLimits& limits = {});

/// As check_json, and the document is an object.
Status check_json_object(std::string_view text, std::string_view field,
                         const JsonLimits& limits = {});

/// Appends `text` as a JSON string with its quotes. Invalid UTF-8 is replaced by U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// The members of object `over` laid over those of object `under` (top level only). Both are
/// checked JSON objects.
std::string merge_json_objects(std::string_view under, std::string_view over);

}  // namespace tasker::base
