// C++17 front end of Tasker: RAII over tasker.h, and a loop that runs handlers on threads of yours.
// By subject: json.hpp, error.hpp, steps.hpp, bus.hpp, attachment.hpp, and the worker here. To
// vendor the front end, copy the folder.
// Size: one class, with a member for each function of a worker.
//
// Failures are exceptions of one class, tasker::Error. C++17 has no std::expected, this header uses
// nothing but tasker.h and the standard library, and a constructor has no other way to fail. What
// is an ordinary outcome is a value instead: nothing was ready, time has passed, no more will come.
// So an Error is always something that somebody has to look at, and code that handles none is
// right.
//
// Text that crosses is JSON, as in tasker.h; the few functions of tasker::json find a member in a
// document that the library wrote and quote a string. Bring a JSON library for more.
//
//   tasker::Worker worker(R"({"store_path":"tasker.db"})");
//   worker.put_template(yaml);
//   worker.run({{"shop.Charge", [](const tasker::StepEvent& event) -> tasker::StepResult {
//                  return charge(event.member({"task", "context"}));
//                }}},
//              {/*threads=*/4});  // until worker.drain(…) on another thread
//
// Threads: every member of Worker may be called from any thread, several at once, but for moving
// and destroying it. Functions of yours run on threads of the library where their comment says so;
// an exception that leaves one of those ends the process, as it would a std::thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tasker/attachment.hpp"
#include "tasker/bus.hpp"
#include "tasker/error.hpp"
#include "tasker/json.hpp"
#include "tasker/steps.hpp"
#include "tasker/tasker.h"

namespace tasker {

// ------------------------------------------------------------------------------- library functions

/// Version of the loaded library, `major.minor.patch`.
inline std::string_view version() noexcept { return tasker_version(); }

/// Checks a task template in YAML; needs no worker.
/// @return `{"ok":…,"problems":[{"line","field","reason"}],"template":{…}|null}`
/// @throws Error TOO_LARGE
inline std::string check_template(std::string_view yaml) {
  return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
    return tasker_check_template(yaml.data(), yaml.size(), out, error);
  });
}

/// Writes a line with the library's own logger, to stderr, at the level that TASKER_LOG_LEVEL
/// allows.
/// @param level        TASKER_LOG_TRACE..TASKER_LOG_ERROR
/// @param fields_json  JSON object of scalars; empty: none
/// @throws Error INVALID_JSON, INVALID_ARGUMENT: the line was not written
inline void log(int level, std::string_view message, std::string_view fields_json = {}) {
  detail::run([&](tasker_error** error) {
    return tasker_log(level, message.data(), message.size(),
                      fields_json.empty() ? nullptr : fields_json.data(), fields_json.size(),
                      error);
  });
}

// ------------------------------------------------------------------------------------------ worker

/// One log line. Everything in it lives during the call only.
struct LogRecord {
  int level;                 ///< TASKER_LOG_…
  std::string_view message;  ///< constant text
  std::string_view fields;   ///< JSON object of the data
};

/// Receives log lines on threads of the library, one at a time. May not use the same worker.
using OnLog = std::function<void(const LogRecord&)>;

/// How Worker::run works. Its functions are called on the library's thread of wake-ups, one at a
/// time; they may use the worker.
struct RunOptions {
  unsigned threads = 1;  ///< handlers that run at once; 0: as many as the machine has processors
  std::function<void(std::string_view)> on_notice = {};  ///< contract/schema/notice.json
  std::function<void(std::string_view)> on_domain_event =
      {};  ///< contract/schema/domain_event.json
};

/// A worker: claims steps from its store, hands them out, records what came of them. Outlives the
/// calls that run in it. After fork() the child gets FORKED from it and may destroy it.
class Worker {
 public:
  /// Opens the store and registers a worker in it, which claims nothing until start() or run().
  /// Blocks while the store is opened, migrated and checked.
  ///
  /// @param config_json  object of settings, over TASKER_… variables, over defaults; empty: none
  ///                     (contract/schema/config.json)
  /// @param on_log       empty: one line for each event to stderr
  /// @throws Error UNSUPPORTED (also when the loaded library speaks another interface than this
  ///         header); INVALID_JSON; INVALID_CONFIG (the field is the key); a STORE_… status
  explicit Worker(std::string_view config_json = {}, OnLog on_log = {})
      : state_(std::make_unique<State>()) {
    if (tasker_abi_version() != TASKER_ABI_VERSION) {
      throw Error(TASKER_ERR_UNSUPPORTED, "the library speaks interface " +
                                              std::to_string(tasker_abi_version()) + "; expected " +
                                              std::to_string(TASKER_ABI_VERSION));
    }
    tasker_worker_options options = TASKER_WORKER_OPTIONS_INIT;
    if (on_log) {
      options.on_log = &Worker::log_line;
      options.log_user_data = new OnLog(std::move(on_log));
      options.log_finalizer = &detail::finalize<OnLog>;
    }
    detail::run([&](tasker_error** error) {
      return tasker_worker_open(config_json.empty() ? nullptr : config_json.data(),
                                config_json.size(), &options, &state_->handle, error);
    });
  }

  /// As close(), and ends the process when called from a callback of the same worker.
  ~Worker() {
    if (state_ != nullptr && close_handle(nullptr) == TASKER_ERR_INVALID_STATE) std::terminate();
  }
  Worker(Worker&&) noexcept = default;
  /// Closes what it held before.
  Worker& operator=(Worker&& other) noexcept {
    Worker taken(std::move(other));
    std::swap(state_, taken.state_);
    return *this;
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// The handle, for functions of tasker.h. The worker keeps it; null after a move.
  tasker_worker* get() const noexcept { return state_ == nullptr ? nullptr : state_->handle; }

  /// Ends the worker at once: what it claimed and did not complete goes back to the store. Calls
  /// that wait in it fail with CLOSED first, futures too. drain() before it to end in good order.
  /// Does nothing the second time. @throws Error INVALID_STATE inside a callback of the same worker
  void close() {
    tasker_error* error = nullptr;
    const tasker_status status = close_handle(&error);
    if (status != TASKER_OK && status != TASKER_ERR_CLOSED) throw Error(status, error);
    tasker_error_destroy(error);
  }

  // ---- running steps

  /// Runs the handlers named in `handlers`: registers them, starts the worker when it is not
  /// started, runs their steps on `options.threads` threads and completes them. Returns when no
  /// more events will come, after drain() or close() on another thread. Meanwhile the worker's
  /// wake-up belongs to it, and it settles the futures of the …_begin functions.
  ///
  /// A result that is not JSON or too large fails its step with `invalid_result` or
  /// `result_too_large`; a completion that came too late is passed over.
  /// @throws Error INVALID_STATE when it runs already; what made the worker stop by itself; any
  ///         other failure of a poll
  void run(const Handlers& handlers, const RunOptions& options = {}) {
    const Running running(*state_);
    std::vector<std::string> names;
    for (const auto& [name, handler] : handlers) names.push_back(name);
    register_handlers(names);
    if (options.on_domain_event) keep_domain_events();
    set_wakeup([this, &options] {
      try {
        take_news(options);
      } catch (const Error& error) {
        note_failure(error);
      }
    });
    const WakeupReset reset{*this};
    detail::run_or(TASKER_ERR_INVALID_STATE,
                   [&](tasker_error** error) { return tasker_worker_start(get(), error); });
    run_threads(handlers, options.threads);
    take_news(options);
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->failure) throw Error(*std::exchange(state_->failure, std::nullopt));
  }

  /// Names handlers whose steps the worker takes, on main. What is known of a name is kept.
  void register_handlers(const std::vector<std::string>& callables) {
    register_json(json::array_of_strings(callables));
  }

  /// The same with where each runs, which replaces what was said of it before.
  /// @throws Error INVALID_ARGUMENT (the field is `callables[i]` and the member)
  void register_handlers(const std::vector<HandlerPlace>& handlers) {
    constexpr const char* kNames[] = {"main", "threads", "process"};
    std::string list = "[";
    for (const HandlerPlace& each : handlers) {
      if (list.size() > 1) list += ',';
      list += "{\"name\":" + json::quote(each.name) + ",\"executor\":\"" +
              kNames[static_cast<std::size_t>(each.executor)] + '"';
      if (each.max_concurrent)
        list += ",\"max_concurrent\":" + std::to_string(*each.max_concurrent);
      if (!each.why.empty()) list += ",\"why\":" + json::quote(each.why);
      if (each.deadline_ms) list += ",\"deadline_ms\":" + std::to_string(*each.deadline_ms);
      list += '}';
    }
    register_json(list + ']');
  }

  /// Makes the worker take the steps of every handler, also of templates that come later.
  void register_all_handlers() {
    detail::run(
        [&](tasker_error** error) { return tasker_worker_register_all_handlers(get(), error); });
  }

  /// Begins to claim. @throws Error INVALID_STATE when it was started before
  void start() {
    detail::run([&](tasker_error** error) { return tasker_worker_start(get(), error); });
  }

  /// Takes up to `events_max` events (1..4096), waiting up to `timeout` (0..60 s) for the first.
  /// Their deadlines run from here on. Empty: time has passed; nothing: no more will come.
  std::optional<std::vector<StepEvent>> poll_step_events(std::uint32_t events_max,
                                                         std::chrono::milliseconds timeout,
                                                         Executor executor = Executor::kMain) {
    return detail::poll_events([&](tasker_buffer* out, tasker_error** error) {
      return tasker_worker_poll_executor_step_events(get(), static_cast<std::int32_t>(executor),
                                                     events_max, detail::milliseconds(timeout), out,
                                                     error);
    });
  }

  /// Completes a step event with a result document (contract/schema/step_result.json).
  /// @throws Error UNKNOWN_EVENT; FENCED: it came too late; INVALID_JSON, TOO_LARGE,
  ///         INVALID_ARGUMENT, FULL: the event stays open
  void complete_step_event(std::string_view event_id, std::string_view result_json) {
    detail::run([&](tasker_error** error) { return complete(event_id, result_json, error); });
  }

  /// Completes up to 4096 step events. @return a status for each, as complete_step_event
  std::vector<tasker_status> complete_step_events(const std::vector<Completion>& completions) {
    return detail::complete_all(completions, [&](auto... given) {
      return tasker_worker_complete_step_events(get(), given...);
    });
  }

  /// Stores how far a running step has got and dispatches it again, with the same attempt. Blocks
  /// until the checkpoint is durable. @return the event id of the continuation
  /// @throws Error as complete_step_event; a STORE_… status: the attempt has failed, retryably
  std::string checkpoint_step_event(std::string_view event_id, std::string_view checkpoint_json) {
    return detail::event_id_of([&](char* id, tasker_error** error) {
      return tasker_worker_checkpoint_step_event(get(), event_id.data(), event_id.size(),
                                                 checkpoint_json.data(), checkpoint_json.size(), id,
                                                 error);
    });
  }

  // ---- executors

  /// How many steps an executor can hold, 0..100000; see tasker_worker_set_executor_room.
  void set_executor_room(Executor executor, std::uint32_t places) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_set_executor_room(get(), static_cast<std::int32_t>(executor), places,
                                             error);
    });
  }

  /// Gives claims back to the store at no cost of an attempt; their handlers have to be gone.
  /// @return how many were given back; unknown events are passed over
  std::uint32_t hand_back(const std::vector<std::string>& event_ids) {
    return detail::handed_back(
        event_ids, [&](auto... given) { return tasker_worker_hand_back(get(), given...); });
  }

  /// What Attachment's constructor takes, in any thread of the process.
  std::string attach_token() { return text_of(&tasker_worker_get_attach_token); }

  /// Ends an attachment whose thread is gone, or that has detached with steps.
  /// @return JSON array of the events that it still held, which are this worker's to settle
  std::string end_attachment(std::uint32_t id) {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return tasker_worker_end_attachment(get(), id, out, error);
    });
  }

  // ---- tasks and templates

  /// Creates one task (contract/schema/task_request.json). Blocks until it is durable.
  /// @return its UUID; that of the task which has the idempotency key already
  /// @throws Error INVALID_JSON; INVALID_ARGUMENT with the field; NOT_FOUND: no such template
  std::string create_task(std::string_view request_json) {
    const std::string list = create_tasks("[" + std::string(request_json) + "]");
    const auto created = json::elements(list);
    if (created.size() != 1) {
      throw Error(TASKER_ERR_INVALID_ARGUMENT, "the request is not one JSON object");
    }
    if (const auto error = json::find(created[0], {"error"})) throw Error::from_json(*error);
    return json::text(json::find(created[0], {"task_uuid"}).value_or("")).value_or("");
  }

  /// Creates the tasks of a JSON array in as few commits as possible. Blocks until they are
  /// durable.
  /// @return JSON array in the same order: `{"task_uuid","duplicate"}` or `{"error":{…}}`
  std::string create_tasks(std::string_view requests_json) {
    return text_of(&tasker_worker_create_tasks, requests_json);
  }

  /// Waits until a task has ended, whichever process ends it; 0 waits without a limit.
  /// @return name of its state, such as `complete`; nothing when time has passed
  /// @throws Error NOT_FOUND; CLOSED when the worker stops first
  std::optional<std::string> wait_task(std::string_view task_uuid,
                                       std::chrono::milliseconds timeout = {}) {
    detail::Buffer state;
    const bool ended = detail::run_or(TASKER_ERR_TIMED_OUT, [&](tasker_error** error) {
      return tasker_worker_wait_task(get(), task_uuid.data(), task_uuid.size(),
                                     detail::milliseconds(timeout), state.out(), error);
    });
    if (!ended) return std::nullopt;
    return json::text(state.view());
  }

  /// A task with the state of its steps (contract/schema/task.json). @throws Error NOT_FOUND
  std::string get_task(std::string_view task_uuid) {
    return text_of(&tasker_worker_get_task, task_uuid);
  }

  /// Tasks, newest first, one page: `{"tasks":[…],"pagination":{…}}`.
  /// @param params_json  `{"limit","offset","namespace","status"}`; empty: `{}`
  std::string list_tasks(std::string_view params_json = "{}") {
    return text_of(&tasker_worker_list_tasks, params_json.empty() ? "{}" : params_json);
  }

  /// The steps of a task: JSON array of contract/schema/step.json. @throws Error NOT_FOUND
  std::string list_task_steps(std::string_view task_uuid) {
    return text_of(&tasker_worker_list_task_steps, task_uuid);
  }

  /// One step of a task (contract/schema/step.json). @throws Error NOT_FOUND
  std::string get_step(std::string_view task_uuid, std::string_view step_uuid) {
    return text_of(&tasker_worker_get_step, task_uuid, step_uuid);
  }

  /// What became of each attempt of a step, a JSON array. @throws Error NOT_FOUND
  std::string get_step_audit_history(std::string_view task_uuid, std::string_view step_uuid) {
    return text_of(&tasker_worker_get_step_audit_history, task_uuid, step_uuid);
  }

  /// Cancels a task and its unfinished steps; running attempts are fenced off, in whatever process.
  /// @throws Error NOT_FOUND; INVALID_STATE when the task has ended
  void cancel_task(std::string_view task_uuid) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_cancel_task(get(), task_uuid.data(), task_uuid.size(), error);
    });
  }

  /// Gives each failed step of a blocked task a fresh set of attempts. @return how many steps
  /// @throws Error NOT_FOUND; INVALID_STATE unless the task is blocked_by_failures or error
  std::uint32_t retry_task(std::string_view task_uuid) {
    std::uint32_t steps = 0;
    detail::run([&](tasker_error** error) {
      return tasker_worker_retry_task(get(), task_uuid.data(), task_uuid.size(), &steps, error);
    });
    return steps;
  }

  /// Checks a task template in YAML and stores it. The same content again changes nothing.
  /// @return `{"namespace","name","version","revision","changed"}`
  /// @throws Error INVALID_TEMPLATE (all problems, each with its line); UNSUPPORTED
  std::string put_template(std::string_view yaml) {
    return text_of(&tasker_worker_put_template, yaml);
  }

  /// The newest revision of each template, a JSON array.
  std::string list_templates() { return text_of(&tasker_worker_list_templates); }

  // ---- without blocking: futures

  /// As the blocking ones of the same name. The futures hold JSON text (that array; the state as a
  /// string; the new event id as a string; a number of steps; null) or throw its Error. They are
  /// settled by poll_replies(), which run() calls by itself, and by close().
  std::future<std::string> create_tasks_begin(std::string_view requests_json) {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_create_tasks_begin(get(), requests_json.data(), requests_json.size(),
                                              request, error);
    });
  }
  std::future<std::string> wait_task_begin(std::string_view task_uuid,
                                           std::chrono::milliseconds timeout = {}) {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_wait_task_begin(get(), task_uuid.data(), task_uuid.size(),
                                           detail::milliseconds(timeout), request, error);
    });
  }
  std::future<std::string> checkpoint_step_event_begin(std::string_view event_id,
                                                       std::string_view checkpoint_json) {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_checkpoint_step_event_begin(get(), event_id.data(), event_id.size(),
                                                       checkpoint_json.data(),
                                                       checkpoint_json.size(), request, error);
    });
  }
  std::future<std::string> drain_begin(std::chrono::milliseconds timeout) {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_drain_begin(get(), detail::milliseconds(timeout), request, error);
    });
  }
  /// Does what takes time in close(), which then returns at once.
  std::future<std::string> stop_begin() {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_stop_begin(get(), request, error);
    });
  }

  /// Settles the futures whose replies are there; does not wait. @return how many
  std::size_t poll_replies() {
    std::size_t settled = 0;
    for (std::string batch; !(batch = poll(&tasker_worker_poll_replies)).empty();) {
      for (const std::string_view reply : json::elements(batch)) settled += settle(reply) ? 1U : 0U;
    }
    return settled;
  }

  // ---- news without polling

  /// Sets what is told when step events, notices, domain events or replies wait, on a thread kept
  /// for it: it may block, and may use the worker but for close(), set_wakeup() and run(). After a
  /// call the next one comes only once polls have found nothing more. Replaces the last one; an
  /// empty function removes it. After return the old one is not called any more.
  /// @throws Error INVALID_STATE inside it
  void set_wakeup(std::function<void()> on_wakeup) {
    detail::set_wakeup(std::move(on_wakeup),
                       [&](auto... given) { return tasker_worker_set_wakeup(get(), given...); });
  }

  /// Opens a port to the worker's event bus.
  /// @throws Error FULL
  Bus open_bus() { return Bus(get()); }

  /// A descriptor that is readable while news may wait, for poll, epoll and event loops. Polls keep
  /// it up to date; the caller neither reads nor closes it. It lives until the worker is closed.
  /// @throws Error TOO_LARGE when the process has no descriptor left
  int event_fd() {
    std::int32_t descriptor = -1;
    detail::run(
        [&](tasker_error** error) { return tasker_worker_event_fd(get(), &descriptor, error); });
    return descriptor;
  }

  /// Waits until there is news or `timeout` (0..60 s) has passed.
  News wait(std::chrono::milliseconds timeout) {
    return detail::wait_news([&](tasker_error** error) {
      return tasker_worker_wait(get(), detail::milliseconds(timeout), error);
    });
  }

  /// Takes up to `notices_max` (1..4096) notices: JSON array of contract/schema/notice.json, empty
  /// text when none waits. Inside run() they go to RunOptions::on_notice instead.
  std::string poll_notices(std::uint32_t notices_max = kBatchMax) {
    return poll(&tasker_worker_poll_notices, notices_max);
  }

  /// Keeps domain events of this process from now on, the newest 2000; before, none are kept.
  void keep_domain_events() {
    detail::run(
        [&](tasker_error** error) { return tasker_worker_keep_domain_events(get(), error); });
  }

  /// Takes up to `events_max` (1..4096) domain events: JSON array of
  /// contract/schema/domain_event.json, empty text when none waits.
  std::string poll_domain_events(std::uint32_t events_max = kBatchMax) {
    return poll(&tasker_worker_poll_domain_events, events_max);
  }

  // ---- durable domain events

  /// Subscribes to durable domain events: contract/schema/event_subscription.json.
  void subscribe_domain_events(std::string_view subscription_json) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_subscribe_domain_events(get(), subscription_json.data(),
                                                   subscription_json.size(), error);
    });
  }

  /// Takes no more events for the subscriber here; what is out goes to others and costs no attempt.
  void unsubscribe_domain_events(std::string_view subscriber) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_unsubscribe_domain_events(get(), subscriber.data(), subscriber.size(),
                                                     error);
    });
  }

  /// Forgets a subscriber for good, with all that was to be delivered to it.
  void remove_subscriber(std::string_view subscriber) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_remove_subscriber(get(), subscriber.data(), subscriber.size(), error);
    });
  }

  /// Takes up to `deliveries_max` (1..4096) durable events: JSON array of
  /// contract/schema/event_delivery.json, empty text when none waits.
  std::string poll_deliveries(std::uint32_t deliveries_max = kBatchMax) {
    return poll(&tasker_worker_poll_deliveries, deliveries_max);
  }

  /// The event has been dealt with.
  void acknowledge_delivery(std::string_view delivery_id) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_acknowledge_delivery(get(), delivery_id.data(), delivery_id.size(),
                                                error);
    });
  }

  /// The event could not be dealt with; `failure_json` is `{"message","error_type","retryable"}`.
  void fail_delivery(std::string_view delivery_id, std::string_view failure_json) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_fail_delivery(get(), delivery_id.data(), delivery_id.size(),
                                         failure_json.data(), failure_json.size(), error);
    });
  }

  // ---- status and the end

  /// State, settings and counts, a JSON object.
  std::string get_status() { return text_of(&tasker_worker_get_status); }
  /// Counts and latency histograms by handler and outcome, a JSON object.
  std::string get_metrics() { return text_of(&tasker_worker_get_metrics); }
  /// Counts of the dispatch channel (contract/schema/dispatch_metrics.json).
  std::string get_dispatch_metrics() { return text_of(&tasker_worker_get_dispatch_metrics); }
  /// Logs one warning for each event that runs longer than 10 s and was not reported before.
  void check_starvation_warnings() {
    detail::run([&](tasker_error** error) {
      return tasker_worker_check_starvation_warnings(get(), error);
    });
  }

  /// Stops claiming, hands back what was not started, waits up to `timeout` (0..1 h) for the
  /// running handlers and records what they complete. Steps that still run then are handed back,
  /// which costs no attempt. @return how many steps were handed back
  /// @throws Error INVALID_STATE unless the worker runs
  std::uint32_t drain(std::chrono::milliseconds timeout) {
    std::uint32_t handed_back = 0;
    detail::run([&](tasker_error** error) {
      return tasker_worker_drain(get(), detail::milliseconds(timeout), &handed_back, error);
    });
    return handed_back;
  }

 private:
  static constexpr std::uint32_t kBatchMax = 4096;
  static constexpr std::chrono::milliseconds kPause{5};  // while a channel of the library is full

  /// What functions of the worker share across threads and moves.
  struct State {
    tasker_worker* handle = nullptr;
    std::mutex mutex;
    std::map<std::uint64_t, std::promise<std::string>> promises;            // under mutex
    std::map<std::string, std::shared_ptr<std::atomic<bool>>> abort_flags;  // under mutex
    std::set<std::string> early_aborts;  // notices that overtook their events; under mutex
    std::optional<Error> failure;        // why the worker stopped by itself; under mutex
    std::atomic<bool> is_running{false};
  };

  /// One run() at a time.
  class Running {
   public:
    explicit Running(State& state) : state_(state) {
      if (state_.is_running.exchange(true)) {
        throw Error(TASKER_ERR_INVALID_STATE, "the worker runs already; run() was called twice");
      }
    }
    ~Running() { state_.is_running = false; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    State& state_;
  };

  struct WakeupReset {
    Worker& worker;
    explicit WakeupReset(Worker& of) : worker(of) {}
    WakeupReset(const WakeupReset&) = delete;
    WakeupReset& operator=(const WakeupReset&) = delete;
    // A worker that was closed meanwhile has none any more.
    ~WakeupReset() { tasker_worker_set_wakeup(worker.get(), nullptr, nullptr, nullptr, nullptr); }
  };

  /// Threads of run(), joined at its end however it ends.
  struct Crew {
    std::vector<std::thread> threads;
    std::atomic<bool> stopping{false};
    std::mutex mutex;
    std::exception_ptr failure;  // the first; under mutex

    Crew() = default;
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew() {
      for (std::thread& thread : threads) {
        if (thread.joinable()) thread.join();
      }
    }

    void fail(std::exception_ptr why) {
      stopping = true;
      const std::lock_guard<std::mutex> lock(mutex);
      if (failure == nullptr) failure = std::move(why);
    }
  };

  static void log_line(void* user_data, const tasker_log_record* record) noexcept {
    (*static_cast<OnLog*>(user_data))({record->level, record->message, record->fields});
  }

  void register_json(const std::string& list) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_register_handlers(get(), list.data(), list.size(), error);
    });
  }

  template <class Function, class... Texts>
  std::string text_of(Function function, Texts... texts) {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return std::apply([&](auto... parts) { return function(get(), parts..., out, error); },
                        std::tuple_cat(std::make_tuple(texts.data(), texts.size())...));
    });
  }

  template <class Function>
  std::string poll(Function function, std::uint32_t max = kBatchMax) {
    return detail::text_of(
        [&](tasker_buffer* out, tasker_error** error) { return function(get(), max, out, error); });
  }

  /// The lock is held from before the request is known, so that its reply finds the promise.
  template <class Begin>
  std::future<std::string> begin(Begin&& call) {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    std::promise<std::string> promise;
    std::future<std::string> future = promise.get_future();
    std::uint64_t request = 0;
    detail::run([&](tasker_error** error) { return call(&request, error); });
    state_->promises.emplace(request, std::move(promise));
    return future;
  }

  bool settle(std::string_view reply) {
    const auto request = json::integer(json::find(reply, {"request"}).value_or(""));
    const std::unique_lock<std::mutex> lock(state_->mutex);
    auto found = state_->promises.extract(static_cast<std::uint64_t>(request.value_or(0)));
    if (found.empty()) return false;
    if (const auto error = json::find(reply, {"error"})) {
      found.mapped().set_exception(std::make_exception_ptr(Error::from_json(*error)));
    } else {
      found.mapped().set_value(std::string(json::find(reply, {"result"}).value_or("null")));
    }
    return true;
  }

  tasker_status close_handle(tasker_error** error) noexcept {
    if (state_ == nullptr) return TASKER_OK;
    const tasker_status status = tasker_worker_close(state_->handle, error);
    if (status == TASKER_ERR_INVALID_STATE) return status;
    std::map<std::uint64_t, std::promise<std::string>> abandoned;
    {
      const std::lock_guard<std::mutex> lock(state_->mutex);
      abandoned.swap(state_->promises);
    }
    for (auto& [request, promise] : abandoned) {
      promise.set_exception(
          std::make_exception_ptr(Error(TASKER_ERR_CLOSED, "the worker was closed")));
    }
    return status;
  }

  tasker_status complete(std::string_view event_id, std::string_view document,
                         tasker_error** error) {
    return tasker_worker_complete_step_event(get(), event_id.data(), event_id.size(),
                                             document.data(), document.size(), error);
  }

  // ---- run()

  void run_threads(const Handlers& handlers, unsigned count) {
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    Crew crew;
    try {
      for (unsigned i = 0; i < count; ++i) {
        crew.threads.emplace_back([this, &handlers, &crew] { run_steps(handlers, crew); });
      }
    } catch (...) {
      crew.fail(std::current_exception());
    }
    for (std::thread& thread : crew.threads) thread.join();
    if (crew.failure != nullptr) std::rethrow_exception(crew.failure);
  }

  void run_steps(const Handlers& handlers, Crew& crew) noexcept {
    constexpr std::chrono::milliseconds kPatience{1000};
    try {
      while (!crew.stopping) {
        auto events = poll_step_events(1, kPatience);
        if (!events) return;
        for (StepEvent& event : *events) run_step(handlers, event);
      }
    } catch (const Error& error) {
      if (error.status() != TASKER_ERR_CLOSED) crew.fail(std::current_exception());
    } catch (...) {
      crew.fail(std::current_exception());
    }
  }

  void run_step(const Handlers& handlers, StepEvent& event) {
    watch_aborts(event);
    const auto started = std::chrono::steady_clock::now();
    StepResult result = call_handler(handlers, event);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started);
    if (const auto* checkpoint = std::get_if<Checkpoint>(&result)) {
      result = yield_step(event, *checkpoint);
    }
    if (const auto* text = std::get_if<std::string>(&result)) {
      finish(event, success_document(event, *text, took), took);
    } else if (const auto* failure = std::get_if<Failure>(&result)) {
      finish(event, failure_document(event, *failure, took), took);
    }
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->abort_flags.erase(event.id());
  }

  static StepResult call_handler(const Handlers& handlers, const StepEvent& event) {
    const auto found = handlers.find(event.handler());
    if (found == handlers.end()) {
      return Failure{"no handler is called " + event.handler(), "handler_not_found", false};
    }
    try {
      return found->second(event);
    } catch (const std::exception& error) {
      return Failure{error.what()};
    } catch (...) {
      return Failure{"the handler threw what is no std::exception"};
    }
  }

  /// A checkpoint that is refused because of what it says fails the step.
  StepResult yield_step(const StepEvent& event, const Checkpoint& checkpoint) {
    while (true) {
      try {
        checkpoint_step_event(event.id(), checkpoint.json);
        return checkpoint;
      } catch (const Error& error) {
        if (is_content(error.status())) {
          return Failure{error.message(), "invalid_checkpoint", false};
        }
        if (is_settled(error.status())) return checkpoint;
        if (error.status() != TASKER_ERR_FULL) throw;
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  /// Whether the event is gone and its step in order: it came too late, or the attempt has failed.
  static bool is_settled(tasker_status status) noexcept {
    return status == TASKER_ERR_FENCED || status == TASKER_ERR_UNKNOWN_EVENT ||
           (status <= TASKER_ERR_STORE_UNAVAILABLE && status >= TASKER_ERR_STORE_FAILED);
  }

  static bool is_content(tasker_status status) noexcept {
    return status == TASKER_ERR_INVALID_JSON || status == TASKER_ERR_INVALID_ARGUMENT ||
           status == TASKER_ERR_TOO_LARGE;
  }

  /// Completes the event; what the library refuses to take becomes a failure of the step.
  void finish(const StepEvent& event, const std::string& document, std::chrono::milliseconds took) {
    constexpr std::size_t kMessageMax = 200;
    tasker_error* error = nullptr;
    tasker_status status = complete(event.id(), document, &error);
    while (status == TASKER_ERR_FULL) {
      tasker_error_destroy(std::exchange(error, nullptr));
      std::this_thread::sleep_for(kPause);
      status = complete(event.id(), document, &error);
    }
    if (status == TASKER_OK) return;
    const Error refusal(status, error);
    if (is_content(status)) {
      const char* const type =
          status == TASKER_ERR_TOO_LARGE ? "result_too_large" : "invalid_result";
      const Failure failure{refusal.message().substr(0, kMessageMax), type, false};
      complete(event.id(), failure_document(event, failure, took), nullptr);
    } else if (!is_settled(status)) {
      throw Error(refusal);
    }
  }

  static std::string success_document(const StepEvent& event, const std::string& result,
                                      std::chrono::milliseconds took) {
    return "{\"step_uuid\":" + json::quote(event.step_uuid()) +
           ",\"success\":true,\"status\":\"completed\",\"result\":" +
           (result.empty() ? "{}" : result) +
           ",\"metadata\":{\"execution_time_ms\":" + std::to_string(took.count()) + "}}";
  }

  static std::string failure_document(const StepEvent& event, const Failure& failure,
                                      std::chrono::milliseconds took) {
    constexpr std::size_t kMessageMax = 8192;
    const std::string type = json::quote(failure.error_type);
    const std::string retryable = failure.retryable ? "true" : "false";
    const std::string delay =
        failure.retry_after_seconds
            ? ",\"retry_after_seconds\":" + std::to_string(*failure.retry_after_seconds)
            : "";
    return "{\"step_uuid\":" + json::quote(event.step_uuid()) +
           ",\"success\":false,\"status\":\"failed\",\"result\":{},\"metadata\":" +
           "{\"execution_time_ms\":" + std::to_string(took.count()) +
           ",\"retryable\":" + retryable + ",\"error_type\":" + type + delay +
           "},\"error\":{\"message\":" +
           json::quote(std::string_view(failure.message).substr(0, kMessageMax)) +
           ",\"error_type\":" + type + ",\"retryable\":" + retryable + "}}";
  }

  /// Lets notices find the event's flag; one that came first is remembered.
  void watch_aborts(const StepEvent& event) {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->early_aborts.erase(event.id()) > 0) *event.aborted_ = true;
    state_->abort_flags[event.id()] = event.aborted_;
  }

  /// Takes all that waits besides step events.
  void take_news(const RunOptions& options) {
    try {
      poll_replies();
      for (std::string batch; !(batch = poll_notices()).empty();) {
        for (const std::string_view notice : json::elements(batch)) {
          take_notice(notice);
          if (options.on_notice) options.on_notice(notice);
        }
      }
      if (!options.on_domain_event) return;
      for (std::string batch; !(batch = poll_domain_events()).empty();) {
        for (const std::string_view event : json::elements(batch)) options.on_domain_event(event);
      }
    } catch (const Error& error) {
      if (error.status() != TASKER_ERR_CLOSED) throw;
    }
  }

  void note_failure(const Error& error) {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (!state_->failure) state_->failure = error;
  }

  void take_notice(std::string_view notice) {
    constexpr std::size_t kEarlyAbortsMax = 1024;
    const auto member = [notice](std::string_view name) {
      return json::text(json::find(notice, {name}).value_or("")).value_or("");
    };
    const std::string kind = member("kind");
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (kind == "failed") {
      if (const auto error = json::find(notice, {"error"}))
        state_->failure = Error::from_json(*error);
    } else if (kind == "abort") {
      const auto found = state_->abort_flags.find(member("event_id"));
      if (found != state_->abort_flags.end()) {
        *found->second = true;
        return;
      }
      if (state_->early_aborts.size() >= kEarlyAbortsMax) state_->early_aborts.clear();
      state_->early_aborts.insert(member("event_id"));
    }
  }

  std::unique_ptr<State> state_;
};

}  // namespace tasker
