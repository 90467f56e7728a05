#include "core/worker/attachment.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <utility>

#include "core/worker/attach_registry.h"
#include "core/worker/worker_impl.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::LogLevel;
using base::Result;
using base::Status;

Result<std::shared_ptr<Attachment>> Attachment::open(std::string_view token, Executor executor,
                                                     std::string name) {
  if (name.empty() || name.size() > kNameBytesMax || !simdjson::validate_utf8(name))
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("name \"{}\"; expected 1 to {} bytes of UTF-8", base::shown(name),
                            kNameBytesMax),
                "name");
  const std::shared_ptr<Worker::Impl> worker = AttachRegistry::here().find(token);
  if (!worker)
    return fail(
        ErrorCode::kNOT_FOUND,
        fmt::format("no worker of this process has the attach token \"{}\"", base::shown(token)),
        "token");
  if (auto ok = worker->usable(); !ok) return fail(ok.error());
  if (worker->state == WorkerState::kDraining)
    return fail(ErrorCode::kDRAINING, fmt::format("worker {} is draining", worker->name));
  auto taker = worker->dispatcher.attach(executor, std::move(name));
  worker->logger->log(LogLevel::kDebug, "worker", "attached",
                      {{"worker_id", std::string_view(worker->name)},
                       {"attachment", std::int64_t{taker->id}},
                       {"name", std::string_view(taker->name)},
                       {"executor", executor_name(executor)}});
  return std::shared_ptr<Attachment>(new Attachment(worker, std::move(taker)));
}

Attachment::Attachment(std::shared_ptr<Worker::Impl> worker, std::shared_ptr<Taker> taker)
    : worker_(std::move(worker)), taker_(std::move(taker)) {}

Attachment::~Attachment() { detach(); }

AttachmentId Attachment::id() const { return taker_->id; }

const config::Config& Attachment::config() const { return worker_->config; }

WorkerState Attachment::worker_state() const { return worker_->state; }

Result<std::size_t> Attachment::poll_step_events(std::size_t max, std::vector<StepEvent>& out) {
  if (auto ok = worker_->usable(); !ok) return fail(ok.error());
  return worker_->dispatcher.poll(*taker_, max, out);
}

void Attachment::give_back(std::vector<StepEvent>& events) noexcept {
  worker_->dispatcher.give_back(events);
}

Result<std::size_t> Attachment::wait_step_events(std::size_t max, std::int64_t timeout_ms,
                                                 std::vector<StepEvent>& out) {
  constexpr std::int64_t kMicrosPerMs = 1'000;
  const std::int64_t deadline_us = worker_->clock->monotonic_us() + timeout_ms * kMicrosPerMs;
  for (;;) {
    auto taken = poll_step_events(max, out);
    if (!taken || *taken > 0) return taken;
    if (worker_->state == WorkerState::kDraining)
      return fail(ErrorCode::kDRAINING, fmt::format("worker {} is draining", worker_->name));
    const std::int64_t left_us = deadline_us - worker_->clock->monotonic_us();
    if (left_us <= 0) return std::size_t{0};
    // Again when another was quicker.
    if (auto waited = worker_->dispatcher.wait(*taker_, left_us); !waited)
      return fail(waited.error());
  }
}

Result<std::vector<Notice>> Attachment::poll_notices(std::size_t max) {
  return worker_->dispatcher.poll_notices(*taker_, max);
}

Status Attachment::set_wakeup(std::function<void()> on_wakeup) {
  if (auto ok = worker_->usable(); !ok) return ok;
  return worker_->dispatcher.set_wakeup(*taker_, std::move(on_wakeup));
}

bool Attachment::has_news() const { return worker_->dispatcher.announced(*taker_); }

Status Attachment::complete_step_event(const base::Uuid& event_id, base::JsonText result_json) {
  if (auto ok = worker_->usable(); !ok) return ok;
  return worker_->complete_document(event_id, result_json, taker_.get());
}

void Attachment::checkpoint_step_event(const base::Uuid& event_id, std::string_view checkpoint_json,
                                       std::function<void(Result<base::Uuid>)> on_stored) {
  worker_->checkpoint(event_id, checkpoint_json, std::move(on_stored), taker_.get());
}

Result<std::uint32_t> Attachment::hand_back(std::span<const base::Uuid> event_ids) {
  return worker_->hand_back(event_ids, taker_.get());
}

void Attachment::detach() { worker_->dispatcher.detach(*taker_); }

}  // namespace tasker::worker
