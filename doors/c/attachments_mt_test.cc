// Attachments through the C ABI, each on a thread of its own.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "doors/c/door_test_support.h"

namespace tasker::c {
namespace {

constexpr int kThreads = 4;
constexpr std::string_view kResult = R"({"success":true,"result":{}})";

/// A worker whose steps are all of the executor `threads`.
class ThreadsWorker : public TestWorker {
 public:
  ThreadsWorker() : TestWorker(R"(,"threads_room":64)") {
    constexpr std::string_view kHandlers = R"([{"name":"test.Work","executor":"threads"}])";
    EXPECT_EQ(tasker_worker_register_handlers(get(), kHandlers.data(), kHandlers.size(), nullptr),
              TASKER_OK);
    start();
    OwnedText text;
    EXPECT_EQ(tasker_worker_get_attach_token(get(), text.out(), nullptr), TASKER_OK);
    token_ = std::string(text.view());
  }

  const std::string& token() const { return token_; }

 private:
  std::string token_;
};

/// Detached at the end. Threads: any, several at once.
class Attached {
 public:
  explicit Attached(const std::string& token) {
    status_ = tasker_attachment_attach(token.data(), token.size(), TASKER_EXECUTOR_THREADS, "test",
                                       4, &handle_, nullptr);
  }
  ~Attached() { (void)tasker_attachment_detach(handle_, nullptr); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

  tasker_status status() const { return status_; }
  tasker_attachment* get() const { return handle_; }
  std::uint32_t id() const {
    std::uint32_t id = 0;
    EXPECT_EQ(tasker_attachment_get_id(handle_, &id, nullptr), TASKER_OK);
    return id;
  }
  /// Takes up to `max` steps and appends their ids.
  tasker_status poll(std::uint32_t max, std::uint32_t timeout_ms, std::vector<std::string>& out) {
    OwnedText events;
    const tasker_status status =
        tasker_attachment_poll_step_events(handle_, max, timeout_ms, events.out(), nullptr);
    for (const std::string& event : elements(events.view()))
      out.push_back(member(event, "event_id"));
    return status;
  }
  tasker_status complete(const std::string& id) {
    return tasker_attachment_complete_step_event(handle_, id.data(), id.size(), kResult.data(),
                                                 kResult.size(), nullptr);
  }

 private:
  tasker_attachment* handle_ = nullptr;
  tasker_status status_ = TASKER_OK;
};

/// Completes what `wait` and polls bring until no more will come; the ids.
template <class Wait>
std::vector<std::string> run_steps(Attached& attached, Wait wait) {
  std::vector<std::string> done;
  for (bool more = true; more;) {
    more = wait();
    std::vector<std::string> taken;
    while (attached.poll(3, 0, taken) == TASKER_OK && !taken.empty()) {
      for (std::string& id : taken) {
        EXPECT_EQ(attached.complete(id), TASKER_OK);
        done.push_back(std::move(id));
      }
      taken.clear();
    }
  }
  return done;
}

/// Runs `count` tasks with kThreads attachments that each wait as `wait` does.
template <class Wait>
void expect_each_step_once(int count, Wait wait) {
  ThreadsWorker worker;
  base::Mutex mutex;
  std::multiset<std::string> done;
  std::atomic<int> attached{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      Attached one(worker.token());
      EXPECT_EQ(one.status(), TASKER_OK);
      ++attached;
      const auto mine = run_steps(one, [&] { return wait(one); });
      base::Lock lock(mutex);
      done.insert(mine.begin(), mine.end());
    });
  while (attached < kThreads) std::this_thread::yield();
  std::vector<std::string> tasks;
  for (int i = 0; i < count / 50; ++i)
    for (std::string& task : worker.create(50)) tasks.push_back(std::move(task));
  for (const std::string& task : tasks) EXPECT_EQ(worker.await_end(task), "\"complete\"");
  EXPECT_EQ(tasker_worker_drain(worker.get(), 20'000, nullptr, nullptr), TASKER_OK);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done.size(), tasks.size());
  EXPECT_EQ(std::set<std::string>(done.begin(), done.end()).size(), tasks.size());
}

TEST(CAttachments, ThatWaitForNewsTakeEachStepOnce) {
  expect_each_step_once(200, [](Attached& one) {
    const tasker_status status = tasker_attachment_wait(one.get(), 60'000, nullptr);
    EXPECT_TRUE(status == TASKER_OK || status == TASKER_ERR_DRAINING) << status;
    return status == TASKER_OK;
  });
}

TEST(CAttachments, ThatPollTheirDescriptorTakeEachStepOnce) {
  expect_each_step_once(200, [](Attached& one) {
    std::int32_t fd = -1;
    EXPECT_EQ(tasker_attachment_event_fd(one.get(), &fd, nullptr), TASKER_OK);
    // The descriptor says nothing of a drain.
    pollfd watched{fd, POLLIN, 0};
    while (::poll(&watched, 1, 20) == 0)
      if (tasker_attachment_wait(one.get(), 0, nullptr) == TASKER_ERR_DRAINING) return false;
    return true;
  });
}

TEST(CAttachments, ThatWaitInAPollTakeEachStepOnce) {
  ThreadsWorker worker;
  std::atomic<std::size_t> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      Attached one(worker.token());
      std::vector<std::string> taken;
      while (one.poll(2, 60'000, taken) == TASKER_OK) {
        for (const std::string& id : taken) EXPECT_EQ(one.complete(id), TASKER_OK);
        done += taken.size();
        taken.clear();
      }
    });
  for (const std::string& task : worker.create(100))
    EXPECT_EQ(worker.await_end(task), "\"complete\"");
  EXPECT_EQ(tasker_worker_drain(worker.get(), 20'000, nullptr, nullptr), TASKER_OK);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 100U);
}

TEST(CAttachments, AreWokenByTheirCallback) {
  ThreadsWorker worker;
  struct Heard {
    Attached one;
    std::atomic<int> done{0};
    std::atomic<int> finalized{0};
  } heard{Attached(worker.token())};
  ASSERT_EQ(tasker_attachment_set_wakeup(
                heard.one.get(),
                [](void* data) {
                  auto& [one, done, finalized] = *static_cast<Heard*>(data);
                  std::vector<std::string> taken;
                  while (one.poll(8, 0, taken) == TASKER_OK && !taken.empty()) {
                    for (const std::string& id : taken) EXPECT_EQ(one.complete(id), TASKER_OK);
                    done += static_cast<int>(taken.size());
                    taken.clear();
                  }
                },
                &heard, [](void* data) { ++static_cast<Heard*>(data)->finalized; }, nullptr),
            TASKER_OK);
  for (const std::string& task : worker.create(60))
    EXPECT_EQ(worker.await_end(task), "\"complete\"");
  ASSERT_EQ(tasker_attachment_set_wakeup(heard.one.get(), nullptr, nullptr, nullptr, nullptr),
            TASKER_OK);
  EXPECT_EQ(heard.done, 60);
  EXPECT_EQ(heard.finalized, 1);
}

TEST(CAttachments, ThatHaveNotAskedForNewsKeepNoStepFromOthers) {
  ThreadsWorker worker;
  // Attached, and never looks: a step that woke it would wait for ever.
  const Attached idle(worker.token());
  Attached working(worker.token());
  std::thread thread([&] {
    run_steps(working,
              [&] { return tasker_attachment_wait(working.get(), 60'000, nullptr) == TASKER_OK; });
  });
  for (const std::string& task : worker.create(20))
    EXPECT_EQ(worker.await_end(task), "\"complete\"");
  EXPECT_EQ(tasker_worker_drain(worker.get(), 20'000, nullptr, nullptr), TASKER_OK);
  thread.join();
}

TEST(CAttachments, ADetachFromAnotherThreadEndsAllThatWaitsInIt) {
  ThreadsWorker worker;
  for (int round = 0; round < 20; ++round) {
    tasker_attachment* handle = nullptr;
    ASSERT_EQ(tasker_attachment_attach(worker.token().data(), worker.token().size(),
                                       TASKER_EXECUTOR_THREADS, "waiting", 7, &handle, nullptr),
              TASKER_OK);
    std::atomic<int> began{0};
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
      ++began;
      EXPECT_EQ(tasker_attachment_wait(handle, 60'000, nullptr), TASKER_ERR_CLOSED);
    });
    threads.emplace_back([&] {
      OwnedText none;
      ++began;
      EXPECT_EQ(tasker_attachment_poll_step_events(handle, 1, 60'000, none.out(), nullptr),
                TASKER_ERR_CLOSED);
    });
    while (began < 2) std::this_thread::yield();
    EXPECT_EQ(tasker_attachment_detach(handle, nullptr), TASKER_OK);
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(CAttachments, UnderWayEndWhenTheirWorkerIsClosed) {
  for (int round = 0; round < 5; ++round) {
    ThreadsWorker worker;
    std::atomic<int> attached{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        Attached one(worker.token());
        ++attached;
        std::vector<std::string> taken;
        tasker_status status = TASKER_OK;
        while (status == TASKER_OK || status == TASKER_ERR_TIMED_OUT) {
          status = tasker_attachment_wait(one.get(), 60'000, nullptr);
          (void)one.poll(4, 0, taken);
          OwnedText notices;
          (void)tasker_attachment_poll_notices(one.get(), 4, notices.out(), nullptr);
          for (const std::string& id : taken) (void)one.complete(id);
          taken.clear();
        }
        EXPECT_TRUE(status == TASKER_ERR_DRAINING || status == TASKER_ERR_CLOSED) << status;
      });
    while (attached < kThreads) std::this_thread::yield();
    worker.create(20);
    EXPECT_EQ(tasker_worker_close(worker.get(), nullptr), TASKER_OK);
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(CAttachments, AreEndedByTheOwnerWhileTheyRun) {
  ThreadsWorker worker;
  for (int round = 0; round < 20; ++round) {
    Attached one(worker.token());
    const std::uint32_t id = one.id();
    std::thread thread([&] {
      std::vector<std::string> taken;
      tasker_status status = TASKER_OK;
      while (status == TASKER_OK) status = one.poll(4, 1'000, taken);
      EXPECT_EQ(status, TASKER_ERR_CLOSED);
      for (const std::string& event : taken) EXPECT_EQ(one.complete(event), TASKER_ERR_CLOSED);
    });
    worker.create(2);
    OwnedText held;
    EXPECT_EQ(tasker_worker_end_attachment(worker.get(), id, held.out(), nullptr), TASKER_OK);
    thread.join();
    std::uint32_t handed_back = 0;
    EXPECT_EQ(tasker_worker_hand_back(worker.get(), held.view().data(), held.view().size(),
                                      &handed_back, nullptr),
              TASKER_OK);
    OwnedText again;
    EXPECT_EQ(tasker_worker_end_attachment(worker.get(), id, again.out(), nullptr), TASKER_OK);
    EXPECT_EQ(again.view(), "[]");
  }
}

}  // namespace
}  // namespace tasker::c
