#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/engine/template_test_support.h"

namespace tasker::engine {
namespace {

using testing::ElementsAre;

/// One line a step, from line 5: `name: dependency dependency …`.
std::string steps(std::initializer_list<std::pair<std::string, std::string>> all) {
  std::string yaml = with_top("steps:\n");
  for (const auto& [name, dependencies] : all) {
    yaml +=
        "- {name: " + name + ", handler: {callable: h}, dependencies: [" + dependencies + "]}\n";
  }
  return yaml;
}

TEST(CheckDependencies, ADependencyMayStandBeforeItsStep) {
  const model::TaskTemplate body = good(steps({{"c", "a, b"}, {"b", "a"}, {"a", ""}}));
  EXPECT_THAT(body.steps.at(0).dependencies, ElementsAre("a", "b"));
  EXPECT_THAT(body.steps.at(1).dependencies, ElementsAre("a"));
  EXPECT_TRUE(body.steps.at(2).dependencies.empty());
}

TEST(CheckDependencies, MistakesAreNamedWithLineAndField) {
  const std::vector<BadText> table = {
      {"unknown",
       steps({{"a", ""}, {"b", "zzz"}}),
       {{6, "steps[1].dependencies[0]", "unknown dependency `zzz`; no step has this name"}}},
      {"nearly known",
       steps({{"load_flights", ""}, {"b", "load_flight"}}),
       {{6, "steps[1].dependencies[0]",
         "unknown dependency `load_flight`; no step has this name, did you mean `load_flights`?"}}},
      {"self",
       steps({{"a", "a"}}),
       {{5, "steps[0].dependencies[0]", "step `a` depends on itself"}}},
      {"twice",
       steps({{"a", ""}, {"b", "a, a"}}),
       {{6, "steps[1].dependencies[1]", "duplicate dependency `a`"}}},
      {"unknown twice",
       steps({{"a", "x1, x1"}}),
       {{5, "steps[0].dependencies[0]", "unknown dependency `x1`"},
        {5, "steps[0].dependencies[1]", "duplicate dependency `x1`"}}},
      {"duplicate step",
       steps({{"a", ""}, {"b", "a"}, {"a", "b"}}),
       {{7, "steps[2].name", "duplicate step name `a`; it is given first on line 5"}}},
      {"cycle of two",
       steps({{"a", "b"}, {"b", "a"}}),
       {{5, "steps[0].dependencies", "cycle: a → b → a, each depends on the next"}}},
      {"cycle behind other steps",
       steps({{"s", ""}, {"x", "z, s"}, {"y", "x"}, {"z", "y"}}),
       {{6, "steps[1].dependencies", "cycle: x → z → y → x, each depends on the next"}}},
      {"two cycles",
       steps({{"a", "b"}, {"b", "a"}, {"c", "d"}, {"d", "c, a"}}),
       {{5, "steps[0].dependencies", "cycle: a → b → a"},
        {7, "steps[2].dependencies", "cycle: c → d → c"}}},
      {"cycle beside an unknown dependency",
       steps({{"a", "b"}, {"b", "a, nobody"}}),
       {{5, "steps[0].dependencies", "cycle: a → b → a"},
        {6, "steps[1].dependencies[1]", "unknown dependency `nobody`"}}},
  };
  for (const BadText& bad : table) expect_problems(bad);
}

TEST(CheckDependencies, AStepWithoutANameDoesNotHideTheOthers) {
  expect_problems({"nameless",
                   with_top("steps:\n- {handler: {callable: h}, dependencies: [b]}\n"
                            "- {name: b, handler: {callable: h}, dependencies: [c]}\n"),
                   {{5, "steps[0].name", "missing"},
                    {6, "steps[1].dependencies[0]", "unknown dependency `c`"}}});
}

TEST(CheckDependencies, ACycleOfAllStepsIsNamedWithItsMiddleLeftOut) {
  std::string yaml = with_top("steps:\n");
  const int count = 5000;
  for (int i = 0; i < count; ++i) {
    yaml += "- {name: s" + std::to_string(i) + ", handler: {callable: h}, dependencies: [s" +
            std::to_string((i + 1) % count) + "]}\n";
  }
  expect_problems({"5000", yaml, {{5, "steps[0].dependencies", "s9 → (4980 more) → s4990"}}});
}

TEST(CheckDependencies, ThousandsOfUnknownDependenciesAreReportedSoon) {
  std::string yaml = with_top("steps:\n");
  for (int i = 0; i < 2000; ++i) {
    yaml += "- {name: " + std::string(100, 'a') + std::to_string(i) +
            ", handler: {callable: h}, dependencies: [" + std::string(100, 'b') + "]}\n";
  }
  const TemplateReport report = read_template_yaml(yaml);
  EXPECT_EQ(report.problems.size(), 201U);
}

}  // namespace
}  // namespace tasker::engine
