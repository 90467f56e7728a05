// A fork after the start: the child gets refusals from its parent's handles, in no case a hang, and
// may have workers of its own.
#include <gtest/gtest.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "doors/c/door_test_support.h"
#include "include/tasker/tasker_flat.h"

namespace tasker::c {
namespace {

/// Runs `body` in a child; 0 when it returned true. A child that hangs is ended by its alarm.
int in_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

std::string flat_text(char* text) {
  std::string copy = text ? text : "";
  free_rust_string(text);
  return copy;
}

TEST(Fork, AParentsHandlesAreForkedInTheChild) {
  TestWorker worker;
  worker.start();
  tasker_error* error = nullptr;
  ASSERT_NE(tasker_worker_start(worker.get(), &error), TASKER_OK);
  EXPECT_EQ(in_child([&] {
              OwnedText text;
              const bool refused =
                  tasker_worker_get_status(worker.get(), text.out(), nullptr) ==
                      TASKER_ERR_FORKED &&
                  tasker_worker_poll_step_events(worker.get(), 1, 1'000, text.out(), nullptr) ==
                      TASKER_ERR_FORKED &&
                  tasker_worker_close(worker.get(), nullptr) == TASKER_ERR_FORKED;
              return refused && tasker_error_destroy(error) == TASKER_ERR_FORKED &&
                     tasker_error_status(error) == TASKER_ERR_INVALID_ARGUMENT;
            }),
            0);
  EXPECT_EQ(tasker_error_destroy(error), TASKER_OK);
  worker.create(1);
  EXPECT_EQ(worker.complete(worker.next_event()), TASKER_OK);
}

TEST(Fork, TheChildMayOpenAWorkerOfItsOwnWhileTheParentIsBusy) {
  TestWorker parent;
  parent.start();
  std::atomic<bool> is_over{false};
  // Locks of the library are held at any moment by one of these.
  std::thread busy([&] {
    while (!is_over) {
      parent.create(4);
      for (const std::string& event : parent.poll(4)) (void)parent.complete(event);
      (void)tasker_log(TASKER_LOG_TRACE, "line", 4, nullptr, 0, nullptr);
      OwnedText none;
      (void)tasker_worker_get_task(parent.get(), "x", 1, none.out(), nullptr);
    }
  });
  for (int round = 0; round < 30; ++round)
    EXPECT_EQ(in_child([] {
                TestWorker child;
                child.start();
                const auto tasks = child.create(1);
                return child.complete(child.next_event()) == TASKER_OK &&
                       child.await_end(tasks[0]) == "\"complete\"" &&
                       tasker_worker_close(child.get(), nullptr) == TASKER_OK;
              }),
              0)
        << "round " << round;
  is_over = true;
  busy.join();
}

TEST(Fork, AStoreThatIsOpenInTheParentIsRefusedInTheChild) {
  TestWorker parent;
  parent.start();
  const std::string config =
      fmt::format(R"({{"store_path":"{}","log_level":"off"}})", parent.store_path());
  EXPECT_EQ(in_child([&] {
              tasker_worker* worker = nullptr;
              return tasker_worker_open(config.data(), config.size(), nullptr, &worker, nullptr) ==
                         TASKER_ERR_FORKED &&
                     worker == nullptr;
            }),
            0);
  EXPECT_EQ(tasker_worker_close(parent.get(), nullptr), TASKER_OK);
  EXPECT_EQ(in_child([&] {
              tasker_worker* worker = nullptr;
              return tasker_worker_open(config.data(), config.size(), nullptr, &worker, nullptr) ==
                         TASKER_OK &&
                     tasker_worker_close(worker, nullptr) == TASKER_OK;
            }),
            0)
      << "what the parent has closed before the fork is free";
}

TEST(Fork, TheFlatNamesHaveNoWorkerInTheChild) {
  worker::TempFolder folder;
  const std::string config =
      fmt::format(R"({{"store_path":"{}","log_level":"off"}})", folder.file("flat.db"));
  const std::string own =
      fmt::format(R"({{"store_path":"{}","log_level":"off"}})", folder.file("child.db"));
  ASSERT_NE(flat_text(bootstrap_worker(config.c_str())).find("started"), std::string::npos);
  EXPECT_EQ(in_child([&] {
              return is_worker_running() == 0 && poll_step_events() == nullptr &&
                     complete_step_event("x", "{}") == 0 &&
                     flat_text(stop_worker()).find("not_running") != std::string::npos &&
                     flat_text(get_worker_status()).find("stopped") != std::string::npos &&
                     flat_text(bootstrap_worker(own.c_str())).find("started") !=
                         std::string::npos &&
                     flat_text(stop_worker()).find("\"stopped\"") != std::string::npos;
            }),
            0);
  EXPECT_EQ(is_worker_running(), 1);
  EXPECT_NE(flat_text(stop_worker()).find("\"stopped\""), std::string::npos);
}

}  // namespace
}  // namespace tasker::c
