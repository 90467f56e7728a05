// What the tests of the C ABI in C++ share: a worker on a file that goes away, tasks for it, and
// calls without the noise.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/worker/json_members.h"
#include "core/worker/worker_test_support.h"
#include "doors/c/handle_calls.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

inline constexpr std::string_view kOneStep =
    "name: one_step\nnamespace_name: test\nversion: 1.0.0\n"
    "steps:\n  - name: work\n    handler: { callable: test.Work }\n    retry: { backoff: none }\n";

inline std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

/// The text of a member of a JSON object, without its quotes.
inline std::string member(std::string_view object, std::string_view name) {
  std::string text = worker::member_text(object, name).value_or("");
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

/// The elements of a JSON array of objects that are not nested in arrays of objects themselves.
inline std::vector<std::string> elements(std::string_view array) {
  std::vector<std::string> found;
  int depth = 0;
  bool in_text = false;
  std::size_t begin = 0;
  for (std::size_t i = 1; i + 1 < array.size(); ++i) {
    const char c = array[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '{' && depth++ == 0) begin = i;
    if (c == '}' && --depth == 0) found.emplace_back(array.substr(begin, i + 1 - begin));
  }
  return found;
}

/// An open worker that takes all steps of one store. EXPECTs that every call succeeds.
class TestWorker {
 public:
  /// `store_path` is another worker's, which outlives this one; without it, the store is its own.
  explicit TestWorker(const std::string& settings = {}, const std::string& store_path = {})
      : store_path_(store_path.empty() ? folder_.file("store.db") : store_path) {
    const std::string config =
        fmt::format(R"({{"store_path":"{}","durability":"normal","log_level":"off"{}}})",
                    store_path_, settings);
    expect([&](tasker_error** error) {
      return tasker_worker_open(config.data(), config.size(), nullptr, &handle_, error);
    });
  }
  ~TestWorker() { (void)tasker_worker_close(handle_, nullptr); }
  TestWorker(const TestWorker&) = delete;
  TestWorker& operator=(const TestWorker&) = delete;

  tasker_worker* get() const { return handle_; }
  const std::string& store_path() const { return store_path_; }

  void start() {
    put_template(kOneStep);
    expect(
        [&](tasker_error** error) { return tasker_worker_register_all_handlers(handle_, error); });
    expect([&](tasker_error** error) { return tasker_worker_start(handle_, error); });
  }
  void put_template(std::string_view yaml) {
    OwnedText stored;
    expect([&](tasker_error** error) {
      return tasker_worker_put_template(handle_, yaml.data(), yaml.size(), stored.out(), error);
    });
  }
  /// The ids of `count` new tasks of one_step.
  std::vector<std::string> create(std::size_t count) {
    std::string requests = "[";
    for (std::size_t i = 0; i < count; ++i)
      requests += R"({"name":"one_step","namespace":"test","version":"1.0.0"},)";
    requests.back() = ']';
    OwnedText created;
    expect([&](tasker_error** error) {
      return tasker_worker_create_tasks(handle_, requests.data(), requests.size(), created.out(),
                                        error);
    });
    std::vector<std::string> tasks;
    for (const std::string& element : elements(created.view()))
      tasks.push_back(member(element, "task_uuid"));
    return tasks;
  }
  /// The ids of up to `max` step events; waits up to 10 s for the first.
  std::vector<std::string> poll(std::uint32_t max) {
    OwnedText events;
    expect([&](tasker_error** error) {
      return tasker_worker_poll_step_events(handle_, max, 10'000, events.out(), error);
    });
    std::vector<std::string> ids;
    for (const std::string& event : elements(events.view()))
      ids.push_back(member(event, "event_id"));
    return ids;
  }
  std::string next_event() {
    auto ids = poll(1);
    EXPECT_EQ(ids.size(), 1U);
    return ids.empty() ? std::string() : ids[0];
  }
  tasker_status complete(std::string_view event_id,
                         std::string_view result = R"({"success":true,"result":{}})") {
    return tasker_worker_complete_step_event(handle_, event_id.data(), event_id.size(),
                                             result.data(), result.size(), nullptr);
  }
  /// State of the task once it has ended.
  std::string await_end(std::string_view task) {
    OwnedText state;
    expect([&](tasker_error** error) {
      return tasker_worker_wait_task(handle_, task.data(), task.size(), 10'000, state.out(), error);
    });
    return std::string(state.view());
  }

 private:
  // Any thread may call: the error is the call's own.
  template <class Call>
  void expect(Call call) {
    const auto done = status_from(call);
    EXPECT_TRUE(done) << done.error().message;
  }

  worker::TempFolder folder_;
  const std::string store_path_;
  tasker_worker* handle_ = nullptr;
};

}  // namespace tasker::c
