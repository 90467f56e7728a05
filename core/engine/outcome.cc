#include "core/engine/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/base/json.h"
#include "core/engine/retry.h"

namespace tasker::engine {
namespace {

using model::StepEventKind;
using model::StepState;

/// State of a running step after `event`. The table lists each event that is passed here, so its
/// absence is a broken build of this library, which must not go on to write states.
StepState after(StepEventKind event) {
  const auto next = model::next_state(StepState::kInProgress, event);
  if (!next) std::abort();
  return *next;
}

std::string error_json(std::string_view message, std::string_view error_type, bool retryable) {
  std::string json = R"({"message":)";
  base::append_json_string(json, message);
  json += R"(,"error_type":)";
  base::append_json_string(json, error_type);
  json += retryable ? R"(,"retryable":true})" : R"(,"retryable":false})";
  return json;
}

/// 0 for a time that is not known, and when the clock was set back.
std::int64_t elapsed_us(std::int64_t since_us, std::int64_t now_us) {
  return since_us == 0 ? 0 : std::max<std::int64_t>(0, now_us - since_us);
}

const model::RetryPolicy& policy_of(const CompiledTemplate& compiled, std::uint32_t template_step) {
  return compiled.stored.body.steps[template_step].retry;
}

/// What success and failure have in common.
void begin(const AttemptFacts& facts, StepResult& result, store::Completion& completion) {
  const store::Claim& claim = facts.claim;
  completion.step = claim.step;
  completion.attempt = claim.attempt;
  completion.worker = facts.worker;
  completion.template_id = claim.template_id;
  completion.events.clear();
  completion.metadata_json.swap(result.metadata_json);
  completion.started_at_us = facts.started_at_us;
  completion.execution_us = result.execution_us;
}

}  // namespace

void decide_success(const CompiledTemplate& compiled, const AttemptFacts& facts, StepResult& result,
                    store::Completion& completion) {
  const std::uint32_t template_step = facts.claim.template_step;
  begin(facts, result, completion);
  completion.next = after(StepEventKind::kComplete);
  completion.result_json.swap(result.result_json);
  completion.error_json.clear();
  completion.retry_at_us = 0;
  completion.dependents = compiled.dependents[template_step];
  completion.is_sink = compiled.graph.is_sink(template_step);
}

store::Completion decide_completion(const CompiledTemplate& compiled, const AttemptFacts& facts,
                                    StepResult result, std::int64_t now_us, base::Random& random) {
  const store::Claim& claim = facts.claim;
  if (result.execution_us <= 0) result.execution_us = elapsed_us(facts.started_at_us, now_us);
  store::Completion completion;
  if (result.success) {
    decide_success(compiled, facts, result, completion);
    return completion;
  }
  begin(facts, result, completion);
  completion.error_json = std::move(result.error_json);
  if (completion.error_json.empty()) {
    completion.error_json =
        error_json("the handler failed without a message", "handler_error", result.retryable);
  }
  const model::RetryPolicy& policy = policy_of(compiled, claim.template_step);
  if (result.retryable && has_attempts_left(policy, claim.attempt)) {
    completion.next = after(StepEventKind::kRetryLater);
    completion.retry_at_us =
        now_us + 1000 * retry_delay_ms(policy, claim.attempt, result.retry_after_ms, random);
  } else {
    completion.next = after(StepEventKind::kFail);
  }
  return completion;
}

StepResult core_failure(std::string_view message, std::string_view error_type, bool retryable) {
  StepResult result;
  result.success = false;
  result.error_json = error_json(message, error_type, retryable);
  result.retryable = retryable;
  return result;
}

store::Completion decide_lost_claim(const CompiledTemplate& compiled, const store::LostClaim& lost,
                                    std::int64_t now_us) {
  store::Completion completion;
  completion.step = lost.step;
  completion.attempt = lost.attempt;
  completion.worker = lost.worker;
  completion.template_id = lost.template_id;
  completion.started_at_us = lost.claimed_at_us;
  completion.execution_us = elapsed_us(lost.claimed_at_us, now_us);
  completion.error_json =
      error_json("the worker that ran this attempt is gone", "lease_lapsed", true);
  const bool runs_again = has_attempts_left(policy_of(compiled, lost.template_step), lost.attempt);
  completion.next = after(runs_again ? StepEventKind::kRelease : StepEventKind::kFail);
  return completion;
}

}  // namespace tasker::engine
