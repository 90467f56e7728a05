// Every exported function, with each of its allocations failing in turn: it has to answer with a
// status of its own, leave nothing behind, and work again as soon as there is memory.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>
#include <set>
#include <string>
#include <thread>

#include "doors/c/door_test_support.h"
#include "include/tasker/tasker_flat.h"

namespace {

// The allocation of `failing_thread` that fails next, counted down; negative: none. Threads of the
// library go on as ever: what fails there ends the process, as it does in any C++ program.
std::atomic<std::thread::id> failing_thread{};
std::atomic<int> allocations_left{-1};
std::atomic<int> failures{0};

bool should_fail() {
  if (failing_thread.load() != std::this_thread::get_id()) return false;
  if (allocations_left.fetch_sub(1) != 0) return false;
  failures.fetch_add(1);
  return true;
}

void* allocate(std::size_t bytes) {
  if (should_fail()) throw std::bad_alloc();
  void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
// Those that do not throw are simdjson's, and are answered where they are called.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return std::malloc(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace tasker::c {
namespace {

/// Calls `call` with its first, second, … allocation failing, until one call needs no more.
/// @return how many allocations were made to fail
int fail_each_allocation(const std::function<void()>& call) {
  constexpr int kMost = 5'000;
  for (int n = 0; n < kMost; ++n) {
    failures = 0;
    allocations_left = n;
    failing_thread = std::this_thread::get_id();
    call();
    failing_thread = std::thread::id();
    if (failures == 0) return n;
  }
  ADD_FAILURE() << "more than " << kMost << " allocations";
  return kMost;
}

class OutOfMemory : public ::testing::Test {
 protected:
  OutOfMemory() { worker_.start(); }

  /// Each failed allocation has to come out as TOO_LARGE, or to be made up for.
  void expect_too_large(const char* name,
                        const std::function<tasker_status(tasker_error**)>& call) {
    std::set<tasker_status> seen;
    fail_each_allocation([&] {
      tasker_error* error = nullptr;
      const tasker_status status = call(&error);
      failing_thread = std::thread::id();
      seen.insert(status);
      if (status == TASKER_OK) return;
      EXPECT_EQ(status, TASKER_ERR_TOO_LARGE) << name << ": " << tasker_error_json(error);
      EXPECT_EQ(tasker_error_status(error), status) << name;
      EXPECT_STRNE(tasker_error_message(error), "") << name;
      EXPECT_EQ(tasker_error_destroy(error), TASKER_OK) << name;
    });
    EXPECT_TRUE(seen.count(TASKER_OK)) << name << " never succeeded";
  }

  TestWorker worker_;
};

using TextCall = tasker_status (*)(tasker_worker*, tasker_buffer*, tasker_error**);

TEST_F(OutOfMemory, DocumentsOfTheWorkerAreRefusedOrGiven) {
  const std::pair<const char*, TextCall> calls[] = {
      {"get_status", tasker_worker_get_status},
      {"get_metrics", tasker_worker_get_metrics},
      {"get_dispatch_metrics", tasker_worker_get_dispatch_metrics},
      {"list_templates", tasker_worker_list_templates},
  };
  for (const auto& [name, call] : calls)
    expect_too_large(name, [&, call = call](tasker_error** error) {
      OwnedText text;
      return call(worker_.get(), text.out(), error);
    });
}

TEST_F(OutOfMemory, QuestionsAboutATaskAreRefusedOrAnswered) {
  const std::string task = worker_.create(1)[0];
  OwnedText steps;
  ASSERT_EQ(
      tasker_worker_list_task_steps(worker_.get(), task.data(), task.size(), steps.out(), nullptr),
      TASKER_OK);
  const std::string step = member(elements(steps.view())[0], "step_uuid");
  for (const auto call : {tasker_worker_get_task, tasker_worker_list_task_steps})
    expect_too_large("get_task, list_task_steps", [&](tasker_error** error) {
      OwnedText text;
      return call(worker_.get(), task.data(), task.size(), text.out(), error);
    });
  for (const auto call : {tasker_worker_get_step, tasker_worker_get_step_audit_history})
    expect_too_large("get_step, get_step_audit_history", [&](tasker_error** error) {
      OwnedText text;
      return call(worker_.get(), task.data(), task.size(), step.data(), step.size(), text.out(),
                  error);
    });
  expect_too_large("list_tasks", [&](tasker_error** error) {
    OwnedText text;
    return tasker_worker_list_tasks(worker_.get(), "{\"limit\":5}", 11, text.out(), error);
  });
}

TEST_F(OutOfMemory, APollLosesNoEvent) {
  constexpr std::size_t kTasks = 10;
  worker_.create(kTasks);
  std::set<std::string> events;
  OwnedText first;
  ASSERT_EQ(tasker_worker_poll_step_events(worker_.get(), 1, 10'000, first.out(), nullptr),
            TASKER_OK);
  events.insert(member(elements(first.view())[0], "event_id"));
  const auto collect = [&](std::string_view text) {
    for (const std::string& event : elements(text)) events.insert(member(event, "event_id"));
  };
  expect_too_large("poll_step_events", [&](tasker_error** error) {
    OwnedText text;
    const tasker_status status =
        tasker_worker_poll_step_events(worker_.get(), 3, 0, text.out(), error);
    failing_thread = std::thread::id();
    collect(text.view());
    return status;
  });
  std::array<char, 8'192> buffer{};
  expect_too_large("poll_step_events_into", [&](tasker_error** error) {
    std::size_t size = 0;
    const tasker_status status = tasker_worker_poll_step_events_into(
        worker_.get(), 2, buffer.data(), buffer.size(), &size, error);
    failing_thread = std::thread::id();
    collect({buffer.data(), status == TASKER_OK ? size : 0});
    return status;
  });
  while (events.size() < kTasks) {
    const auto more = worker_.poll(64);
    ASSERT_FALSE(more.empty()) << events.size() << " of " << kTasks << " events came";
    events.insert(more.begin(), more.end());
  }
  for (const std::string& event : events) EXPECT_EQ(worker_.complete(event), TASKER_OK);
}

TEST_F(OutOfMemory, ACompletionThatWasNotTakenCanBeGivenAgain) {
  const auto tasks = worker_.create(1);
  const std::string event = worker_.next_event();
  tasker_status status = TASKER_ERR_INTERNAL;
  expect_too_large("complete_step_event", [&](tasker_error** error) {
    constexpr std::string_view kResult = R"({"success":true,"result":{"n":1}})";
    if (status == TASKER_OK) return TASKER_OK;
    status = tasker_worker_complete_step_event(worker_.get(), event.data(), event.size(),
                                               kResult.data(), kResult.size(), error);
    return status;
  });
  EXPECT_EQ(status, TASKER_OK);
  EXPECT_EQ(worker_.await_end(tasks[0]), "\"complete\"");
}

TEST_F(OutOfMemory, CompletionsThatWereNotTakenCanBeGivenAgain) {
  const auto tasks = worker_.create(4);
  std::vector<std::string> events;
  while (events.size() < tasks.size())
    for (std::string& event : worker_.poll(4)) events.push_back(std::move(event));
  constexpr std::string_view kResult = R"({"success":true,"result":{}})";
  std::array<tasker_completion, 2> completions{};
  for (std::size_t i = 0; i < 2; ++i)
    completions[i] = {events[i].data(), events[i].size(), kResult.data(), kResult.size()};
  std::set<std::string> taken;
  expect_too_large("complete_step_events", [&](tasker_error** error) {
    std::array<tasker_status, 2> statuses{};
    tasker_status status = tasker_worker_complete_step_events(
        worker_.get(), completions.data(), completions.size(), statuses.data(), error);
    failing_thread = std::thread::id();
    for (std::size_t i = 0; i < 2; ++i)
      if (statuses[i] == TASKER_OK) taken.insert(events[i]);
    // What was taken in an earlier round is unknown in this one.
    if (status == TASKER_ERR_UNKNOWN_EVENT) {
      (void)tasker_error_destroy(*error);
      *error = nullptr;
      status = TASKER_OK;
    }
    return status;
  });
  EXPECT_EQ(taken.size(), 2U);
  const std::string json =
      fmt::format(R"([{{"event_id":"{}","result":{}}},{{"event_id":"{}","result":{}}}])", events[2],
                  kResult, events[3], kResult);
  expect_too_large("complete_step_events_json", [&](tasker_error** error) {
    OwnedText refusals;
    return tasker_worker_complete_step_events_json(worker_.get(), json.data(), json.size(),
                                                   refusals.out(), error);
  });
  for (const std::string& task : tasks) EXPECT_EQ(worker_.await_end(task), "\"complete\"");
}

TEST_F(OutOfMemory, ACheckpointIsStoredOrItsEventStaysOpen) {
  const auto tasks = worker_.create(1);
  OwnedText polled;
  ASSERT_EQ(tasker_worker_poll_step_events(worker_.get(), 1, 10'000, polled.out(), nullptr),
            TASKER_OK);
  const std::string first = elements(polled.view())[0];
  std::string event = member(first, "event_id");
  const std::string checkpoint =
      fmt::format(R"({{"step_uuid":"{}","cursor":{{"row":1}},"items_processed":1}})",
                  member(first, "step_uuid"));
  expect_too_large("checkpoint_step_event", [&](tasker_error** error) {
    std::array<char, 37> next{};
    const tasker_status status = tasker_worker_checkpoint_step_event(
        worker_.get(), event.data(), event.size(), checkpoint.data(), checkpoint.size(),
        next.data(), error);
    failing_thread = std::thread::id();
    if (status == TASKER_OK) event = worker_.next_event();
    return status;
  });
  EXPECT_EQ(worker_.complete(event), TASKER_OK);
  EXPECT_EQ(worker_.await_end(tasks[0]), "\"complete\"");
}

TEST_F(OutOfMemory, RequestsThatChangeTasksAndTemplatesAreRefusedOrDone) {
  constexpr std::string_view kRequests =
      R"([{"name":"one_step","namespace":"test","idempotency_key":"k"},{"name":7}])";
  expect_too_large("create_tasks", [&](tasker_error** error) {
    OwnedText created;
    return tasker_worker_create_tasks(worker_.get(), kRequests.data(), kRequests.size(),
                                      created.out(), error);
  });
  expect_too_large("put_template", [&](tasker_error** error) {
    OwnedText stored;
    return tasker_worker_put_template(worker_.get(), kOneStep.data(), kOneStep.size(), stored.out(),
                                      error);
  });
  expect_too_large("check_template", [&](tasker_error** error) {
    OwnedText report;
    return tasker_check_template(kOneStep.data(), kOneStep.size(), report.out(), error);
  });
  constexpr std::string_view kCallables = R"(["a.B","c.D"])";
  expect_too_large("register_handlers", [&](tasker_error** error) {
    return tasker_worker_register_handlers(worker_.get(), kCallables.data(), kCallables.size(),
                                           error);
  });
  for (const auto call : {tasker_worker_register_all_handlers, tasker_worker_keep_domain_events,
                          tasker_worker_check_starvation_warnings})
    expect_too_large("register_all_handlers, keep_domain_events, check_starvation_warnings",
                     [&](tasker_error** error) { return call(worker_.get(), error); });
  expect_too_large("log", [&](tasker_error** error) {
    return tasker_log(TASKER_LOG_TRACE, "m", 1, "{\"a\":1}", 7, error);
  });
}

TEST_F(OutOfMemory, ATaskIsCancelledOnceAndRetriedOnce) {
  for (const auto call : {+[](tasker_worker*worker, const char*task, tasker_error**error) {
                            return tasker_worker_cancel_task(worker, task, 36, error);
                          },
                          +[](tasker_worker*worker, const char*task, tasker_error**error) {
                            return tasker_worker_retry_task(worker, task, 36, nullptr, error);
                          }}) {
    const std::string task = worker_.create(1)[0];
    std::set<tasker_status> seen;
    fail_each_allocation([&] {
      tasker_error* error = nullptr;
      const tasker_status status = call(worker_.get(), task.c_str(), &error);
      failing_thread = std::thread::id();
      seen.insert(status);
      (void)tasker_error_destroy(error);
    });
    // The second time, and for a task that is not blocked, it does not fit the state.
    for (const tasker_status status : seen)
      EXPECT_TRUE(status == TASKER_OK || status == TASKER_ERR_TOO_LARGE ||
                  status == TASKER_ERR_INVALID_STATE)
          << tasker_status_name(status);
  }
}

TEST_F(OutOfMemory, RequestsThatAreBegunAreRefusedOrAnswered) {
  const std::string task = worker_.create(1)[0];
  std::set<std::uint64_t> begun;
  constexpr std::string_view kRequests = R"([{"name":"one_step","namespace":"test"}])";
  const auto begin = [&](const char* name,
                         const std::function<tasker_status(std::uint64_t*, tasker_error**)>& call) {
    expect_too_large(name, [&](tasker_error** error) {
      std::uint64_t request = 0;
      const tasker_status status = call(&request, error);
      failing_thread = std::thread::id();
      if (status == TASKER_OK) begun.insert(request);
      return status;
    });
  };
  begin("create_tasks_begin", [&](std::uint64_t* request, tasker_error** error) {
    return tasker_worker_create_tasks_begin(worker_.get(), kRequests.data(), kRequests.size(),
                                            request, error);
  });
  begin("wait_task_begin", [&](std::uint64_t* request, tasker_error** error) {
    return tasker_worker_wait_task_begin(worker_.get(), task.data(), task.size(), 1, request,
                                         error);
  });
  begin("checkpoint_step_event_begin", [&](std::uint64_t* request, tasker_error** error) {
    constexpr std::string_view kCheckpoint =
        R"({"step_uuid":"00000000-0000-4000-8000-000000000000","cursor":1,"items_processed":1})";
    return tasker_worker_checkpoint_step_event_begin(
        worker_.get(), "00000000-0000-4000-8000-000000000000", 36, kCheckpoint.data(),
        kCheckpoint.size(), request, error);
  });
  std::set<std::uint64_t> answered;
  while (answered.size() < begun.size()) {
    ASSERT_EQ(tasker_worker_wait(worker_.get(), 10'000, nullptr), TASKER_OK);
    expect_too_large("poll_replies", [&](tasker_error** error) {
      OwnedText replies;
      const tasker_status status =
          tasker_worker_poll_replies(worker_.get(), 64, replies.out(), error);
      failing_thread = std::thread::id();
      for (const std::string& reply : elements(replies.view()))
        answered.insert(std::stoull(member(reply, "request")));
      return status;
    });
  }
  EXPECT_EQ(answered, begun);
}

TEST_F(OutOfMemory, NewsIsWatchedOrRefused) {
  expect_too_large("event_fd", [&](tasker_error** error) {
    std::int32_t fd = -1;
    return tasker_worker_event_fd(worker_.get(), &fd, error);
  });
  int finalized = 0;
  int set = 0;
  expect_too_large("set_wakeup", [&](tasker_error** error) {
    ++set;
    return tasker_worker_set_wakeup(
        worker_.get(), [](void*) {}, &finalized, [](void* count) { ++*static_cast<int*>(count); },
        error);
  });
  EXPECT_EQ(tasker_worker_set_wakeup(worker_.get(), nullptr, nullptr, nullptr, nullptr), TASKER_OK);
  EXPECT_EQ(finalized, set);
  expect_too_large("wait", [&](tasker_error** error) {
    const tasker_status status = tasker_worker_wait(worker_.get(), 0, error);
    if (status != TASKER_ERR_TIMED_OUT) return status;
    (void)tasker_error_destroy(*error);
    *error = nullptr;
    return TASKER_OK;
  });
  for (const auto call : {tasker_worker_poll_notices, tasker_worker_poll_domain_events,
                          tasker_worker_poll_deliveries})
    expect_too_large("poll of notices, events, deliveries", [&](tasker_error** error) {
      OwnedText text;
      return call(worker_.get(), 16, text.out(), error);
    });
}

TEST_F(OutOfMemory, ThePortsOfTheBusRefuseAndLoseNoEvent) {
  std::uint64_t bus = 0;
  expect_too_large("bus_open", [&](tasker_error** error) {
    return tasker_bus_open(worker_.get(), &bus, error);
  });
  expect_too_large("bus_register_event", [&](tasker_error** error) {
    return tasker_bus_register_event(worker_.get(), bus, "note", 4, nullptr, 0, error);
  });
  expect_too_large("bus_list_events", [&](tasker_error** error) {
    OwnedText text;
    return tasker_bus_list_events(worker_.get(), bus, text.out(), error);
  });
  std::uint64_t subscription = 0;
  ASSERT_EQ(tasker_bus_subscribe(worker_.get(), bus, "note", 4, nullptr, 0, &subscription, nullptr),
            TASKER_OK);
  std::size_t published = 0;
  expect_too_large("bus_publish_begin", [&](tasker_error** error) {
    std::uint64_t request = 0;
    const tasker_status status =
        tasker_bus_publish_begin(worker_.get(), bus, "note", 4, "[1]", 3, 1, &request, error);
    failing_thread = std::thread::id();
    if (status == TASKER_OK) ++published;
    return status;
  });
  for (int i = 0; i < 3; ++i, ++published)
    ASSERT_EQ(tasker_bus_publish(worker_.get(), bus, "note", 4, "{}", 2, nullptr), TASKER_OK);
  std::size_t polled = 0;
  expect_too_large("bus_poll", [&](tasker_error** error) {
    OwnedText events;
    const tasker_status status = tasker_bus_poll(worker_.get(), bus, 64, 0, events.out(), error);
    failing_thread = std::thread::id();
    polled += elements(events.view()).size();
    return status;
  });
  EXPECT_EQ(polled, published);
  expect_too_large("bus_get_subscription", [&](tasker_error** error) {
    OwnedText text;
    return tasker_bus_get_subscription(worker_.get(), bus, subscription, text.out(), error);
  });
}

TEST_F(OutOfMemory, AnAttachmentRefusesAndLosesNoStep) {
  OwnedText token;
  expect_too_large("get_attach_token", [&](tasker_error** error) {
    OwnedText text;
    return tasker_worker_get_attach_token(worker_.get(), text.out(), error);
  });
  ASSERT_EQ(tasker_worker_get_attach_token(worker_.get(), token.out(), nullptr), TASKER_OK);
  const auto attach = [&](tasker_attachment** attachment, tasker_error** error) {
    return tasker_attachment_attach(token.view().data(), token.view().size(), TASKER_EXECUTOR_MAIN,
                                    "test", 4, attachment, error);
  };
  expect_too_large("attach and detach", [&](tasker_error** error) {
    tasker_attachment* attachment = nullptr;
    const tasker_status status = attach(&attachment, error);
    (void)tasker_attachment_detach(attachment, nullptr);
    return status;
  });
  tasker_attachment* attachment = nullptr;
  ASSERT_EQ(attach(&attachment, nullptr), TASKER_OK);
  expect_too_large("event_fd", [&](tasker_error** error) {
    std::int32_t fd = -1;
    return tasker_attachment_event_fd(attachment, &fd, error);
  });
  worker_.create(3);
  std::set<std::string> taken;
  while (taken.size() < 3) {
    ASSERT_EQ(tasker_attachment_wait(attachment, 20'000, nullptr), TASKER_OK);
    expect_too_large("poll_step_events", [&](tasker_error** error) {
      OwnedText events;
      const tasker_status status =
          tasker_attachment_poll_step_events(attachment, 4, 0, events.out(), error);
      failing_thread = std::thread::id();
      for (const std::string& event : elements(events.view()))
        taken.insert(member(event, "event_id"));
      return status;
    });
  }
  const std::string ids = fmt::format(R"(["{}"])", *taken.begin());
  expect_too_large("hand_back", [&](tasker_error** error) {
    return tasker_attachment_hand_back(attachment, ids.data(), ids.size(), nullptr, error);
  });
  for (const auto call : {tasker_attachment_poll_notices, tasker_attachment_poll_replies})
    expect_too_large("poll of notices, replies", [&](tasker_error** error) {
      OwnedText text;
      return call(attachment, 16, text.out(), error);
    });
  EXPECT_EQ(tasker_attachment_detach(attachment, nullptr), TASKER_OK);
}

TEST_F(OutOfMemory, AWorkerOpensStartsDrainsAndClosesOrSaysThatItDoesNot) {
  worker::TempFolder folder;
  int finalized = 0;
  int opened = 0;
  const std::string config =
      fmt::format(R"({{"store_path":"{}","log_level":"off"}})", folder.file("other.db"));
  expect_too_large("open and close", [&](tasker_error** error) {
    tasker_worker_options options = TASKER_WORKER_OPTIONS_INIT;
    options.on_log = [](void*, const tasker_log_record*) {};
    options.log_user_data = &finalized;
    options.log_finalizer = [](void* count) { ++*static_cast<int*>(count); };
    ++opened;
    tasker_worker* worker = nullptr;
    const tasker_status status =
        tasker_worker_open(config.data(), config.size(), &options, &worker, error);
    failing_thread = std::thread::id();
    EXPECT_EQ(tasker_worker_close(worker, nullptr), TASKER_OK);
    return status;
  });
  EXPECT_EQ(finalized, opened);
}

TEST_F(OutOfMemory, AFailedCloseLeavesNoThreadAndNoFinalizerBehind) {
  for (int n = 0; n < 40; ++n) {
    TestWorker worker;
    worker.start();
    failures = 0;
    allocations_left = n;
    failing_thread = std::this_thread::get_id();
    const tasker_status status = n % 2 == 0
                                     ? tasker_worker_close(worker.get(), nullptr)
                                     : tasker_worker_drain(worker.get(), 0, nullptr, nullptr);
    failing_thread = std::thread::id();
    EXPECT_TRUE(status == TASKER_OK || status == TASKER_ERR_TOO_LARGE) << status;
  }
}

/// Text of a flat function, released.
std::string flat_text(char* text) {
  std::string copy = text ? text : "";
  free_rust_string(text);
  return copy;
}

TEST(FlatOutOfMemory, EveryFlatFunctionAnswersInItsOwnWords) {
  worker::TempFolder folder;
  const std::string config =
      fmt::format(R"({{"store_path":"{}","log_level":"off"}})", folder.file("flat.db"));
  const std::function<char*()> texts[] = {get_version,
                                          get_rust_version,
                                          [&] { return bootstrap_worker(config.c_str()); },
                                          get_worker_status,
                                          get_ffi_dispatch_metrics,
                                          [] { return client_create_task("{\"name\":1}"); },
                                          [] { return client_get_task("x"); },
                                          [] { return client_list_tasks("{}"); },
                                          [] { return client_cancel_task("x"); },
                                          [] { return client_list_task_steps("x"); },
                                          [] { return client_get_step("x", "y"); },
                                          [] { return client_get_step_audit_history("x", "y"); },
                                          client_health_check,
                                          transition_to_graceful_shutdown,
                                          stop_worker};
  for (const auto& call : texts)
    fail_each_allocation([&] {
      char* const text = call();
      failing_thread = std::thread::id();
      EXPECT_NE(flat_text(text), "");
    });
  const std::function<void()> others[] = {
      [] { EXPECT_EQ(health_check(), 1); }, [] { (void)is_worker_running(); },
      [] { EXPECT_EQ(flat_text(poll_step_events()), ""); },
      [] { EXPECT_EQ(flat_text(poll_in_process_events()), ""); },
      [] { EXPECT_EQ(complete_step_event("x", "{}"), 0); },
      [] { EXPECT_EQ(checkpoint_yield_step_event("x", "{}"), 0); }, check_starvation_warnings,
      cleanup_timeouts, [] { log_trace("m", "{\"a\":1}"); }, [] { log_debug("m", nullptr); },
      // Lines that are written go through the logger, which gives up on a line without memory.
      [] { log_info(nullptr, nullptr); }, [] { log_warn(nullptr, nullptr); },
      [] { log_error(nullptr, nullptr); }};
  ASSERT_NE(flat_text(bootstrap_worker(config.c_str())).find("started"), std::string::npos);
  for (const auto& call : others) fail_each_allocation([&] { call(); });
  EXPECT_NE(flat_text(stop_worker()).find("stopped"), std::string::npos);
}

}  // namespace
}  // namespace tasker::c
