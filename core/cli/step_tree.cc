#include "core/cli/step_tree.h"

namespace tasker::cli {
namespace {

constexpr std::size_t kDrawnDepthMax = 12;

/// A step whose turn has not come, with the branch of its parent.
struct Waiting {
  std::uint32_t step = 0;
  std::size_t depth = 0;
  bool last = false;  ///< of its siblings
  std::string parents_indent = {};
};

}  // namespace

std::vector<TreeRow> step_tree(const std::vector<std::vector<std::uint32_t>>& parents) {
  std::vector<std::vector<std::uint32_t>> children(parents.size());
  std::vector<std::uint32_t> roots;
  for (std::uint32_t step = 0; step < parents.size(); ++step) {
    (parents[step].empty() ? roots : children[parents[step].front()]).push_back(step);
  }
  std::vector<Waiting> stack;
  for (auto root = roots.rbegin(); root != roots.rend(); ++root) stack.push_back({.step = *root});

  std::vector<TreeRow> rows;
  while (!stack.empty()) {
    const Waiting now = stack.back();
    stack.pop_back();
    const bool drawn = now.depth > 0 && now.depth <= kDrawnDepthMax;
    TreeRow row{.step = now.step, .branch = now.parents_indent};
    if (drawn) row.branch += now.last ? "└─ " : "├─ ";
    const auto& own = parents[now.step];
    if (own.size() > 1) row.other_parents.assign(own.begin() + 1, own.end());
    rows.push_back(std::move(row));

    std::string indent = now.parents_indent;
    if (drawn && now.depth < kDrawnDepthMax) indent += now.last ? "   " : "│  ";
    const auto& below = children[now.step];
    for (auto child = below.rbegin(); child != below.rend(); ++child) {
      stack.push_back({.step = *child,
                       .depth = now.depth + 1,
                       .last = child == below.rbegin(),
                       .parents_indent = indent});
    }
  }
  return rows;
}

}  // namespace tasker::cli
