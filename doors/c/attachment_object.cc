#include "doors/c/attachment_object.h"

#include <new>
#include <utility>

#include "doors/c/handle_table.h"

namespace tasker::c {

using base::fail;
using base::Result;
using base::Status;
using worker::Attachment;
using worker::Executor;
using worker::StepEvent;

Result<std::shared_ptr<AttachmentObject>> AttachmentObject::attach(std::string_view token,
                                                                   Executor executor,
                                                                   std::string name) {
  auto attachment = Attachment::open(token, executor, std::move(name));
  if (!attachment) return fail(attachment.error());
  return std::shared_ptr<AttachmentObject>(
      new AttachmentObject(std::move(*attachment), executor, token));
}

AttachmentObject::AttachmentObject(std::shared_ptr<Attachment> attachment, Executor executor,
                                   std::string_view token)
    : StepsObject("attachment"),
      attachment_(std::move(attachment)),
      executor_(executor),
      token_(token) {}

AttachmentObject::~AttachmentObject() { close(); }

Status AttachmentObject::complete_step_event(const base::Uuid& event_id, base::JsonText json) {
  return attachment_->complete_step_event(event_id, json);
}

void AttachmentObject::checkpoint_step_event(const base::Uuid& event_id, std::string_view json,
                                             std::function<void(Result<base::Uuid>)> on_stored) {
  attachment_->checkpoint_step_event(event_id, json, std::move(on_stored));
}

Result<std::uint32_t> AttachmentObject::hand_back(std::span<const base::Uuid> event_ids) {
  return attachment_->hand_back(event_ids);
}

Result<std::vector<worker::Notice>> AttachmentObject::poll_notices(std::size_t max) {
  return attachment_->poll_notices(max);
}

Status AttachmentObject::listen() {
  if (listens_) return {};
  // A drain wakes attachments too: who waits for news then learns that no more steps will come.
  auto set = attachment_->set_wakeup([this] {
    news().announce();
    news().poke();
  });
  if (set) listens_ = true;
  return set;
}

Result<std::size_t> AttachmentObject::poll_core(Executor, std::size_t max,
                                                std::vector<StepEvent>& out) {
  return attachment_->poll_step_events(max, out);
}

Result<std::size_t> AttachmentObject::wait_core(Executor, std::int64_t timeout_ms,
                                                std::vector<StepEvent>& out) {
  return attachment_->wait_step_events(1, timeout_ms, out);
}

void AttachmentObject::give_back(std::vector<StepEvent>& events) noexcept {
  attachment_->give_back(events);
}

bool AttachmentObject::has_core_news() const { return attachment_->has_news(); }

worker::WorkerState AttachmentObject::worker_state() const { return attachment_->worker_state(); }

void AttachmentObject::close() {
  if (!begin_close()) return;
  news().shut();
  requests().close();
  try {
    attachment_->detach();
  } catch (const std::bad_alloc&) {
    // The destructor does it.
  }
  await_calls();
  news().close();
}

Result<AttachmentUse> use(const tasker_attachment* attachment) {
  auto object = HandleTable::here().find(attachment);
  if (!object) return fail(object.error());
  return AttachmentUse::of(std::move(*object));
}

}  // namespace tasker::c
