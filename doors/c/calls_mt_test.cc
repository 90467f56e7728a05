// Calls from every thread at once, and a close in the middle of them.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "doors/c/door_test_support.h"
#include "include/tasker/tasker_flat.h"

namespace tasker::c {
namespace {

constexpr int kThreads = 4;

void run_on_threads(const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

/// Every function that takes a worker and does not wait, once; whatever it answers.
void call_everything(tasker_worker* worker) {
  static constexpr char kId[] = "00000000-0000-4000-8000-000000000000";
  for (const auto call : {tasker_worker_get_status, tasker_worker_get_metrics,
                          tasker_worker_get_dispatch_metrics, tasker_worker_list_templates}) {
    OwnedText text;
    (void)call(worker, text.out(), nullptr);
  }
  for (const auto call : {tasker_worker_get_task, tasker_worker_list_task_steps}) {
    OwnedText text;
    (void)call(worker, kId, 36, text.out(), nullptr);
  }
  for (const auto call :
       {tasker_worker_poll_notices, tasker_worker_poll_domain_events, tasker_worker_poll_replies}) {
    OwnedText text;
    (void)call(worker, 4, text.out(), nullptr);
  }
  OwnedText events;
  OwnedText created;
  (void)tasker_worker_poll_step_events(worker, 4, 1, events.out(), nullptr);
  for (const std::string& event : elements(events.view())) {
    const std::string id = member(event, "event_id");
    (void)tasker_worker_complete_step_event(worker, id.data(), id.size(), "{\"success\":true}", 16,
                                            nullptr);
  }
  constexpr std::string_view kRequest = R"([{"name":"one_step","namespace":"test"}])";
  (void)tasker_worker_create_tasks(worker, kRequest.data(), kRequest.size(), created.out(),
                                   nullptr);
  std::uint64_t request = 0;
  (void)tasker_worker_create_tasks_begin(worker, kRequest.data(), kRequest.size(), &request,
                                         nullptr);
  (void)tasker_worker_wait_task_begin(worker, kId, 36, 5, &request, nullptr);
  std::int32_t fd = -1;
  (void)tasker_worker_event_fd(worker, &fd, nullptr);
  (void)tasker_worker_set_wakeup(
      worker, [](void*) {}, nullptr, nullptr, nullptr);
  tasker_error* error = nullptr;
  (void)tasker_worker_wait(worker, 1, &error);
  (void)tasker_error_message(error);
  (void)tasker_error_destroy(error);
}

TEST(Calls, OfEveryFunctionFromEveryThreadAtOnceEndWell) {
  TestWorker worker;
  worker.start();
  run_on_threads([&](int) {
    for (int round = 0; round < 20; ++round) call_everything(worker.get());
  });
}

TEST(Calls, UnderWayEndWhenTheWorkerIsClosed) {
  for (int round = 0; round < 10; ++round) {
    TestWorker worker;
    worker.start();
    std::atomic<bool> is_closed{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        while (!is_closed) call_everything(worker.get());
        // After the close nothing is left but the refusal.
        OwnedText text;
        EXPECT_EQ(tasker_worker_get_status(worker.get(), text.out(), nullptr), TASKER_ERR_CLOSED);
      });
    worker.create(3);
    EXPECT_EQ(tasker_worker_close(worker.get(), nullptr), TASKER_OK);
    is_closed = true;
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(Calls, ThatWaitReturnClosedFirst) {
  TestWorker worker;
  worker.start();
  const std::string task = worker.create(1)[0];
  const std::string event = worker.next_event();
  OwnedText none;
  ASSERT_EQ(tasker_worker_poll_step_events(worker.get(), 1, 0, none.out(), nullptr), TASKER_OK);
  ASSERT_EQ(tasker_worker_wait(worker.get(), 0, nullptr), TASKER_ERR_TIMED_OUT);
  std::atomic<int> began{0};
  std::vector<tasker_status> statuses(4, TASKER_OK);
  std::vector<std::thread> threads;
  const std::function<tasker_status()> waits[] = {
      [&] {
        OwnedText text;
        return tasker_worker_poll_step_events(worker.get(), 1, 60'000, text.out(), nullptr);
      },
      [&] { return tasker_worker_wait(worker.get(), 60'000, nullptr); },
      [&] {
        OwnedText text;
        return tasker_worker_wait_task(worker.get(), task.data(), task.size(), 0, text.out(),
                                       nullptr);
      },
      [&] { return tasker_worker_drain(worker.get(), 3'600'000, nullptr, nullptr); }};
  for (std::size_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      ++began;
      statuses[i] = waits[i]();
    });
  while (began < 4) std::this_thread::yield();
  EXPECT_EQ(tasker_worker_close(worker.get(), nullptr), TASKER_OK);
  for (std::thread& thread : threads) thread.join();
  // A drain that is cut short has handed back; a poll or wait that it reached first is told so.
  for (const std::size_t i : {0U, 1U})
    EXPECT_TRUE(statuses[i] == TASKER_ERR_CLOSED || statuses[i] == TASKER_ERR_DRAINING)
        << tasker_status_name(statuses[i]);
  EXPECT_EQ(statuses[2], TASKER_ERR_CLOSED);
  EXPECT_TRUE(statuses[3] == TASKER_OK || statuses[3] == TASKER_ERR_CLOSED)
      << tasker_status_name(statuses[3]);
}

TEST(Calls, OfCloseAtOnceSucceedOnce) {
  TestWorker worker;
  worker.start();
  std::atomic<int> succeeded{0};
  run_on_threads([&](int) {
    const tasker_status status = tasker_worker_close(worker.get(), nullptr);
    if (status == TASKER_OK) ++succeeded;
    EXPECT_TRUE(status == TASKER_OK || status == TASKER_ERR_CLOSED);
  });
  EXPECT_EQ(succeeded, 1);
}

TEST(Calls, EachEventIsHandedOutOnceAmongThreads) {
  TestWorker worker(R"(,"max_concurrent_handlers":64)");
  worker.start();
  constexpr std::size_t kTasks = 200;
  std::atomic<std::size_t> completed{0};
  std::thread producer([&] {
    for (std::size_t i = 0; i < kTasks; i += 10) worker.create(10);
  });
  run_on_threads([&](int i) {
    std::vector<char> buffer(i % 2 == 0 ? 3'000 : 60'000);
    while (completed < kTasks) {
      std::size_t size = 0;
      const tasker_status status = tasker_worker_poll_step_events_into(
          worker.get(), 8, buffer.data(), buffer.size(), &size, nullptr);
      if (status == TASKER_ERR_TOO_LARGE) buffer.resize(size);
      if (status != TASKER_OK) continue;
      for (const std::string& event : elements({buffer.data(), size})) {
        EXPECT_EQ(worker.complete(member(event, "event_id")), TASKER_OK);
        ++completed;
      }
      if (size == 2 && completed < kTasks) (void)tasker_worker_wait(worker.get(), 20, nullptr);
    }
  });
  producer.join();
  EXPECT_EQ(completed, kTasks);
}

std::string flat_text(char* text) {
  std::string copy = text ? text : "";
  free_rust_string(text);
  return copy;
}

TEST(FlatCalls, FromEveryThreadAtOnceEndWell) {
  worker::TempFolder folder;
  const std::string config = fmt::format(
      R"({{"store_path":"{}","durability":"normal","log_level":"off"}})", folder.file("flat.db"));
  run_on_threads([&](int thread) {
    for (int round = 0; round < 12; ++round) {
      EXPECT_NE(flat_text(bootstrap_worker(config.c_str())).find("\"success\":true"),
                std::string::npos);
      (void)flat_text(get_worker_status());
      (void)flat_text(client_create_task(R"({"name":"one_step","namespace":"test"})"));
      (void)flat_text(client_list_tasks("{}"));
      (void)flat_text(client_health_check());
      (void)flat_text(get_ffi_dispatch_metrics());
      const std::string event = flat_text(poll_step_events());
      if (!event.empty())
        (void)complete_step_event(member(event, "event_id").c_str(), R"({"success":true})");
      (void)flat_text(poll_in_process_events());
      (void)checkpoint_yield_step_event("x", "{}");
      check_starvation_warnings();
      cleanup_timeouts();
      log_trace("line", R"({"n":1})");
      (void)is_worker_running();
      if (round % 3 == thread % 3) (void)flat_text(transition_to_graceful_shutdown());
      if (round % 4 == thread % 4) (void)flat_text(stop_worker());
    }
  });
  (void)flat_text(stop_worker());
  EXPECT_EQ(is_worker_running(), 0);
}

TEST(FlatCalls, AnEventThatTheClientLostGivesItsPlaceBack) {
  worker::TempFolder folder;
  const std::string path = folder.file("flat.db");
  ASSERT_TRUE(worker::open_worker(path)->put_template(worker::chain_template(1)));
  const std::string config =
      fmt::format(R"({{"store_path":"{}","durability":"normal","log_level":"off",)"
                  R"("max_concurrent_handlers":1,"handler_timeout_ms":50}})",
                  path);
  ASSERT_NE(flat_text(bootstrap_worker(config.c_str())).find("started"), std::string::npos);
  (void)flat_text(client_create_task(R"({"name":"chain","namespace":"test"})"));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const auto next_event = [&] {
    std::string event;
    while (event.empty() && std::chrono::steady_clock::now() < deadline) {
      cleanup_timeouts();
      event = flat_text(poll_step_events());
      std::this_thread::yield();
    }
    return member(event, "event_id");
  };
  const std::string lost = next_event();
  const std::string next = next_event();
  EXPECT_NE(next, lost);
  EXPECT_EQ(complete_step_event(lost.c_str(), R"({"success":true})"), 0);
  EXPECT_EQ(complete_step_event(next.c_str(), R"({"success":true})"), 1);
  (void)flat_text(stop_worker());
}

TEST(FlatCalls, AClientCallThatWaitsHoldsUpNobody) {
  // Bootstrap and stop are what take turns; a poll in between finds whatever is there.
  worker::TempFolder folder;
  const std::string config = fmt::format(
      R"({{"store_path":"{}","durability":"normal","log_level":"off"}})", folder.file("flat.db"));
  std::atomic<bool> is_over{false};
  std::thread poller([&] {
    while (!is_over) {
      free_rust_string(poll_step_events());
      std::this_thread::yield();
    }
  });
  for (int round = 0; round < 6; ++round) {
    EXPECT_NE(flat_text(bootstrap_worker(config.c_str())).find("started"), std::string::npos);
    EXPECT_NE(flat_text(stop_worker()).find("stopped"), std::string::npos);
  }
  is_over = true;
  poller.join();
}

}  // namespace
}  // namespace tasker::c
