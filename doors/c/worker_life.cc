// A worker's life: open, handlers, start, drain, stop, close.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/worker/handler_list.h"
#include "doors/c/arguments.h"
#include "doors/c/callback_logger.h"
#include "doors/c/guard.h"
#include "doors/c/handle_table.h"
#include "doors/c/worker_object.h"

namespace tasker::c {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

constexpr std::uint32_t kDrainTimeoutMsMax = 3'600'000;

Status check_options(const tasker_worker_options& options) {
  if (options.struct_size < sizeof(tasker_worker_options))
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("options.struct_size is {}; expected {} or more", options.struct_size,
                            sizeof(tasker_worker_options)),
                "options.struct_size");
  if (options.reserved != 0)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("options.reserved is {}; expected 0", options.reserved),
                "options.reserved");
  return {};
}

Status open(const char* config_json, std::size_t config_bytes, const tasker_worker_options* options,
            tasker_worker** out_worker) {
  tasker_worker_options given = TASKER_WORKER_OPTIONS_INIT;
  if (options) {
    if (auto checked = check_options(*options); !checked) return checked;
    given = *options;
  }
  // From here on the user's data has an owner, whatever happens.
  UserData data(given.log_user_data, given.log_finalizer);
  const auto config = text_argument(config_json, config_bytes, "config_json");
  if (!config) return fail(config.error());
  if (auto there = check_not_null(out_worker, "out_worker"); !there) return there;
  std::shared_ptr<CallbackLogger> log_to;
  if (given.on_log) log_to = std::make_shared<CallbackLogger>(given.on_log, std::move(data));
  auto object = WorkerObject::open(*config, log_to);
  if (!object) {
    if (log_to) log_to->close();
    return fail(object.error());
  }
  *out_worker = HandleTable::here().add(std::move(*object));
  return {};
}

Status close(tasker_worker* worker) {
  if (!worker) return {};
  HandleTable& table = HandleTable::here();
  const auto object = table.find(worker);
  if (!object) return fail(object.error());
  if ((*object)->inside_callback())
    return fail(ErrorCode::kINVALID_STATE, "a callback may not close the worker that calls it");
  auto removed = table.remove(worker);
  if (!removed) return fail(removed.error());
  (*removed)->close();
  return {};
}

Status register_handlers(const tasker_worker* worker, const char* json, std::size_t bytes) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto text = required_text(json, bytes, "callables_json");
  if (!text) return fail(text.error());
  const auto handlers = worker::read_handlers(*text);
  if (!handlers) return fail(handlers.error());
  return (*used)->core().register_handlers(*handlers);
}

Status drain(const tasker_worker* worker, std::uint32_t timeout_ms,
             std::uint32_t* out_handed_back) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(timeout_ms, 0, kDrainTimeoutMsMax, "timeout_ms"); !fits) return fits;
  (*used)->begin_draining();
  const auto handed_back = (*used)->core().drain(timeout_ms);
  if (!handed_back) return fail(handed_back.error());
  if (out_handed_back) *out_handed_back = *handed_back;
  return {};
}

Status begin_drain(const tasker_worker* worker, std::uint32_t timeout_ms,
                   std::uint64_t* out_request) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(timeout_ms, 0, kDrainTimeoutMsMax, "timeout_ms"); !fits) return fits;
  if (auto given = check_not_null(out_request, "out_request"); !given) return given;
  (*used)->begin_draining();
  return (*used)->begin_apart(out_request,
                              [timeout_ms](worker::Worker& core) -> Result<std::string> {
                                const auto handed_back = core.drain(timeout_ms);
                                if (!handed_back) return fail(handed_back.error());
                                return std::to_string(*handed_back);
                              });
}

Status begin_stop(const tasker_worker* worker, std::uint64_t* out_request) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto given = check_not_null(out_request, "out_request"); !given) return given;
  return (*used)->begin_apart(out_request, [](worker::Worker& core) -> Result<std::string> {
    if (auto stopped = core.stop(); !stopped) return fail(stopped.error());
    return std::string("null");
  });
}

}  // namespace
}  // namespace tasker::c

using tasker::base::fail;
using tasker::base::Status;
using tasker::c::guard;

tasker_status tasker_worker_open(const char* config_json, size_t config_bytes,
                                 const tasker_worker_options* options, tasker_worker** out_worker,
                                 tasker_error** out_error) {
  return guard(out_error,
               [&] { return tasker::c::open(config_json, config_bytes, options, out_worker); });
}

tasker_status tasker_worker_close(tasker_worker* worker, tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::close(worker); });
}

tasker_status tasker_worker_register_handlers(tasker_worker* worker, const char* callables_json,
                                              size_t callables_bytes, tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::register_handlers(worker, callables_json, callables_bytes);
  });
}

tasker_status tasker_worker_register_all_handlers(tasker_worker* worker, tasker_error** out_error) {
  return guard(out_error, [&]() -> Status {
    auto used = tasker::c::use(worker);
    if (!used) return fail(used.error());
    return (*used)->core().register_all_handlers();
  });
}

tasker_status tasker_worker_start(tasker_worker* worker, tasker_error** out_error) {
  return guard(out_error, [&]() -> Status {
    auto used = tasker::c::use(worker);
    if (!used) return fail(used.error());
    return (*used)->core().start();
  });
}

tasker_status tasker_worker_drain(tasker_worker* worker, uint32_t timeout_ms,
                                  uint32_t* out_handed_back, tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::drain(worker, timeout_ms, out_handed_back); });
}

tasker_status tasker_worker_drain_begin(tasker_worker* worker, uint32_t timeout_ms,
                                        uint64_t* out_request, tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::begin_drain(worker, timeout_ms, out_request); });
}

tasker_status tasker_worker_stop_begin(tasker_worker* worker, uint64_t* out_request,
                                       tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::begin_stop(worker, out_request); });
}
