// A thread's own way to a worker of its process: it takes the steps of one executor straight from
// the dispatch channel and completes them straight into the core.
//
//   open ─▶ attached ── detach, or its destruction ─▶ detached, if it held steps ─┐
//              └── Worker::end_attachment ─────────────────────────────────────▶ ended
// What an attachment holds when it ends is the worker's owner's to settle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/base/uuid.h"
#include "core/worker/executor.h"
#include "core/worker/notice.h"
#include "core/worker/step_event.h"
#include "core/worker/worker.h"

namespace tasker::worker {

struct Taker;

/// Keeps what it needs of its worker alive, not the worker open. Every member but detach() fails
/// with CLOSED once the attachment or its worker has ended, with FORKED in a fork of the process.
/// Threads: any, several at once; made for one.
class Attachment {
 public:
  static constexpr std::size_t kNameBytesMax = 255;

  /// Attaches to the worker of this process whose attach_token() is `token`.
  /// @param name  1 to 255 bytes of UTF-8, for log and status
  /// NOT_FOUND when no worker of this process has the token; CLOSED, DRAINING, FORKED when that
  /// worker takes nobody any more; INVALID_ARGUMENT for the name.
  static base::Result<std::shared_ptr<Attachment>> open(std::string_view token, Executor executor,
                                                        std::string name);
  /// Detaches.
  ~Attachment();
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  AttachmentId id() const;
  const config::Config& config() const;

  /// As Worker::poll_step_events, for the channel of its executor. The attachment holds them from
  /// now on.
  base::Result<std::size_t> poll_step_events(std::size_t max, std::vector<StepEvent>& out);
  /// As Worker::give_back.
  void give_back(std::vector<StepEvent>& events) noexcept;
  /// As poll_step_events, waiting up to `timeout_ms` for the first. DRAINING when no more will
  /// come.
  base::Result<std::size_t> wait_step_events(std::size_t max, std::int64_t timeout_ms,
                                             std::vector<StepEvent>& out);
  /// Notices of events that this attachment took, and kFailed; the worker's own have them too.
  base::Result<std::vector<Notice>> poll_notices(std::size_t max);

  /// Called when this attachment is to poll: a step that arrives wakes one idle attachment of its
  /// executor, the one that holds the fewest steps. Idle is who has polled fewer steps than it
  /// asked for, and looks again only when woken. Notices wake who took their events, and the end
  /// of all steps wakes everybody. From a core
  /// thread or this one, must return quickly and may not call back into the worker. Replaces the
  /// last one; an empty function removes it. After return the old one is not called again.
  base::Status set_wakeup(std::function<void()> on_wakeup);
  /// The level for which a wake-up is the edge.
  bool has_news() const;

  /// As Worker::complete_step_event, for an event that this attachment holds; UNKNOWN_EVENT for any
  /// other.
  base::Status complete_step_event(const base::Uuid& event_id, base::JsonText result_json);
  /// As Worker::checkpoint_step_event. The continuation goes to any taker of the executor.
  void checkpoint_step_event(const base::Uuid& event_id, std::string_view checkpoint_json,
                             std::function<void(base::Result<base::Uuid>)> on_stored);
  /// As Worker::hand_back, for events that this attachment holds.
  base::Result<std::uint32_t> hand_back(std::span<const base::Uuid> event_ids);

  WorkerState worker_state() const;

  /// Takes and settles nothing any more. What it holds stays taken until Worker::end_attachment; a
  /// kDetached notice tells the worker's owner, if there is any. Idempotent.
  void detach();

 private:
  Attachment(std::shared_ptr<Worker::Impl> worker, std::shared_ptr<Taker> taker);

  const std::shared_ptr<Worker::Impl> worker_;
  const std::shared_ptr<Taker> taker_;
};

}  // namespace tasker::worker
