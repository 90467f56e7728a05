#include "core/engine/step_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/engine/engine_test_support.h"

namespace tasker::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StepGraph, KnowsBothDirectionsOfADiamond) {
  const auto graph = build_step_graph({make_step("end", {"b", "c"}), make_step("b", {"start"}),
                                       make_step("c", {"start"}), make_step("start")});
  ASSERT_TRUE(graph.has_value()) << graph.error().message;
  EXPECT_THAT(graph->dependencies,
              ElementsAre(ElementsAre(1, 2), ElementsAre(3), ElementsAre(3), IsEmpty()));
  EXPECT_THAT(graph->dependents,
              ElementsAre(IsEmpty(), ElementsAre(0), ElementsAre(0), ElementsAre(1, 2)));
  EXPECT_THAT(graph->topological_order, ElementsAre(3, 1, 2, 0));
  EXPECT_TRUE(graph->is_sink(0));
  EXPECT_FALSE(graph->is_sink(3));
  EXPECT_THAT(graph->ancestors(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(graph->ancestors(1), ElementsAre(3));
  EXPECT_THAT(graph->ancestors(3), IsEmpty());
}

TEST(StepGraph, NoStepsAreAGraph) {
  const auto graph = build_step_graph({});
  ASSERT_TRUE(graph.has_value());
  EXPECT_THAT(graph->topological_order, IsEmpty());
}

void expect_refused(const std::vector<model::StepTemplate>& steps, std::string_view field,
                    std::string_view message) {
  const auto graph = build_step_graph(steps);
  ASSERT_FALSE(graph.has_value()) << message;
  EXPECT_EQ(graph.error().code, base::ErrorCode::kINVALID_TEMPLATE);
  EXPECT_EQ(graph.error().field, field);
  EXPECT_EQ(graph.error().message, message);
}

TEST(StepGraph, RefusesWhatIsNoGraph) {
  expect_refused({make_step("a"), make_step("b", {"x"})}, "steps[1]",
                 "step `b` depends on unknown step `x`");
  expect_refused({make_step("a"), make_step("a")}, "steps[1]", "duplicate step name `a`");
  expect_refused({make_step("a"), make_step("b", {"a", "a"})}, "steps[1]",
                 "step `b` depends twice on step `a`");
  expect_refused({make_step("a", {"a"})}, "steps[0].dependencies",
                 "cycle: a → a, each depends on the next");
  expect_refused({make_step("s"), make_step("a", {"c", "s"}), make_step("b", {"a"}),
                  make_step("c", {"b"}), make_step("after", {"c"})},
                 "steps[1].dependencies", "cycle: a → c → b → a, each depends on the next");
}

TEST(StepGraph, AChainOfAHundredThousandStepsNeedsNoDeepStack) {
  std::vector<model::StepTemplate> steps;
  constexpr std::uint32_t kCount = 100'000;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    steps.push_back(make_step("s" + std::to_string(i)));
    if (i > 0) steps[i].dependencies = {"s" + std::to_string(i - 1)};
  }
  const auto graph = build_step_graph(steps);
  ASSERT_TRUE(graph.has_value());
  EXPECT_EQ(graph->ancestors(kCount - 1).size(), kCount - 1);
  steps[0].dependencies = {"s" + std::to_string(kCount - 1)};
  EXPECT_FALSE(build_step_graph(steps).has_value());
}

TEST(StepGraph, RandomGraphsAreSortedAndTheirAncestorsAreTheTransitiveDependencies) {
  const std::uint64_t seed = 41;
  SCOPED_TRACE(seed);
  base::Random random(seed);
  for (int round = 0; round < 300; ++round) {
    const auto steps = random_steps(random, 40, static_cast<std::uint32_t>(random.below(40)));
    const auto graph = build_step_graph(steps);
    ASSERT_TRUE(graph.has_value()) << graph.error().message;
    ASSERT_EQ(graph->topological_order.size(), steps.size());
    std::vector<std::set<std::uint32_t>> ancestors(steps.size());
    std::set<std::uint32_t> done;
    for (const std::uint32_t step : graph->topological_order) {
      for (const std::uint32_t dependency : graph->dependencies[step]) {
        ASSERT_TRUE(done.contains(dependency));
        ancestors[step].insert(dependency);
        ancestors[step].insert(ancestors[dependency].begin(), ancestors[dependency].end());
      }
      ASSERT_TRUE(done.insert(step).second);
      const auto found = graph->ancestors(step);
      ASSERT_TRUE(
          std::equal(found.begin(), found.end(), ancestors[step].begin(), ancestors[step].end()));
    }
  }
}

TEST(FindCycles, EveryCycleThatIsNamedExistsAndEveryCyclicGraphHasOne) {
  const std::uint64_t seed = 42;
  SCOPED_TRACE(seed);
  base::Random random(seed);
  int cyclic = 0;
  for (int round = 0; round < 500; ++round) {
    const std::size_t count = 2 + random.below(12);
    std::vector<std::vector<std::uint32_t>> edges(count);
    for (auto& dependencies : edges) {
      for (std::uint32_t i = 0; i < count; ++i) {
        if (random.below(100) < 8) dependencies.push_back(i);
      }
    }
    // Taking away steps without dependencies leaves nothing exactly when there is no cycle.
    std::vector<bool> gone(count, false);
    for (std::size_t pass = 0; pass < count; ++pass) {
      for (std::size_t step = 0; step < count; ++step) {
        gone[step] = std::all_of(edges[step].begin(), edges[step].end(),
                                 [&gone](std::uint32_t dependency) { return gone[dependency]; });
      }
    }
    const bool is_cyclic = std::find(gone.begin(), gone.end(), false) != gone.end();
    cyclic += is_cyclic ? 1 : 0;
    const auto cycles = find_cycles(edges);
    ASSERT_EQ(!cycles.empty(), is_cyclic);
    std::set<std::uint32_t> on_cycles;
    for (const auto& cycle : cycles) {
      ASSERT_EQ(*std::min_element(cycle.begin(), cycle.end()), cycle.front());
      for (std::size_t i = 0; i < cycle.size(); ++i) {
        const std::uint32_t next = cycle[(i + 1) % cycle.size()];
        ASSERT_THAT(edges[cycle[i]], testing::Contains(next));
        ASSERT_TRUE(on_cycles.insert(cycle[i]).second);
      }
    }
  }
  EXPECT_GT(cyclic, 50);
  EXPECT_LT(cyclic, 450);
}

TEST(DescribeCycle, ShortensTheMiddleOfALongCycle) {
  std::vector<std::string> names;
  for (int i = 0; i < 21; ++i) names.push_back("s" + std::to_string(i));
  std::vector<std::string_view> views(names.begin(), names.end());
  EXPECT_EQ(describe_cycle(views),
            "cycle: s0 → s1 → s2 → s3 → s4 → s5 → s6 → s7 → s8 → s9 → (1 more) → s11 → s12 → s13 → "
            "s14 → s15 → s16 → s17 → s18 → s19 → s20 → s0, each depends on the next");
  views.pop_back();
  EXPECT_EQ(describe_cycle(views).find("more"), std::string::npos);
}

}  // namespace
}  // namespace tasker::engine
