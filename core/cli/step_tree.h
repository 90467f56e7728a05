// Steps and what each depends on, drawn as a tree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tasker::cli {

struct TreeRow {
  std::uint32_t step = 0;
  std::string branch = {};  ///< the lines in front of the step's name
  std::vector<std::uint32_t> other_parents =
      {};  ///< all that it depends on besides the one above it
};

/// One row a step: each under its first parent, roots and siblings in ascending order. `parents`
/// has for each step the steps that it depends on, without cycles. Below a certain depth branches
/// are drawn no deeper.
std::vector<TreeRow> step_tree(const std::vector<std::vector<std::uint32_t>>& parents);

}  // namespace tasker::cli
