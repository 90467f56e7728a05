// The known name that a misspelt one was probably meant to be.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace tasker::config {

/// The member of `known` with the fewest changes of one character from `name`, the first of equals;
/// nullopt when more than a third of `name` (and more than two characters) would have to change.
/// The view is one of `known`.
std::optional<std::string_view> nearest_name(std::string_view name,
                                             const std::vector<std::string_view>& known);

}  // namespace tasker::config
