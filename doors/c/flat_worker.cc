#include "doors/c/flat_worker.h"

#include <optional>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/worker/json_members.h"
#include "doors/c/flat_config.h"
#include "doors/c/flat_templates.h"
#include "doors/c/handle_calls.h"
#include "doors/c/handle_table.h"
#include "doors/c/process_log.h"
#include "doors/c/worker_object.h"

namespace tasker::c {

using base::fail;
using base::Lock;
using base::LogLevel;
using base::Result;
using base::Status;

namespace {

/// A worker that is closed unless it is kept.
class OpenWorker {
 public:
  ~OpenWorker() { (void)tasker_worker_close(worker_, nullptr); }
  OpenWorker() = default;
  OpenWorker(const OpenWorker&) = delete;
  OpenWorker& operator=(const OpenWorker&) = delete;

  Status open(std::string_view config_json) {
    return status_from([&](tasker_error** error) {
      return tasker_worker_open(config_json.data(), config_json.size(), nullptr, &worker_, error);
    });
  }
  Status call(tasker_status (*function)(tasker_worker*, tasker_error**)) {
    return status_from([&](tasker_error** error) { return function(worker_, error); });
  }
  Result<std::string> id_json() {
    const auto status = text_from([&](tasker_buffer* out, tasker_error** error) {
      return tasker_worker_get_status(worker_, out, error);
    });
    if (!status) return fail(status.error());
    return worker::member_text(status->view(), "worker_id").value_or("\"\"");
  }
  tasker_worker* get() const { return worker_; }
  tasker_worker* release() { return std::exchange(worker_, nullptr); }

 private:
  tasker_worker* worker_ = nullptr;
};

// Not by tasker_worker_put_template, which refuses the unknown fields that the contract allows.
void put_templates(const tasker_worker* worker, const std::vector<TemplateFile>& files,
                   base::Logger& logger) {
  auto used = use(worker);
  if (!used) return;
  for (const TemplateFile& file : files) {
    const auto stored = (*used)->core().put_template(file.body);
    if (!stored)
      logger.log(LogLevel::kError, "worker", "a template is left out",
                 {{"path", std::string_view(file.path)},
                  {"error", std::string_view(stored.error().message)}});
  }
}

/// The next event of which an abort was told; nullopt when none waits. Other notices are passed
/// over: the flat names have no place for them.
std::optional<std::string> next_ended(tasker_worker* worker) {
  for (;;) {
    const auto notices = text_from([&](tasker_buffer* out, tasker_error** error) {
      return tasker_worker_poll_notices(worker, 1, out, error);
    });
    if (!notices || notices->view().size() <= 2) return std::nullopt;
    const std::string_view notice = notices->view().substr(1, notices->view().size() - 2);
    const auto event_id = worker::member_text(notice, "event_id");
    if (worker::member_text(notice, "kind") == R"("abort")" && event_id && event_id->size() > 2)
      return event_id->substr(1, event_id->size() - 2);
  }
}

}  // namespace

Result<std::string> FlatWorker::start(std::string_view config_json) {
  Lock lock(lifecycle_mutex_);
  if (handle()) return std::string();
  const auto config = read_flat_config(config_json, config::system_environment());
  if (!config) return fail(config.error());
  ProcessLog& log = HandleTable::here().log();
  log.set(config->settings.log_level, config->settings.log_json);
  const auto logger = log.get();
  for (const std::string& warning : config->warnings)
    logger->log(LogLevel::kWarn, "worker", "bootstrap_worker",
                {{"warning", std::string_view(warning)}});

  std::vector<TemplateFile> files;
  std::string json = config->json;
  if (!config->template_path.empty()) {
    files = read_template_files(config->template_path, *logger);
    std::vector<std::string> namespaces;
    for (const TemplateFile& file : files) namespaces.push_back(file.body.namespace_name);
    if (config->adds_namespaces && !config->settings.namespaces.empty())
      json = with_namespaces(*config, namespaces);
  }

  OpenWorker worker;
  if (auto opened = worker.open(json); !opened) return fail(opened.error());
  put_templates(worker.get(), files, *logger);
  for (const auto step :
       {tasker_worker_keep_domain_events, tasker_worker_register_all_handlers, tasker_worker_start})
    if (auto done = worker.call(step); !done) return fail(done.error());
  auto id = worker.id_json();
  if (!id) return id;
  id_json_ = *id;
  is_draining_ = false;
  drain_timeout_ms_ = config->settings.drain_timeout_ms;
  handler_timeout_ms_ = config->settings.handler_timeout_ms;
  missed_ = false;
  worker_ = worker.release();
  return id;
}

void FlatWorker::forget_ended() {
  tasker_worker* const worker = handle();
  const std::int64_t now_us = base::SystemClock().monotonic_us();
  const std::int64_t patience_us = std::int64_t{handler_timeout_ms_} * 1'000;
  Lock lock(ended_mutex_);
  while (auto event_id = next_ended(worker)) ended_.push_back({std::move(*event_id), now_us});
  for (; !ended_.empty() && now_us - ended_.front().noticed_us >= patience_us; ended_.pop_front()) {
    const std::string& event_id = ended_.front().event_id;
    // Refused, as the client's own completion would be, and the place is free.
    (void)tasker_worker_complete_step_event(worker, event_id.data(), event_id.size(), "{}", 2,
                                            nullptr);
  }
}

std::string FlatWorker::stop() {
  Lock lock(lifecycle_mutex_);
  tasker_worker* const worker = worker_.exchange(nullptr);
  if (!worker) return {};
  (void)tasker_worker_close(worker, nullptr);
  return std::exchange(id_json_, {});
}

Status FlatWorker::drain() {
  Lock lock(lifecycle_mutex_);
  tasker_worker* const worker = handle();
  if (!worker) return fail(base::ErrorCode::kINVALID_STATE, "no worker is running");
  if (is_draining_) return {};
  const std::uint32_t timeout_ms = drain_timeout_ms_;
  auto begun = status_from([&](tasker_error** error) {
    std::uint64_t request = 0;
    return tasker_worker_drain_begin(worker, timeout_ms, &request, error);
  });
  is_draining_ = begun.has_value();
  return begun;
}

}  // namespace tasker::c
