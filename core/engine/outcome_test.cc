#include "core/engine/outcome.h"

#include <gtest/gtest.h>

#include <string>

#include "core/engine/engine_test_support.h"

namespace tasker::engine {
namespace {

constexpr std::int64_t kNowUs = 1'800'000'000'000'000;

std::shared_ptr<const CompiledTemplate> two_steps(const model::RetryPolicy& retry) {
  std::vector<model::StepTemplate> steps = {make_step("a"), make_step("b", {"a"})};
  for (auto& step : steps) step.retry = retry;
  auto compiled = compile_template(stored_template(std::move(steps)));
  return compiled.value();
}

AttemptFacts facts_of(std::uint32_t step, std::uint32_t attempt) {
  AttemptFacts facts;
  facts.claim.step = {model::TaskId{5}, step};
  facts.claim.template_id = model::TemplateId{7};
  facts.claim.template_step = step;
  facts.claim.attempt = attempt;
  facts.worker = model::WorkerId{3};
  facts.started_at_us = kNowUs - 2500;
  return facts;
}

model::RetryPolicy linear(std::uint32_t max_attempts) {
  model::RetryPolicy policy;
  policy.backoff = model::Backoff::kLinear;
  policy.backoff_base_ms = 100;
  policy.max_attempts = max_attempts;
  return policy;
}

store::Completion decide(const model::RetryPolicy& policy, std::uint32_t step,
                         std::uint32_t attempt, StepResult result) {
  base::Random random(1);
  return decide_completion(*two_steps(policy), facts_of(step, attempt), std::move(result), kNowUs,
                           random);
}

StepResult success(std::string result_json) {
  StepResult result;
  result.success = true;
  result.result_json = std::move(result_json);
  return result;
}

TEST(DecideCompletion, ASuccessCompletesTheStepAndCountsItsDependentsDown) {
  StepResult result = success("[1]");
  result.metadata_json = R"({"m":1})";
  const store::Completion completion = decide(linear(3), 0, 2, std::move(result));
  EXPECT_EQ(completion.next, model::StepState::kComplete);
  EXPECT_EQ(completion.step.task, model::TaskId{5});
  EXPECT_EQ(completion.step.index, 0U);
  EXPECT_EQ(completion.attempt, 2U);
  EXPECT_EQ(completion.worker, model::WorkerId{3});
  EXPECT_EQ(completion.template_id, model::TemplateId{7});
  EXPECT_EQ(completion.result_json, "[1]");
  EXPECT_EQ(completion.metadata_json, R"({"m":1})");
  EXPECT_EQ(completion.error_json, "");
  EXPECT_EQ(completion.started_at_us, kNowUs - 2500);
  EXPECT_EQ(completion.retry_at_us, 0);
  EXPECT_FALSE(completion.is_sink);
  ASSERT_EQ(completion.dependents.size(), 1U);
  EXPECT_EQ(completion.dependents[0].index, 1U);
  EXPECT_EQ(completion.dependents[0].handler, model::HandlerId{101});
}

TEST(DecideCompletion, ASinkCountsTheTaskDown) {
  const store::Completion completion = decide(linear(3), 1, 1, success("{}"));
  EXPECT_TRUE(completion.is_sink);
  EXPECT_TRUE(completion.dependents.empty());
}

TEST(DecideCompletion, ExecutionTimeIsTheHandlersWordElseMeasured) {
  StepResult told = success("{}");
  told.execution_us = 7;
  EXPECT_EQ(decide(linear(3), 0, 1, std::move(told)).execution_us, 7);
  EXPECT_EQ(decide(linear(3), 0, 1, success("{}")).execution_us, 2500);

  base::Random random(1);
  AttemptFacts facts = facts_of(0, 1);
  facts.started_at_us = kNowUs + 1;
  EXPECT_EQ(
      decide_completion(*two_steps(linear(3)), facts, success("{}"), kNowUs, random).execution_us,
      0);
  facts.started_at_us = 0;
  EXPECT_EQ(
      decide_completion(*two_steps(linear(3)), facts, success("{}"), kNowUs, random).execution_us,
      0);
}

TEST(DecideCompletion, ARetryableFailureWaitsForItsBackOff) {
  const store::Completion completion = decide(linear(3), 0, 2, core_failure("m", "timeout", true));
  EXPECT_EQ(completion.next, model::StepState::kWaitingForRetry);
  EXPECT_EQ(completion.retry_at_us, kNowUs + 200'000);
  EXPECT_EQ(completion.error_json, R"({"message":"m","error_type":"timeout","retryable":true})");
  EXPECT_TRUE(completion.dependents.empty());
  EXPECT_FALSE(completion.is_sink);
}

TEST(DecideCompletion, WithoutABackOffTheRetryIsDueAtOnce) {
  model::RetryPolicy none;
  none.backoff = model::Backoff::kNone;
  const store::Completion completion = decide(none, 0, 1, core_failure("m", "t", true));
  EXPECT_EQ(completion.next, model::StepState::kWaitingForRetry);
  EXPECT_EQ(completion.retry_at_us, kNowUs);
}

TEST(DecideCompletion, AHandlersWishDelaysTheRetry) {
  StepResult result = core_failure("m", "t", true);
  result.retry_after_ms = 1500;
  EXPECT_EQ(decide(linear(3), 0, 1, std::move(result)).retry_at_us, kNowUs + 1'500'000);
}

TEST(DecideCompletion, AFailureIsFinalAfterTheLastAttempt) {
  const store::Completion completion = decide(linear(3), 1, 3, core_failure("m", "t", true));
  EXPECT_EQ(completion.next, model::StepState::kError);
  EXPECT_EQ(completion.retry_at_us, 0);
  EXPECT_FALSE(completion.is_sink);
  EXPECT_EQ(decide(linear(0), 0, 1, core_failure("m", "t", true)).next, model::StepState::kError);
}

TEST(DecideCompletion, AFailureIsFinalWhenItIsNotRetryable) {
  EXPECT_EQ(decide(linear(3), 0, 1, core_failure("m", "t", false)).next, model::StepState::kError);
}

TEST(DecideCompletion, AFailureIsFinalWhenTheStepIsNotRetryable) {
  model::RetryPolicy policy = linear(3);
  policy.retryable = false;
  EXPECT_EQ(decide(policy, 0, 1, core_failure("m", "t", true)).next, model::StepState::kError);
}

TEST(DecideCompletion, AFailureWithoutAnErrorGetsOne) {
  StepResult result;
  result.retryable = false;
  EXPECT_EQ(decide(linear(3), 0, 1, std::move(result)).error_json,
            R"({"message":"the handler failed without a message","error_type":"handler_error",)"
            R"("retryable":false})");
}

TEST(DecideCompletion, TakesWhatAHandlersDocumentSays) {
  auto result = read_step_result(
      R"({"success":false,"metadata":{"retry_after_seconds":9},"error":{"message":"busy"}})", 1000);
  ASSERT_TRUE(result.has_value());
  const store::Completion completion = decide(linear(3), 0, 1, std::move(*result));
  EXPECT_EQ(completion.next, model::StepState::kWaitingForRetry);
  EXPECT_EQ(completion.retry_at_us, kNowUs + 9'000'000);
  EXPECT_EQ(completion.error_json,
            R"({"message":"busy","error_type":"handler_error","retryable":true})");
}

TEST(CoreFailure, IsAFailureWithACompleteError) {
  const StepResult result = core_failure("say \"why\"", "result_invalid", false);
  EXPECT_FALSE(result.success);
  EXPECT_FALSE(result.retryable);
  EXPECT_EQ(result.error_json,
            R"({"message":"say \"why\"","error_type":"result_invalid","retryable":false})");
}

store::LostClaim lost_claim(std::uint32_t attempt) {
  store::LostClaim lost;
  lost.step = {model::TaskId{5}, 1};
  lost.worker = model::WorkerId{9};
  lost.template_id = model::TemplateId{7};
  lost.template_step = 1;
  lost.attempt = attempt;
  lost.claimed_at_us = kNowUs - 15'000'000;
  return lost;
}

TEST(DecideLostClaim, TheStepIsClaimableAgainWhileAttemptsAreLeft) {
  const store::Completion completion =
      decide_lost_claim(*two_steps(linear(3)), lost_claim(2), kNowUs);
  EXPECT_EQ(completion.next, model::StepState::kEnqueued);
  EXPECT_EQ(completion.step.index, 1U);
  EXPECT_EQ(completion.attempt, 2U);
  EXPECT_EQ(completion.worker, model::WorkerId{9});
  EXPECT_EQ(completion.template_id, model::TemplateId{7});
  EXPECT_EQ(completion.started_at_us, kNowUs - 15'000'000);
  EXPECT_EQ(completion.execution_us, 15'000'000);
  EXPECT_EQ(completion.error_json,
            R"({"message":"the worker that ran this attempt is gone","error_type":"lease_lapsed",)"
            R"("retryable":true})");
  EXPECT_TRUE(completion.dependents.empty());
}

TEST(DecideLostClaim, TheStepFailsAfterItsLastAttempt) {
  EXPECT_EQ(decide_lost_claim(*two_steps(linear(3)), lost_claim(3), kNowUs).next,
            model::StepState::kError);
  EXPECT_EQ(decide_lost_claim(*two_steps(linear(1)), lost_claim(1), kNowUs).next,
            model::StepState::kError);
}

TEST(DecideLostClaim, AStepThatIsNotRetryableIsNotRunAgain) {
  model::RetryPolicy policy = linear(3);
  policy.retryable = false;
  EXPECT_EQ(decide_lost_claim(*two_steps(policy), lost_claim(1), kNowUs).next,
            model::StepState::kError);
}

}  // namespace
}  // namespace tasker::engine
