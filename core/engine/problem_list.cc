#include "core/engine/problem_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tasker::engine {

void ProblemList::add(int line, std::string field, std::string reason) {
  const bool is_known =
      std::any_of(problems_.begin(), problems_.end(), [&](const TemplateProblem& known) {
        return known.line == line && known.field == field && known.reason == reason;
      });
  if (is_known) return;
  if (full()) {
    has_more_ = true;
    return;
  }
  problems_.push_back({line, std::move(field), std::move(reason)});
}

void ProblemList::add_unknown_field(int line, std::string field, std::string reason) {
  if (!ignores_unknown_fields_) return add(line, std::move(field), std::move(reason));
  if (unknown_fields_.size() >= kProblemsMax) return;
  unknown_fields_.push_back({line, std::move(field), std::move(reason)});
}

std::vector<TemplateProblem> ProblemList::take_unknown_fields() {
  std::stable_sort(unknown_fields_.begin(), unknown_fields_.end(),
                   [](const TemplateProblem& left, const TemplateProblem& right) {
                     return left.line < right.line;
                   });
  return std::exchange(unknown_fields_, {});
}

std::vector<TemplateProblem> ProblemList::take() {
  std::stable_sort(
      problems_.begin(), problems_.end(),
      [](const TemplateProblem& a, const TemplateProblem& b) { return a.line < b.line; });
  if (std::exchange(has_more_, false)) {
    problems_.push_back(
        {0, "", fmt::format("there are more problems; {} are listed", kProblemsMax)});
  }
  return std::exchange(problems_, {});
}

}  // namespace tasker::engine
