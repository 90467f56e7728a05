// What goes into a store and what comes out of it: plain values, the same for every back end.
// All times are microseconds since 1970-01-01 UTC; 0 means "not yet". All *_json members hold
// checked JSON text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/uuid.h"
#include "core/model/ids.h"
#include "core/model/states.h"
#include "core/model/task_template.h"
#include "core/store/outbox.h"

namespace tasker::store {

/// A template as stored. Immutable: changed content under the same key is a new revision with a new
/// id, and a task keeps the revision that it was created with.
struct StoredTemplate {
  model::TemplateId id{};
  base::Uuid uuid;
  std::uint32_t revision = 1;
  std::int64_t created_at_us = 0;
  model::TaskTemplate body;
  std::vector<model::HandlerId> handler_of_step;  ///< one for each of body.steps
};

struct HandlerRecord {
  model::HandlerId id{};
  std::string namespace_name;
  std::string callable;
};

/// A step of a task about to be created.
struct NewStep {
  std::uint32_t template_step = 0;  ///< index into the template's steps
  model::HandlerId handler{};
  std::uint32_t dependency_count = 0;
  bool is_sink = false;  ///< no step of the task depends on it
};

/// The steps of a task of some template. Computed once for each template and shared by its tasks.
struct TaskPlan {
  std::vector<NewStep> steps;
  std::uint32_t sink_count = 0;
};

struct NewTask {
  base::Uuid uuid;
  model::TemplateId template_id{};
  std::shared_ptr<const TaskPlan> plan;
  std::string context_json;
  std::string initiator;
  std::string source_system;
  std::string reason;
  std::optional<std::string> tags_json;     ///< JSON array of strings
  std::optional<std::string> options_json;  ///< JSON object
  std::int32_t priority = 0;                ///< -100..100; higher first
  base::Uuid correlation_id;
  std::optional<base::Uuid> parent_correlation_id;
  std::optional<std::string> idempotency_key;
  std::int64_t requested_at_us = 0;
};

/// A step that counts its dependencies down when another completes.
struct Dependent {
  std::uint32_t index = 0;
  std::uint32_t template_step = 0;
  model::HandlerId handler{};
};

/// The end of one attempt, as the engine decided it.
///
/// Applied only while the step is in_progress with this worker and this attempt (the fence).
/// Legal `next` values: kComplete, kWaitingForRetry, kError, kEnqueued (lost claim, at once
/// claimable again).
struct Completion {
  model::StepKey step;
  std::uint32_t attempt = 0;
  model::WorkerId worker{};  ///< the worker whose claim ends; for a lapsed lease, the dead one
  model::StepState next = model::StepState::kComplete;
  std::string result_json;    ///< handler's result; kept on kComplete
  std::string error_json;     ///< {"message","error_type","retryable",…}; empty on success
  std::string metadata_json;  ///< author's metadata object, or empty
  std::int64_t started_at_us = 0;
  std::int64_t execution_us = 0;
  std::int64_t retry_at_us = 0;       ///< for kWaitingForRetry: not before
  model::TemplateId template_id{};    ///< the task's, for the claims of its dependents
  std::vector<Dependent> dependents;  ///< for kComplete: steps to count down
  bool is_sink = false;               ///< for kComplete: counts the task down
  std::vector<OutboxEvent> events;    ///< written to the outbox, when the fence lets it pass
};

/// How far a running step has come, in the author's own terms. It replaces the step's last one and
/// stays through retries, crashes and hand-backs, until the step is complete or cancelled.
///
/// Stored only while the step is in_progress with this worker and this attempt (the fence).
struct Checkpoint {
  model::StepKey step;
  std::uint32_t attempt = 0;
  model::WorkerId worker{};
  std::string cursor_json;
  std::uint64_t items_processed = 0;
  std::string accumulated_json;  ///< empty for none
};

/// A past cursor of a step, for people.
struct CheckpointMark {
  std::string cursor_json;
  std::int64_t stored_at_us = 0;

  friend bool operator==(const CheckpointMark&, const CheckpointMark&) = default;
};

/// The history keeps the last kCheckpointHistoryMax cursors, the latest included; one of more than
/// kHistoryCursorBytesMax bytes is kept as null.
inline constexpr std::uint32_t kCheckpointHistoryMax = 100;
inline constexpr std::size_t kHistoryCursorBytesMax = 4'096;

/// A step's latest checkpoint as stored.
struct CheckpointRecord {
  std::string cursor_json;
  std::uint64_t items_processed = 0;
  std::string accumulated_json;  ///< empty for none
  std::int64_t stored_at_us = 0;
  std::vector<CheckpointMark> history;  ///< oldest first

  friend bool operator==(const CheckpointRecord&, const CheckpointRecord&) = default;
};

enum class CompletionOutcome : std::uint8_t { kRecorded, kFenced };

/// A claim that a worker believes to hold.
struct HeldClaim {
  model::StepKey step;
  std::uint32_t attempt = 0;
};

/// A claim handed back unrun: the attempt is not counted.
struct Release {
  model::StepKey step;
  std::uint32_t attempt = 0;
  model::WorkerId worker{};
};

/// What this worker may claim in a commit. A claim takes a place of its executor's room and, where
/// its handler has one, of its limit; both go down with each claim.
struct ClaimBudget {
  static constexpr std::int16_t kNotMine = -1;
  static constexpr std::int16_t kUnknown = -2;
  static constexpr std::int32_t kNoLimit = -1;

  model::WorkerId worker{};
  std::vector<std::int16_t>
      executor_of_handler;          ///< by HandlerId: an index into room, kNotMine or kUnknown
  std::vector<std::uint32_t> room;  ///< by executor: how many more steps it can run
  /// By HandlerId: an index into limit_room, or kNoLimit; so are handlers past its end. Handlers
  /// may share a limit.
  std::vector<std::int32_t> limit_of_handler;
  std::vector<std::uint32_t> limit_room;  ///< by limit: how many more steps it allows

  std::int16_t executor_of(model::HandlerId handler) const {
    const auto index = static_cast<std::size_t>(handler);
    return index < executor_of_handler.size() ? executor_of_handler[index] : kUnknown;
  }
  std::int32_t limit_of(model::HandlerId handler) const {
    const auto index = static_cast<std::size_t>(handler);
    return index < limit_of_handler.size() ? limit_of_handler[index] : kNoLimit;
  }
  /// How many steps of a handler of `executor` may be claimed; `executor` is an index into room.
  std::uint32_t room_of(model::HandlerId handler, std::int16_t executor) const {
    const std::uint32_t places = room[static_cast<std::size_t>(executor)];
    const std::int32_t limit = limit_of(handler);
    if (limit == kNoLimit) return places;
    return std::min(places, limit_room[static_cast<std::size_t>(limit)]);
  }
  /// Takes a place for a step of `handler`, where room_of() has said that there is one.
  void take(model::HandlerId handler, std::int16_t executor) {
    --room[static_cast<std::size_t>(executor)];
    const std::int32_t limit = limit_of(handler);
    if (limit != kNoLimit) --limit_room[static_cast<std::size_t>(limit)];
  }
};

/// A step that is now this worker's to run.
struct Claim {
  model::StepKey step;
  model::TemplateId template_id{};
  std::uint32_t template_step = 0;
  model::HandlerId handler{};
  std::uint32_t attempt = 0;  ///< 1 for the first
  std::int64_t claimed_at_us = 0;
  bool has_checkpoint = false;  ///< an attempt before left one
};

/// All that one transaction writes. Applied in the order of the members; all of it or nothing is
/// committed.
struct WriteBatch {
  std::int64_t now_us = 0;
  std::vector<Checkpoint> checkpoints;
  std::vector<Completion> completions;
  std::vector<Release> releases;
  std::vector<NewTask> tasks;
  bool promote_due = false;    ///< steps whose back-off has passed become claimable
  ClaimBudget budget;          ///< filled in: what was claimed is taken off its rooms
  bool claim = false;          ///< look for claimable steps too, beyond what this batch makes ready
  bool list_enqueued = false;  ///< the outcome has to say which steps became claimable
  std::vector<DeliveryEnd> delivery_ends;
  std::vector<DeliveryTake> takes;  ///< these see the events of this batch too
};

struct TaskFinished {
  model::TaskId task{};
  model::TaskState state{};
};

/// What happened to each part of a WriteBatch, in its order.
struct WriteOutcome {
  std::vector<CompletionOutcome> checkpoints;
  std::vector<CompletionOutcome> completions;
  std::vector<bool> releases;  ///< false: the claim was no longer this worker's
  struct Created {
    model::TaskId id{};
    bool duplicate =
        false;  ///< idempotency key known: nothing was written, `existing` names the task
    base::Uuid existing;
  };
  std::vector<Created> tasks;
  std::vector<Claim> claims;
  std::vector<TaskFinished> finished;
  std::vector<model::HandlerId> unknown_handlers;  ///< claimable, but the budget did not know them
  std::vector<CompletionOutcome> delivery_ends;
  std::vector<Taken> taken;            ///< one for each of the takes
  bool has_events_for_others = false;  ///< events were written, and other workers have subscribers
  bool left_claimable = false;         ///< claimable steps of this batch that stay for others
  std::vector<model::StepKey> enqueued;  ///< which those are, in order; only when asked
  std::optional<std::int64_t>
      next_due_us;  ///< earliest back-off still running; only when asked or changed
};

/// What a step event says about its task; never changes after creation.
struct TaskHeader {
  model::TaskId id{};
  base::Uuid uuid;
  model::TemplateId template_id{};
  std::string context_json;
  std::string initiator;
  std::string source_system;
  std::string reason;
  std::optional<std::string> tags_json;
  std::optional<std::string> options_json;
  std::int32_t priority = 0;
  base::Uuid correlation_id;
  std::optional<base::Uuid> parent_correlation_id;
  std::optional<std::string> idempotency_key;
  std::int64_t requested_at_us = 0;
  std::int64_t created_at_us = 0;
};

struct TaskRecord {
  TaskHeader header;
  model::TaskState state{};
  std::int64_t completed_at_us = 0;
  std::int64_t updated_at_us = 0;
};

/// Steps of a task by state, for lists.
struct StepCounts {
  std::uint32_t by_state[model::kStepStateCount] = {};
};

struct StepRecord {
  model::StepKey key;
  std::uint32_t template_step = 0;
  model::StepState state{};
  std::uint32_t dependencies_missing = 0;  ///< without an operator's hold
  bool held = false;                       ///< its task is blocked by a failed step
  std::uint32_t attempt = 0;               ///< executions begun so far
  model::WorkerId worker{};                ///< who ran or runs it
  std::int64_t created_at_us = 0;
  std::int64_t claimed_at_us = 0;
  std::int64_t completed_at_us = 0;
  std::int64_t execution_us = 0;
  std::int64_t retry_at_us = 0;
  std::string result_json;  ///< empty unless complete and asked for
  std::string error_json;   ///< of the last failed attempt
  std::string metadata_json;
};

/// An attempt that did not complete its step. The attempt that did is the step's own record.
struct AttemptRecord {
  model::StepKey step;
  std::uint32_t attempt = 0;
  model::WorkerId worker{};
  model::StepState next{};  ///< what the step became
  std::int64_t started_at_us = 0;
  std::int64_t ended_at_us = 0;
  std::string error_json;
};

struct TaskFilter {
  std::optional<std::string> namespace_name;
  std::optional<std::string> name;
  std::optional<model::TaskState> state;
  std::uint32_t limit = 50;
  std::uint32_t offset = 0;
};

struct TaskPage {
  std::vector<TaskRecord> tasks;  ///< newest first
  std::uint64_t total = 0;
};

/// Who a worker is. `process_identity` names the process so exactly that another process of the
/// same machine can tell whether it still lives; empty when the system does not allow it.
struct WorkerInfo {
  std::string name;
  std::string hostname;
  std::int64_t pid = 0;
  std::string process_identity;
  std::int64_t started_at_us = 0;
  std::int64_t lease_expires_at_us = 0;
};

struct WorkerRecord {
  model::WorkerId id{};
  WorkerInfo info;
  std::string handlers_json;  ///< as describe_handlers() got it; "[]" before that
};

/// A claim whose worker's lease lapsed or whose process is gone.
struct LostClaim {
  model::StepKey step;
  model::WorkerId worker{};
  model::TemplateId template_id{};
  std::uint32_t template_step = 0;
  std::uint32_t attempt = 0;
  std::int64_t claimed_at_us = 0;
};

struct StoreInfo {
  std::string backend;   ///< "sqlite"
  std::string location;  ///< path or masked connection string
  std::uint32_t schema_version = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t templates = 0;
  std::uint64_t tasks = 0;
  std::uint64_t tasks_unfinished = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t workers = 0;
  std::string durability;  ///< "full" or "normal"
};

}  // namespace tasker::store
