// News under fire: nothing that waits is ever left untold, whichever way it is listened for.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "doors/c/door_test_support.h"
#include "doors/c/news.h"

namespace tasker::c {
namespace {

constexpr std::size_t kProducers = 3;
constexpr std::size_t kTasksOfEach = 120;
constexpr std::size_t kTasks = kProducers * kTasksOfEach;

/// What consumers have completed. Threads: any.
class Done {
 public:
  void add(std::size_t count) {
    base::Lock lock(mutex_);
    count_ += count;
    if (count_ >= kTasks) reached_.notify_all();
  }
  bool is_all() {
    base::Lock lock(mutex_);
    return count_ >= kTasks;
  }
  bool await_all() {
    base::Lock lock(mutex_);
    return reached_.wait_for(mutex_, 60'000'000, [this] { return count_ >= kTasks; });
  }

 private:
  base::Mutex mutex_;
  base::Condition reached_;
  std::size_t count_ TASKER_GUARDED_BY(mutex_) = 0;
};

/// Polls and completes until there is nothing. Polls with timeout 0: what tells of events has to be
/// the news.
void take_all(TestWorker& worker, Done& done) {
  for (;;) {
    OwnedText events;
    if (tasker_worker_poll_step_events(worker.get(), 7, 0, events.out(), nullptr) != TASKER_OK)
      return;
    const auto found = elements(events.view());
    if (found.empty()) return;
    for (const std::string& event : found)
      EXPECT_EQ(worker.complete(member(event, "event_id")), TASKER_OK);
    done.add(found.size());
  }
}

class NewsOfWorker : public ::testing::Test {
 protected:
  NewsOfWorker() : worker_(R"(,"max_concurrent_handlers":16)") { worker_.start(); }

  std::vector<std::thread> producers() {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kProducers; ++i)
      threads.emplace_back([this] {
        for (std::size_t k = 0; k < kTasksOfEach; k += 4) worker_.create(4);
      });
    return threads;
  }

  TestWorker worker_;
  Done done_;
};

TEST_F(NewsOfWorker, TheDescriptorMissesNothing) {
  std::int32_t fd = -1;
  ASSERT_EQ(tasker_worker_event_fd(worker_.get(), &fd, nullptr), TASKER_OK);
  std::vector<std::thread> watchers;
  for (int i = 0; i < 3; ++i)
    watchers.emplace_back([&] {
      while (!done_.is_all()) {
        pollfd watched{fd, POLLIN, 0};
        // Ends by itself when another watcher takes the last one; never finds work by itself.
        if (poll(&watched, 1, 200) > 0) take_all(worker_, done_);
      }
    });
  for (std::thread& producer : producers()) producer.join();
  EXPECT_TRUE(done_.await_all());
  for (std::thread& watcher : watchers) watcher.join();
  take_all(worker_, done_);
  OwnedText notices;
  EXPECT_EQ(tasker_worker_poll_notices(worker_.get(), 64, notices.out(), nullptr), TASKER_OK);
  pollfd watched{fd, POLLIN, 0};
  EXPECT_EQ(poll(&watched, 1, 0), 0) << "readable, and nothing waits";
}

TEST_F(NewsOfWorker, TheCallbackMissesNothing) {
  struct Told {
    TestWorker& worker;
    Done& done;
  } told{worker_, done_};
  ASSERT_EQ(tasker_worker_set_wakeup(
                worker_.get(),
                [](void* data) {
                  auto* of = static_cast<Told*>(data);
                  take_all(of->worker, of->done);
                },
                &told, nullptr, nullptr),
            TASKER_OK);
  for (std::thread& producer : producers()) producer.join();
  EXPECT_TRUE(done_.await_all());
  EXPECT_EQ(tasker_worker_set_wakeup(worker_.get(), nullptr, nullptr, nullptr, nullptr), TASKER_OK);
}

TEST_F(NewsOfWorker, WaitersMissNothing) {
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i)
    waiters.emplace_back([&] {
      while (!done_.is_all())
        if (tasker_worker_wait(worker_.get(), 200, nullptr) == TASKER_OK) take_all(worker_, done_);
    });
  for (std::thread& producer : producers()) producer.join();
  EXPECT_TRUE(done_.await_all());
  for (std::thread& waiter : waiters) waiter.join();
}

TEST_F(NewsOfWorker, AllWaysAtOnceMissNothing) {
  std::int32_t fd = -1;
  ASSERT_EQ(tasker_worker_event_fd(worker_.get(), &fd, nullptr), TASKER_OK);
  struct Told {
    std::atomic<int> calls{0};
  } told;
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    while (!done_.is_all()) {
      pollfd watched{fd, POLLIN, 0};
      if (poll(&watched, 1, 200) > 0) take_all(worker_, done_);
    }
  });
  threads.emplace_back([&] {
    while (!done_.is_all())
      if (tasker_worker_wait(worker_.get(), 200, nullptr) == TASKER_OK) take_all(worker_, done_);
  });
  threads.emplace_back([&] {
    while (!done_.is_all()) {
      EXPECT_EQ(tasker_worker_set_wakeup(
                    worker_.get(), [](void* data) { ++static_cast<Told*>(data)->calls; }, &told,
                    nullptr, nullptr),
                TASKER_OK);
      const auto events = worker_.poll(3);
      for (const std::string& event : events) EXPECT_EQ(worker_.complete(event), TASKER_OK);
      done_.add(events.size());
      // Without this one, the last poll above would wait for what the others have taken.
      if (done_.is_all()) return;
      worker_.create(1);
    }
  });
  for (std::thread& producer : producers()) producer.join();
  EXPECT_TRUE(done_.await_all());
  // The poll with a timeout may wait for an event that nobody creates any more.
  worker_.create(2);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(tasker_worker_set_wakeup(worker_.get(), nullptr, nullptr, nullptr, nullptr), TASKER_OK);
}

TEST_F(NewsOfWorker, ACallbackThatBlocksDoesNotHoldUpTheWorker) {
  struct Gate {
    base::Mutex mutex;
    base::Condition condition;
    bool is_inside TASKER_GUARDED_BY(mutex) = false;
    bool is_open TASKER_GUARDED_BY(mutex) = false;
  } gate;
  ASSERT_EQ(tasker_worker_set_wakeup(
                worker_.get(),
                [](void* data) {
                  auto* of = static_cast<Gate*>(data);
                  base::Lock lock(of->mutex);
                  of->is_inside = true;
                  of->condition.notify_all();
                  of->condition.wait(of->mutex, [of] { return of->is_open; });
                },
                &gate, nullptr, nullptr),
            TASKER_OK);
  const auto tasks = worker_.create(1);
  {
    base::Lock lock(gate.mutex);
    ASSERT_TRUE(gate.condition.wait_for(gate.mutex, 10'000'000, [&] { return gate.is_inside; }));
  }
  EXPECT_EQ(worker_.complete(worker_.next_event()), TASKER_OK);
  EXPECT_EQ(worker_.await_end(tasks[0]), "\"complete\"");
  {
    base::Lock lock(gate.mutex);
    gate.is_open = true;
  }
  gate.condition.notify_all();
  EXPECT_EQ(tasker_worker_set_wakeup(worker_.get(), nullptr, nullptr, nullptr, nullptr), TASKER_OK);
}

TEST(News, IsRaisedByAnAnnouncementAndLoweredByTheLastQueue) {
  bool waits = true;
  News news("worker", [&] { return waits; });
  const auto never = [] { return false; };
  EXPECT_EQ(news.wait(0, never), News::Waited::kTimedOut);
  news.announce();
  EXPECT_EQ(news.wait(0, never), News::Waited::kNews);
  news.settle();
  EXPECT_EQ(news.wait(0, never), News::Waited::kNews) << "another queue is announced";
  waits = false;
  news.settle();
  EXPECT_EQ(news.wait(0, never), News::Waited::kTimedOut);
  news.announce();
  EXPECT_EQ(news.wait(0, never), News::Waited::kTimedOut) << "a poll was quicker";
  EXPECT_EQ(news.wait(1'000'000, [] { return true; }), News::Waited::kOver);
  news.shut();
  EXPECT_EQ(news.wait(1'000'000, never), News::Waited::kClosed);
}

TEST(News, AnAnnouncementIsNeverLostBetweenTwoPolls) {
  // A queue with the order of the core: what waits first, then the announcement.
  std::atomic<int> waiting{0};
  News news("worker", [&] { return waiting > 0; });
  const auto fd = news.descriptor();
  ASSERT_TRUE(fd);
  constexpr int kItems = 20'000;
  std::thread producer([&] {
    for (int i = 0; i < kItems; ++i) {
      waiting.fetch_add(1);
      news.announce();
      if (i % 64 == 0) std::this_thread::yield();
    }
  });
  int taken = 0;
  while (taken < kItems) {
    pollfd watched{*fd, POLLIN, 0};
    if (poll(&watched, 1, 10'000) != 1) break;
    taken += waiting.exchange(0);
    news.settle();
  }
  EXPECT_EQ(taken, kItems) << "the rest was not told";
  producer.join();
}

}  // namespace
}  // namespace tasker::c
