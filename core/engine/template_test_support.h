// What the template suites share: small templates and a comparison of reports.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/template_yaml.h"

namespace tasker::engine {

/// A problem as a test expects it: its line and field, and a part of its reason.
struct Expected {
  int line = 0;
  std::string field;
  std::string reason_part;
};

/// One text and the problems it must have, all of them, in order.
struct BadText {
  std::string what;
  std::string yaml;
  std::vector<Expected> problems;
};

inline std::string all_problems(const TemplateReport& report) {
  return template_error(report, "text").message;
}

inline void expect_problems(const BadText& bad, const TemplateLimits& limits = {}) {
  SCOPED_TRACE(bad.what + "\n" + bad.yaml.substr(0, 2000));
  const TemplateReport report = read_template_yaml(bad.yaml, limits);
  EXPECT_FALSE(report.body.has_value());
  ASSERT_EQ(report.problems.size(), bad.problems.size()) << all_problems(report);
  for (std::size_t i = 0; i < bad.problems.size(); ++i) {
    EXPECT_EQ(report.problems[i].line, bad.problems[i].line) << all_problems(report);
    EXPECT_EQ(report.problems[i].field, bad.problems[i].field) << all_problems(report);
    EXPECT_NE(report.problems[i].reason.find(bad.problems[i].reason_part), std::string::npos)
        << all_problems(report) << "\nexpected: " << bad.problems[i].reason_part;
  }
}

/// The body of a text without problems; an empty one after a test failure.
inline model::TaskTemplate good(std::string_view yaml) {
  TemplateReport report = read_template_yaml(yaml);
  EXPECT_TRUE(report.problems.empty()) << all_problems(report) << "\n" << yaml.substr(0, 2000);
  return report.body.value_or(model::TaskTemplate{});
}

/// Lines 1 to 3 are a complete template; `more` begins on line 4.
inline std::string with_top(std::string_view more) {
  return "name: t\nnamespace_name: n\nversion: 1.0.0\n" + std::string(more);
}

/// A template of one step `a`, whose `more` lines (not indented) begin on line 7.
inline std::string with_step(std::string_view more) {
  std::string yaml = with_top("steps:\n  - name: a\n    handler: {callable: h}\n");
  while (!more.empty()) {
    const std::size_t end = std::min(more.find('\n'), more.size());
    yaml += "    " + std::string(more.substr(0, end)) + "\n";
    more.remove_prefix(std::min(end + 1, more.size()));
  }
  return yaml;
}

}  // namespace tasker::engine
