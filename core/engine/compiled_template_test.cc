#include "core/engine/compiled_template.h"

#include <gtest/gtest.h>

#include "core/engine/engine_test_support.h"

namespace tasker::engine {
namespace {

TEST(CompileTemplate, PlansADiamond) {
  const auto compiled =
      compile_template(stored_template({make_step("start"), make_step("b", {"start"}),
                                        make_step("c", {"start"}), make_step("end", {"b", "c"})}));
  ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
  const store::TaskPlan& plan = *(*compiled)->plan;
  ASSERT_EQ(plan.steps.size(), 4U);
  EXPECT_EQ(plan.sink_count, 1U);
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(plan.steps[i].template_step, i);
    EXPECT_EQ(plan.steps[i].handler, model::HandlerId{100 + i});
    EXPECT_EQ(plan.steps[i].is_sink, i == 3);
  }
  EXPECT_EQ(plan.steps[0].dependency_count, 0U);
  EXPECT_EQ(plan.steps[1].dependency_count, 1U);
  EXPECT_EQ(plan.steps[3].dependency_count, 2U);
  const auto& dependents = (*compiled)->dependents;
  ASSERT_EQ(dependents[0].size(), 2U);
  EXPECT_EQ(dependents[0][1].index, 2U);
  EXPECT_EQ(dependents[0][1].template_step, 2U);
  EXPECT_EQ(dependents[0][1].handler, model::HandlerId{102});
  EXPECT_TRUE(dependents[3].empty());
  EXPECT_EQ((*compiled)->stored.body.steps[3].name, "end");
}

TEST(CompileTemplate, ATemplateWithoutStepsHasAnEmptyPlan) {
  const auto compiled = compile_template(stored_template({}));
  ASSERT_TRUE(compiled.has_value());
  EXPECT_TRUE((*compiled)->plan->steps.empty());
  EXPECT_EQ((*compiled)->plan->sink_count, 0U);
}

TEST(CompileTemplate, StepTypesThatAreNotRunAreRefusedByName) {
  for (const model::StepType type :
       {model::StepType::kDecision, model::StepType::kDeferredConvergence,
        model::StepType::kBatchable, model::StepType::kBatchWorker}) {
    auto stored = stored_template({make_step("first"), make_step("second", {"first"})});
    stored.body.steps[1].type = type;
    const auto compiled = compile_template(std::move(stored));
    ASSERT_FALSE(compiled.has_value());
    EXPECT_EQ(compiled.error().code, base::ErrorCode::kUNSUPPORTED);
    EXPECT_EQ(compiled.error().field, "steps[1].type");
    EXPECT_EQ(compiled.error().message, "step `second` of template n/t:1.0.0 has type `" +
                                            std::string(model::step_type_name(type)) +
                                            "`; this version runs steps of type `standard` only");
  }
}

TEST(CompileTemplate, RefusesADamagedTemplate) {
  auto without_handler = stored_template({make_step("a")});
  without_handler.handler_of_step.clear();
  const auto internal = compile_template(std::move(without_handler));
  ASSERT_FALSE(internal.has_value());
  EXPECT_EQ(internal.error().code, base::ErrorCode::kINTERNAL);
  EXPECT_EQ(internal.error().message, "template n/t:1.0.0 has 1 steps and 0 handlers");

  const auto cyclic =
      compile_template(stored_template({make_step("a", {"b"}), make_step("b", {"a"})}));
  ASSERT_FALSE(cyclic.has_value());
  EXPECT_EQ(cyclic.error().code, base::ErrorCode::kINVALID_TEMPLATE);
}

TEST(CompileTemplate, CountingDownMakesEachStepReadyOnceWhenItsLastDependencyIsDone) {
  const std::uint64_t seed = 43;
  SCOPED_TRACE(seed);
  base::Random random(seed);
  for (int round = 0; round < 300; ++round) {
    const auto compiled = compile_template(
        stored_template(random_steps(random, 60, static_cast<std::uint32_t>(random.below(30)))));
    ASSERT_TRUE(compiled.has_value());
    const CompiledTemplate& work = **compiled;
    std::vector<std::uint32_t> missing;
    std::vector<std::uint32_t> ready;
    std::vector<bool> done(work.plan->steps.size(), false);
    for (const store::NewStep& step : work.plan->steps) {
      missing.push_back(step.dependency_count);
      if (step.dependency_count == 0) ready.push_back(step.template_step);
    }
    std::uint32_t sinks_left = work.plan->sink_count;
    std::size_t completed = 0;
    while (!ready.empty()) {
      std::swap(ready[random.below(ready.size())], ready.back());
      const std::uint32_t step = ready.back();
      ready.pop_back();
      ASSERT_FALSE(done[step]);
      for (const std::uint32_t dependency : work.graph.dependencies[step]) {
        ASSERT_TRUE(done[dependency]);
      }
      ASSERT_GT(sinks_left, 0U) << "the task would be complete before its last step";
      done[step] = true;
      ++completed;
      if (work.graph.is_sink(step)) --sinks_left;
      for (const store::Dependent& dependent : work.dependents[step]) {
        ASSERT_GT(missing[dependent.index], 0U);
        if (--missing[dependent.index] == 0) ready.push_back(dependent.index);
      }
    }
    ASSERT_EQ(completed, done.size());
    ASSERT_EQ(sinks_left, 0U);
  }
}

}  // namespace
}  // namespace tasker::engine
