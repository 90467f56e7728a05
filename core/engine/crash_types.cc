#include "core/engine/crash_types.h"

#include <array>

namespace tasker::engine {
namespace {

struct CrashType {
  std::string_view error_type;
  bool retryable;
};

constexpr std::array kCrashTypes = {
#define TASKER_CRASH(error_type, retryable, meaning) CrashType{#error_type, retryable},
#include "contract/crash_types.def"
#undef TASKER_CRASH
};

}  // namespace

std::optional<bool> crash_is_retryable(std::string_view error_type) {
  for (const CrashType& type : kCrashTypes)
    if (type.error_type == error_type) return type.retryable;
  return std::nullopt;
}

}  // namespace tasker::engine
