// What a tasker_attachment* names: an attachment of the core, and what its user needs besides.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/worker/attachment.h"
#include "doors/c/steps_object.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

/// Threads: any, several at once. Every use goes through Use.
class AttachmentObject final : public StepsObject {
 public:
  /// As worker::Attachment::open.
  static base::Result<std::shared_ptr<AttachmentObject>> attach(std::string_view token,
                                                                worker::Executor executor,
                                                                std::string name);
  ~AttachmentObject() override;

  worker::AttachmentId id() const { return attachment_->id(); }
  /// Whether it is attachment `id` of the worker with this token.
  bool is(std::string_view token, worker::AttachmentId id) const {
    return attachment_->id() == id && token_ == token;
  }
  worker::Executor executor() const { return executor_; }

  base::Status complete_step_event(const base::Uuid& event_id, base::JsonText json) override;
  void checkpoint_step_event(const base::Uuid& event_id, std::string_view json,
                             std::function<void(base::Result<base::Uuid>)> on_stored) override;
  base::Result<std::uint32_t> hand_back(std::span<const base::Uuid> event_ids) override;
  base::Result<std::vector<worker::Notice>> poll_notices(std::size_t max) override;
  /// An attachment that never listens is not woken for a step that another would take at once.
  base::Status listen() override;

  /// Detaches; returns once nobody uses the object.
  void close();

 private:
  AttachmentObject(std::shared_ptr<worker::Attachment> attachment, worker::Executor executor,
                   std::string_view token);

  base::Result<std::size_t> poll_core(worker::Executor executor, std::size_t max,
                                      std::vector<worker::StepEvent>& out) override;
  base::Result<std::size_t> wait_core(worker::Executor executor, std::int64_t timeout_ms,
                                      std::vector<worker::StepEvent>& out) override;
  void give_back(std::vector<worker::StepEvent>& events) noexcept override;
  bool has_core_news() const override;
  worker::WorkerState worker_state() const override;

  const std::shared_ptr<worker::Attachment> attachment_;
  const worker::Executor executor_;
  const std::string token_;
  std::atomic<bool> listens_{false};
};

using AttachmentUse = UseOf<AttachmentObject>;

/// The attachment that a handle names, in use. INVALID_ARGUMENT, CLOSED, FORKED.
base::Result<AttachmentUse> use(const tasker_attachment* attachment);

}  // namespace tasker::c
