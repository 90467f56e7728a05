// A port to a worker's event bus. tasker.hpp includes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "tasker/error.hpp"

namespace tasker {

/// A port to a worker's event bus: its own subscriptions, and one wake-up for all of them.
/// Transitions of tasks and steps are published on it, and whatever any thread and language of the
/// process publishes. The worker outlives it, or is closed first, after which every call throws
/// CLOSED. Threads: every member may be called from any, several at once, but for moving and
/// destroying it.
class Bus {
 public:
  Bus(Bus&& other) noexcept
      : worker_(std::exchange(other.worker_, nullptr)), number_(other.number_) {}
  Bus& operator=(Bus&&) = delete;
  ~Bus() {
    if (worker_ != nullptr) tasker_bus_close(worker_, number_, nullptr);
  }

  /// Makes an event known; the same again is no error.
  /// @param schema_json  JSON Schema of its payloads; empty: any JSON is one
  /// @throws Error INVALID_ARGUMENT, INVALID_JSON, INVALID_STATE (it has another schema), FULL
  void register_event(std::string_view name, std::string_view schema_json = {}) {
    detail::run([&](tasker_error** error) {
      return tasker_bus_register_event(worker_, number_, name.data(), name.size(),
                                       schema_json.data(), schema_json.size(), error);
    });
  }

  /// JSON array of the events that are known, with their schemas and counts.
  std::string list_events() {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return tasker_bus_list_events(worker_, number_, out, error);
    });
  }

  /// Publishes, and waits for queues that are full and whose policy is to wait.
  /// @throws Error NOT_FOUND, INVALID_JSON, TOO_LARGE; INVALID_ARGUMENT (the field is the place)
  void publish(std::string_view name, std::string_view payload_json) {
    detail::run([&](tasker_error** error) {
      return tasker_bus_publish(worker_, number_, name.data(), name.size(), payload_json.data(),
                                payload_json.size(), error);
    });
  }

  /// The same without waiting; see tasker_bus_publish_begin.
  /// @return 0 when all is done, else a number that poll() tells the end of
  std::uint64_t publish_begin(std::string_view name, std::string_view payload_json,
                              std::uint32_t depth = 1) {
    std::uint64_t request = 0;
    detail::run([&](tasker_error** error) {
      return tasker_bus_publish_begin(worker_, number_, name.data(), name.size(),
                                      payload_json.data(), payload_json.size(), depth, &request,
                                      error);
    });
    return request;
  }

  /// Subscribes a queue to a name or a pattern such as `step.*`.
  /// @param options_json  `{"capacity","policy":"wait"|"refuse"|"drop_oldest","wait_ms"}`; empty:
  ///                      the defaults
  /// @return its number
  std::uint64_t subscribe(std::string_view pattern, std::string_view options_json = {}) {
    std::uint64_t subscription = 0;
    detail::run([&](tasker_error** error) {
      return tasker_bus_subscribe(worker_, number_, pattern.data(), pattern.size(),
                                  options_json.data(), options_json.size(), &subscription, error);
    });
    return subscription;
  }

  /// @throws Error NOT_FOUND
  void unsubscribe(std::uint64_t subscription) {
    detail::run([&](tasker_error** error) {
      return tasker_bus_unsubscribe(worker_, number_, subscription, error);
    });
  }

  /// JSON object: pattern, capacity, policy, depth, depth_max, delivered, lost.
  /// @throws Error NOT_FOUND
  std::string subscription(std::uint64_t subscription) {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return tasker_bus_get_subscription(worker_, number_, subscription, out, error);
    });
  }

  /// Up to `max` events (1..4096) of one subscription, or of all (0), as a JSON array; empty when
  /// none waits.
  std::string poll(std::uint32_t max = 64, std::uint64_t subscription = 0) {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return tasker_bus_poll(worker_, number_, max, subscription, out, error);
    });
  }

  /// Waits up to `timeout` (at most a minute) for something to poll. False when nothing came.
  bool wait(std::chrono::milliseconds timeout) {
    return detail::run_or(TASKER_ERR_TIMED_OUT, [&](tasker_error** error) {
      return tasker_bus_wait(worker_, number_, detail::milliseconds(timeout), error);
    });
  }

  /// Sets what is called, on a thread of the library's, when something waits; empty removes it.
  /// @throws Error INVALID_STATE inside it
  void set_wakeup(std::function<void()> on_wakeup) {
    detail::set_wakeup(std::move(on_wakeup), [&](auto... given) {
      return tasker_bus_set_wakeup(worker_, number_, given...);
    });
  }

 private:
  friend class Worker;

  explicit Bus(tasker_worker* worker) : worker_(worker) {
    detail::run([&](tasker_error** error) { return tasker_bus_open(worker, &number_, error); });
  }

  tasker_worker* worker_;
  std::uint64_t number_ = 0;
};

}  // namespace tasker
