// What the exported functions are given, checked where it enters; an error names the parameter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/base/uuid.h"

namespace tasker::c {

inline constexpr std::uint32_t kPollMax = 4'096;
inline constexpr std::uint32_t kPollTimeoutMsMax = 60'000;

/// The text at `data`; NULL stands for an empty one when its size is 0.
base::Result<std::string_view> text_argument(const char* data, std::size_t bytes, const char* name);
/// As text_argument, in which NULL or nothing is an error.
base::Result<std::string_view> required_text(const char* data, std::size_t bytes, const char* name);
base::Result<base::Uuid> uuid_argument(const char* data, std::size_t bytes, const char* name);
base::Status check_range(std::uint64_t value, std::uint64_t min, std::uint64_t max,
                         const char* name);
base::Status check_not_null(const void* pointer, const char* name);

}  // namespace tasker::c
