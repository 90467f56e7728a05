// Error types of attempts that ended with what ran them: the list of contract/crash_types.def.
#pragma once

#include <optional>
#include <string_view>

namespace tasker::engine {

/// Whether an attempt that ended with `error_type` is worth another when its result does not say;
/// nullopt for a type that is no crash.
std::optional<bool> crash_is_retryable(std::string_view error_type);

}  // namespace tasker::engine
