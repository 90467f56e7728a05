// What the end of an attempt means for its step: pure decisions, written by the store as one
// commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/engine/compiled_template.h"
#include "core/engine/published_events.h"
#include "core/store/records.h"

namespace tasker::engine {

/// A handler's result as it came over a door (contract, 2.2), its envelope read, its payloads still
/// text.
struct StepResult {
  bool success = false;
  std::string result_json = "{}";
  std::string error_json;     ///< object; empty on success
  std::string metadata_json;  ///< object; empty when none was given
  bool retryable = true;      ///< metadata.retryable, else error.retryable, else as
                              ///< contract/crash_types.def says of the error type, else true
  std::optional<std::int64_t> retry_after_ms;
  std::int64_t execution_us = 0;
  std::vector<HandlerEvent> events;  ///< what the handler itself publishes
};

/// Which attempt a result belongs to.
struct AttemptFacts {
  store::Claim claim;
  model::WorkerId worker{};
  std::int64_t started_at_us = 0;
};

/// Result document of the contract's 2.2 to a StepResult. INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT
/// with the field. Unknown keys are kept inside metadata; a wrong type in metadata other than
/// `retryable`, `execution_time_ms` and `retry_after_seconds` is tolerated.
/// @param into replaced, its memory used again; undefined after an error
base::Status read_step_result(base::JsonText document, std::size_t bytes_max, StepResult& into);
/// As above, as a new value.
base::Result<StepResult> read_step_result(base::JsonText document, std::size_t bytes_max);

/// Success completes the step; a retryable failure with attempts left waits for its back-off; any
/// other fails it.
store::Completion decide_completion(const CompiledTemplate& compiled, const AttemptFacts& facts,
                                    StepResult result, std::int64_t now_us, base::Random& random);
/// The same for a success, which needs no time and no chance. What was in `completion` is replaced,
/// its memory goes to `result` in exchange.
/// @param result with its execution_us
void decide_success(const CompiledTemplate& compiled, const AttemptFacts& facts, StepResult& result,
                    store::Completion& completion);

/// A failure that the core states itself: `error_type` such as "timeout", "lease_lapsed".
StepResult core_failure(std::string_view message, std::string_view error_type, bool retryable);

/// What becomes of a claim whose worker is gone: claimable again at once, or an error after the
/// last attempt.
store::Completion decide_lost_claim(const CompiledTemplate& compiled, const store::LostClaim& lost,
                                    std::int64_t now_us);

}  // namespace tasker::engine
