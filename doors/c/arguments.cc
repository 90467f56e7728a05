#include "doors/c/arguments.h"

#include <fmt/format.h>

namespace tasker::c {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

Result<std::string_view> text_argument(const char* data, std::size_t bytes, const char* name) {
  if (data) return std::string_view(data, bytes);
  if (bytes == 0) return std::string_view();
  return fail(ErrorCode::kINVALID_ARGUMENT,
              fmt::format("{} is NULL; expected {} bytes of text", name, bytes), name);
}

Result<std::string_view> required_text(const char* data, std::size_t bytes, const char* name) {
  if (auto given = check_not_null(data, name); !given) return fail(given.error());
  return std::string_view(data, bytes);
}

Result<base::Uuid> uuid_argument(const char* data, std::size_t bytes, const char* name) {
  const auto text = required_text(data, bytes, name);
  if (!text) return fail(text.error());
  const auto uuid = base::parse_uuid(*text);
  if (!uuid)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} is \"{}\"; expected a UUID", name, base::shown(*text)), name);
  return *uuid;
}

Status check_range(std::uint64_t value, std::uint64_t min, std::uint64_t max, const char* name) {
  if (value >= min && value <= max) return {};
  return fail(ErrorCode::kINVALID_ARGUMENT,
              fmt::format("{} is {}; expected {} to {}", name, value, min, max), name);
}

Status check_not_null(const void* pointer, const char* name) {
  if (pointer) return {};
  return fail(ErrorCode::kINVALID_ARGUMENT, fmt::format("{} is NULL", name), name);
}

}  // namespace tasker::c
