// The problems of one template text, collected while it is read.
#pragma once

#include <string>
#include <vector>

#include "core/engine/template_yaml.h"

namespace tasker::engine {

/// Keeps the first kProblemsMax problems that are found, so that a hostile text can not make a
/// report of any size. Threads: one.
class ProblemList {
 public:
  static constexpr std::size_t kProblemsMax = 200;

  ProblemList() = default;
  explicit ProblemList(bool ignores_unknown_fields)
      : ignores_unknown_fields_(ignores_unknown_fields) {}

  /// `line` is 1-based, 0 for a problem without a place. The same problem again is dropped.
  void add(int line, std::string field, std::string reason);
  /// As add, for a field that no rule knows: no problem where those are ignored.
  void add_unknown_field(int line, std::string field, std::string reason);
  bool empty() const { return problems_.empty(); }
  /// True when nothing more is kept: costly explanations can be left out.
  bool full() const { return problems_.size() >= kProblemsMax; }

  /// All that was kept, in the order of the text, and a last entry when there were more. Leaves the
  /// list empty.
  std::vector<TemplateProblem> take();
  /// The unknown fields that were ignored, up to kProblemsMax, in the order of the text.
  std::vector<TemplateProblem> take_unknown_fields();

 private:
  const bool ignores_unknown_fields_ = false;
  std::vector<TemplateProblem> unknown_fields_;
  std::vector<TemplateProblem> problems_;
  bool has_more_ = false;
};

}  // namespace tasker::engine
