// The error value that every fallible function of the core returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tasker::base {

/// Codes of contract/errors.def.
enum class ErrorCode : std::uint16_t {
#define TASKER_ERROR(name, number, retryable, meaning) k##name = number,
#include "contract/errors.def"
#undef TASKER_ERROR
};

/// "FENCED" for ErrorCode::kFENCED; "UNKNOWN" for a number that errors.def does not list.
std::string_view code_name(ErrorCode code);

/// One-line meaning of a code, from errors.def; a text that says so for an unlisted number.
std::string_view code_meaning(ErrorCode code);

/// Whether the same call may succeed later, from errors.def; false for an unlisted number.
bool code_retryable(ErrorCode code);

/// A failure that a caller can act on.
///
/// message: one line, impersonal; names the field, the value and what was expected.
/// field:   path of the input at fault, such as `steps[2].retry.backoff`; empty if none.
/// detail:  the driver's own code or text, for diagnosis only; empty if none.
struct Error {
  ErrorCode code = ErrorCode::kINTERNAL;
  std::string message;
  std::string field = {};
  std::string detail = {};

  /// {"code":…,"message":…,"field":…,"retryable":…,"detail":…}; an empty field or detail is left
  /// out. Always JSON in UTF-8, whatever bytes the members hold.
  std::string to_json() const;
};

/// The first 80 characters of a value for a message, with an ellipsis when there are more. Control
/// characters and line separators are escaped, malformed UTF-8 is replaced by U+FFFD.
std::string shown(std::string_view value);

}  // namespace tasker::base
