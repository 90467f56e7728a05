#include "core/worker/step_document.h"

#include <string_view>

#include "core/base/json.h"
#include "core/worker/json_writer.h"

namespace tasker::worker {
namespace {

struct Times {
  std::int64_t started_at_us = 0;
  std::int64_t ended_at_us = 0;
  std::int64_t execution_us = 0;
};

/// The author's metadata under what the core itself has measured.
std::string metadata(std::string_view authors, const Times& times) {
  std::string own;
  JsonObject object(own);
  object.number("execution_time_ms", whole_ms(times.execution_us));
  if (times.started_at_us != 0) {
    object.time("started_at", times.started_at_us, TimeSpelling::kTaskResponse);
  }
  if (times.ended_at_us != 0) {
    object.time("completed_at", times.ended_at_us, TimeSpelling::kTaskResponse);
  }
  object.close();
  return authors.empty() ? own : base::merge_json_objects(authors, own);
}

std::string success_document(const base::Uuid& step_uuid, const store::StepRecord& step) {
  std::string out;
  JsonObject object(out);
  object.uuid("step_uuid", step_uuid);
  object.flag("success", true);
  object.raw("result", step.result_json);
  object.text("status", "completed");
  object.raw("metadata", metadata(step.metadata_json, {.started_at_us = step.claimed_at_us,
                                                       .ended_at_us = step.completed_at_us,
                                                       .execution_us = step.execution_us}));
  object.close();
  return out;
}

std::string failure_document(const base::Uuid& step_uuid, std::string_view result_json,
                             std::string_view metadata_json, std::string_view error_json) {
  std::string out;
  JsonObject object(out);
  object.uuid("step_uuid", step_uuid);
  object.flag("success", false);
  object.raw("result", result_json.empty() ? "{}" : result_json);
  object.text("status", "failed");
  object.raw("metadata", metadata_json);
  object.raw("error", error_json);
  object.close();
  return out;
}

}  // namespace

std::string step_document(const base::Uuid& step_uuid, const store::StepRecord& step) {
  if (step.state == model::StepState::kComplete) return success_document(step_uuid, step);
  if (step.error_json.empty()) return {};
  const Times times{.ended_at_us = step.completed_at_us, .execution_us = step.execution_us};
  return failure_document(step_uuid, step.result_json, metadata(step.metadata_json, times),
                          step.error_json);
}

std::string attempt_document(const base::Uuid& step_uuid, const store::AttemptRecord& attempt) {
  const Times times{.started_at_us = attempt.started_at_us,
                    .ended_at_us = attempt.ended_at_us,
                    .execution_us = attempt.ended_at_us - attempt.started_at_us};
  return failure_document(step_uuid, {}, metadata({}, times), attempt.error_json);
}

std::int64_t whole_ms(std::int64_t duration_us) { return (duration_us + 500) / 1000; }

}  // namespace tasker::worker
