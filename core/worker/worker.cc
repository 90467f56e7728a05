#include "core/worker/worker.h"

#include <utility>

#include "core/worker/attach_registry.h"
#include "core/worker/worker_impl.h"

namespace tasker::worker {

using base::fail;
using base::Result;
using base::Status;

std::string_view worker_state_name(WorkerState state) {
  switch (state) {
    case WorkerState::kCreated:
      return "created";
    case WorkerState::kRunning:
      return "running";
    case WorkerState::kDraining:
      return "draining";
    case WorkerState::kStopped:
      return "stopped";
    case WorkerState::kFailed:
      return "failed";
  }
  return "unknown";
}

Worker::Worker(std::shared_ptr<Impl> impl)
    : impl_(std::move(impl)), attach_token_(AttachRegistry::here().add(impl_)) {}

Worker::~Worker() {
  AttachRegistry::here().remove(attach_token_);
  (void)impl_->stop();  // attachments may outlive it
}

Result<std::unique_ptr<Worker>> Worker::open(config::Config config,
                                             std::unique_ptr<store::Store> store,
                                             std::shared_ptr<base::Logger> logger,
                                             std::shared_ptr<base::Clock> clock) {
  auto impl = std::make_shared<Impl>(std::move(config), std::move(logger), std::move(clock));
  if (auto opened = impl->open(std::move(store)); !opened) return fail(opened.error());
  return std::unique_ptr<Worker>(new Worker(std::move(impl)));
}

Status Worker::register_handlers(std::span<const std::string> callables) {
  std::vector<HandlerSpec> handlers;
  handlers.reserve(callables.size());
  for (const std::string& callable : callables) handlers.push_back(HandlerSpec::named(callable));
  return impl_->register_handlers(handlers);
}

Status Worker::register_handlers(std::span<const HandlerSpec> handlers) {
  return impl_->register_handlers(handlers);
}

Status Worker::set_executor_room(Executor executor, std::uint32_t places) {
  return impl_->set_executor_room(executor, places);
}

Status Worker::register_all_handlers() { return impl_->register_all_handlers(); }

Status Worker::start() { return impl_->start(); }

void Worker::set_wakeup(std::function<void()> on_wakeup) {
  impl_->set_wakeup(std::move(on_wakeup));
}

bool Worker::has_news() const {
  return impl_->dispatcher.announced() || impl_->domain_events.announced() ||
         impl_->deliveries.announced();
}

std::size_t Worker::poll_step_events(std::size_t max, std::vector<StepEvent>& out,
                                     Executor executor) {
  return impl_->poll_step_events(max, out, executor);
}

void Worker::give_back(std::vector<StepEvent>& events) noexcept {
  impl_->dispatcher.give_back(events);
}

Result<std::size_t> Worker::wait_step_events(std::size_t max, std::int64_t timeout_ms,
                                             std::vector<StepEvent>& out, Executor executor) {
  return impl_->wait_step_events(max, timeout_ms, out, executor);
}

const std::string& Worker::attach_token() const { return attach_token_; }

std::vector<base::Uuid> Worker::end_attachment(AttachmentId id) {
  return impl_->end_attachment(id);
}

Result<std::uint32_t> Worker::hand_back(std::span<const base::Uuid> event_ids) {
  return impl_->hand_back(event_ids);
}

std::vector<Notice> Worker::poll_notices(std::size_t max) {
  return impl_->dispatcher.poll_notices(max);
}

Status Worker::complete_step_event(const base::Uuid& event_id, base::JsonText result_json) {
  if (auto ok = impl_->usable(); !ok) return ok;
  return impl_->complete_document(event_id, result_json);
}

Status Worker::complete_success(const base::Uuid& event_id, std::string result_json) {
  if (auto ok = impl_->usable(); !ok) return ok;
  Impl::CompletionMemory memory;
  memory.result.success = true;
  memory.result.result_json = std::move(result_json);
  return impl_->complete(event_id, memory);
}

void Worker::checkpoint_step_event(const base::Uuid& event_id, std::string_view checkpoint_json,
                                   std::function<void(Result<base::Uuid>)> on_stored) {
  impl_->checkpoint(event_id, checkpoint_json, std::move(on_stored));
}

std::size_t Worker::poll_domain_events(std::size_t max, std::vector<std::string>& out) {
  return impl_->poll_domain_events(max, out);
}

std::shared_ptr<events::EventBus> Worker::bus() const { return impl_->bus; }

std::shared_ptr<BusPort> Worker::open_bus_port() const {
  return std::make_shared<BusPort>(impl_->bus, *impl_->clock);
}

void Worker::keep_domain_events() { impl_->domain_events.keep(); }

Status Worker::subscribe_domain_events(std::string_view json) {
  return impl_->subscribe_domain_events(json);
}
Status Worker::unsubscribe_domain_events(std::string_view subscriber) {
  return impl_->unsubscribe_domain_events(subscriber);
}
Status Worker::remove_subscriber(std::string_view subscriber) {
  return impl_->remove_subscriber(subscriber);
}
std::size_t Worker::poll_deliveries(std::size_t max, std::vector<std::string>& out) {
  return impl_->deliveries.poll(max, out);
}
Status Worker::acknowledge_delivery(const base::Uuid& delivery_id) {
  if (auto ok = impl_->usable(); !ok) return ok;
  return impl_->deliveries.acknowledge(delivery_id);
}
Status Worker::fail_delivery(const base::Uuid& delivery_id, std::string_view failure_json) {
  if (auto ok = impl_->usable(); !ok) return ok;
  const auto failure = read_delivery_failure(failure_json);
  if (!failure) return fail(failure.error());
  return impl_->deliveries.fail_delivery(delivery_id, *failure);
}

void Worker::create_tasks(std::vector<TaskRequest> requests,
                          std::function<void(std::vector<Result<CreatedTask>>)> on_done) {
  impl_->create_tasks(std::move(requests), std::move(on_done));
}

void Worker::wait_task(const base::Uuid& uuid, std::int64_t timeout_ms,
                       std::function<void(Result<model::TaskState>)> on_end) {
  impl_->wait_task(uuid, timeout_ms, std::move(on_end));
}

Result<store::Store::PutTemplate> Worker::put_template(const model::TaskTemplate& body) {
  return impl_->put_template(body);
}

Status Worker::cancel_task(const base::Uuid& uuid) { return impl_->cancel_task(uuid); }

Result<std::uint32_t> Worker::retry_task(const base::Uuid& uuid) { return impl_->retry_task(uuid); }

Status Worker::with_reader(const std::function<Status(store::Reader&)>& read) {
  return impl_->with_reader(read);
}

Status Worker::begin_drain() { return impl_->begin_drain(); }
Result<std::uint32_t> Worker::drain(std::int64_t timeout_ms) { return impl_->drain(timeout_ms); }

Status Worker::stop() { return impl_->stop(); }

WorkerState Worker::state() const { return impl_->state; }

const config::Config& Worker::config() const { return impl_->config; }

std::string Worker::status_json() const { return impl_->status_json(); }

std::string Worker::metrics_json() const { return impl_->metrics_json(); }

std::string Worker::dispatch_metrics_json() const { return impl_->dispatch_metrics_json(); }

void Worker::check_starvation_warnings() { impl_->check_starvation_warnings(); }

}  // namespace tasker::worker
