#include "core/model/task_template.h"

#include <gtest/gtest.h>

namespace tasker::model {
namespace {

TEST(StepTypeNames, ParseBack) {
  const std::vector<std::pair<StepType, std::string_view>> names = {
      {StepType::kStandard, "standard"},
      {StepType::kDecision, "decision"},
      {StepType::kDeferredConvergence, "deferred_convergence"},
      {StepType::kBatchable, "batchable"},
      {StepType::kBatchWorker, "batch_worker"}};
  for (const auto& [type, name] : names) {
    EXPECT_EQ(step_type_name(type), name);
    EXPECT_EQ(parse_step_type(name), type);
  }
  EXPECT_FALSE(parse_step_type(""));
  EXPECT_FALSE(parse_step_type("Standard"));
  EXPECT_EQ(step_type_name(static_cast<StepType>(5)), "unknown");
}

TEST(BackoffNames, ParseBack) {
  const std::vector<std::pair<Backoff, std::string_view>> names = {
      {Backoff::kNone, "none"},
      {Backoff::kFixed, "fixed"},
      {Backoff::kLinear, "linear"},
      {Backoff::kExponential, "exponential"},
      {Backoff::kFibonacci, "fibonacci"}};
  for (const auto& [backoff, name] : names) {
    EXPECT_EQ(backoff_name(backoff), name);
    EXPECT_EQ(parse_backoff(name), backoff);
  }
  EXPECT_FALSE(parse_backoff(""));
  EXPECT_FALSE(parse_backoff("quadratic"));
  EXPECT_EQ(backoff_name(static_cast<Backoff>(5)), "unknown");
}

TEST(TemplateKey, IsNamespaceNameAndVersion) {
  TaskTemplate body;
  body.namespace_name = "logistics";
  body.name = "parcel_intake";
  body.version = "1.0.0";
  EXPECT_EQ(template_key(body), "logistics/parcel_intake:1.0.0");
}

}  // namespace
}  // namespace tasker::model
