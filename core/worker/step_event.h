// A step on its way to its handler: everything that the handler may ask for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/uuid.h"
#include "core/engine/compiled_template.h"
#include "core/store/records.h"
#include "core/worker/executor.h"

namespace tasker::worker {

class HandlerMetrics;

/// Result of a step that this one depends on, directly or through others.
struct DependencyResult {
  std::uint32_t step = 0;                     ///< index in the task
  std::shared_ptr<const std::string> result;  ///< JSON text
};

struct StepEvent {
  base::Uuid event_id;  ///< new for each dispatch; names the completion
  store::Claim claim;
  std::shared_ptr<const store::TaskHeader> task;
  std::shared_ptr<const engine::CompiledTemplate> compiled;
  std::vector<DependencyResult> dependencies;
  std::string previous_result_json;  ///< result document of the attempt before, or empty
  /// The same through all checkpoints of an attempt.
  base::Uuid correlation_id;
  /// What the handler sees of the step's last checkpoint (contract, 2.4); null when it has none.
  std::shared_ptr<const std::string> checkpoint_json;
  bool is_continuation = false;       ///< dispatched again by a checkpoint, not claimed anew
  HandlerMetrics* metrics = nullptr;  ///< of its handler
  std::string text;                   ///< its JSON when it was made ready, or empty
  Route route;                        ///< set before it is dispatched
};

/// Name of the handler of a step event.
std::string_view handler_of(const StepEvent& event);

/// Makes the event's JSON now, on a thread that has the time, so that handing it out is a copy.
/// Large ones are left for later: a queue of them would hold their payloads twice.
/// @param memory whose content does not matter, to be used again
void make_text_ready(StepEvent& event, std::string memory = {});

/// Appends the contract's step event (2.1) for `event`. One whose text is ready may not be changed.
void append_step_event_json(std::string& out, const StepEvent& event);
/// Appends the part of it that domain events carry too: {task, workflow_step, step_definition,
/// dependency_results}.
void append_task_sequence_step_json(std::string& out, const StepEvent& event);

}  // namespace tasker::worker
