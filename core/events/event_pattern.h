// Names of events, and patterns that choose among them.
//
//   name     segments of letters, digits, `_` and `-`, separated by dots: step.execution.completed
//   pattern  a name, of which segments may be `*`. A `*` stands for one segment, at the end for one
//   or
//            more: step.* chooses step.started and step.execution.completed, not step; * chooses
//            all
#pragma once

#include <string_view>

#include "core/base/result.h"

namespace tasker::events {

inline constexpr std::size_t kEventNameBytesMax = 255;

/// INVALID_ARGUMENT, with the field `name`, when it is no name.
base::Status check_event_name(std::string_view name);

/// INVALID_ARGUMENT, with the field `pattern`, when it is no pattern.
base::Status check_event_pattern(std::string_view pattern);

/// Whether `pattern` has a `*`.
bool is_wildcard(std::string_view pattern);

/// Both have been checked.
bool event_matches(std::string_view pattern, std::string_view name);

}  // namespace tasker::events
