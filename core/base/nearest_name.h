// Which known name was probably meant.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tasker::base {

/// The candidate that differs least from `name`, the first of several: at most a third of the
/// letters (and at most 3) changed, added, left out or swapped with the next, case apart. Failing
/// that, the first that `name` (of 3 letters or more) is the beginning of. nullopt when none is
/// near, and for names over 128 bytes.
std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> candidates);

}  // namespace tasker::base
