// Real worker processes, killed with SIGKILL at random moments: afterwards the books are right.
// TASKER_SEED=<n> repeats the random choices of a run.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <stdexcept>
#include <thread>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/random.h"
#include "core/store/sqlite/sqlite_store.h"
#include "tests/crash/child_process.h"
#include "tests/crash/crash_books.h"
#include "tests/crash/work.h"

namespace tasker::crash {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t kSlowHandlerUs = 25'000;  ///< so that a kill finds handlers at work
constexpr int kBeginTimeoutMs = 20'000;
constexpr int kEndTimeoutMs = 120'000;
constexpr int kDrainTimeoutMs = 20'000;

template <class T>
T must(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_json());
  return std::move(*result);
}

std::uint64_t choose_seed() {
  const char* text = std::getenv("TASKER_SEED");
  const std::uint64_t seed =
      text != nullptr ? std::stoull(text) : base::Random::from_system().next() % 1'000'000'000;
  std::cout << "TASKER_SEED=" << seed << "\n";
  return seed;
}

class Crash : public ::testing::Test {
 protected:
  void SetUp() override {
    base::Random unique = base::Random::from_system();
    directory_ = std::filesystem::temp_directory_path() /
                 ("tasker-crash-" + base::make_uuid_v4(unique).text());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override {
    if (HasFailure()) {
      std::ifstream log(log_path());
      std::cout << "what the workers said:\n" << log.rdbuf() << "\n";
    }
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::string store_path() const { return (directory_ / "store.db").string(); }
  std::string journal_path() const { return (directory_ / "journal").string(); }
  std::string log_path() const { return (directory_ / "log").string(); }

  std::unique_ptr<store::Store> open_store() const {
    store::sqlite::Options options;
    options.path = store_path();
    options.durability = store::sqlite::Durability::kNormal;
    return must(store::sqlite::open(options, base::make_null_logger()));
  }

  /// Creates `count` tasks, the shapes in turn.
  void create_tasks(int count, bool with_events = false) {
    const std::unique_ptr<store::Store> store = open_store();
    const std::int64_t now_us = base::SystemClock().wall_us();
    std::vector<std::shared_ptr<const engine::CompiledTemplate>> compiled;
    for (const model::TaskTemplate& body : templates(with_events)) {
      compiled.push_back(
          must(engine::compile_template(must(store->put_template(body, now_us)).stored)));
    }
    store::WriteBatch batch;
    batch.now_us = now_us;
    for (int i = 0; i < count; ++i) {
      const auto& shape = compiled[static_cast<std::size_t>(i) % compiled.size()];
      store::NewTask task;
      task.uuid = base::make_uuid_v4(random_);
      task.template_id = shape->stored.id;
      task.plan = shape->plan;
      task.context_json = "{}";
      task.requested_at_us = now_us;
      tasks_.push_back({task.uuid, shape});
      batch.tasks.push_back(std::move(task));
    }
    must(store->write(batch));
  }

  std::unique_ptr<ChildProcess> start_worker(std::uint64_t handler_us_max) {
    return std::make_unique<ChildProcess>(
        TASKER_CRASH_WORKER,
        std::vector<std::string>{store_path(), journal_path(), std::to_string(handler_us_max),
                                 std::to_string(random_.below(1'000'000))},
        log_path());
  }

  std::string heard_path() const { return (directory_ / "heard").string(); }

  std::unique_ptr<ChildProcess> start_subscriber(std::uint64_t handler_us_max) {
    return std::make_unique<ChildProcess>(
        TASKER_CRASH_SUBSCRIBER,
        std::vector<std::string>{store_path(), heard_path(), std::to_string(handler_us_max),
                                 std::to_string(random_.below(1'000'000))},
        log_path());
  }

  /// Waits until the subscriber has acknowledged all events.
  bool wait_until_heard() {
    const std::unique_ptr<store::Store> store = open_store();
    const auto deadline = steady_clock::now() + milliseconds(kEndTimeoutMs);
    for (;;) {
      const auto all = must(store->list_subscribers());
      if (all.size() == 1 && all[0].behind + all[0].out + all[0].waiting == 0) return true;
      if (steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(20));
    }
  }

  /// The attempts that ended with a result or a failure of their handler: what events there are.
  std::set<std::string> ended_attempts() {
    const std::unique_ptr<store::Store> store = open_store();
    std::set<std::string> ended;
    for (const ExpectedTask& task : tasks_) {
      const model::TaskId id = must(store->find_task(task.uuid)).header.id;
      for (const store::StepRecord& step : must(store->list_steps(id, false))) {
        ended.insert(to_text({task.uuid, step.key.index, step.attempt}));
        for (const store::AttemptRecord& attempt : must(store->list_attempts(step.key)))
          if (attempt.next == model::StepState::kWaitingForRetry)
            ended.insert(to_text({task.uuid, step.key.index, attempt.attempt}));
      }
    }
    return ended;
  }

  std::set<std::string> heard_attempts() {
    std::set<std::string> heard;
    for (const JournalLine& line : read_journal(heard_path())) heard.insert(to_text(line));
    return heard;
  }

  std::uintmax_t journal_bytes() const {
    std::error_code missing;
    const std::uintmax_t size = std::filesystem::file_size(journal_path(), missing);
    return missing ? 0 : size;
  }

  /// Whether a handler has begun since the journal had `bytes_before`.
  bool wait_for_work(ChildProcess& worker, std::uintmax_t bytes_before) {
    const auto deadline = steady_clock::now() + milliseconds(kBeginTimeoutMs);
    while (journal_bytes() <= bytes_before) {
      if (steady_clock::now() > deadline || !worker.is_running()) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  /// Lets the worker live for a random time, then kills it.
  void kill_at_random(ChildProcess& worker, std::uint64_t life_ms_max) {
    std::this_thread::sleep_for(milliseconds(random_.below(life_ms_max)));
    worker.signal(SIGKILL);
    const int status = worker.wait(kDrainTimeoutMs);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "the worker ended by itself, wait status " << status;
  }

  bool wait_until_finished() {
    const std::unique_ptr<store::Store> store = open_store();
    const auto deadline = steady_clock::now() + milliseconds(kEndTimeoutMs);
    while (must(store->info()).tasks_unfinished > 0) {
      if (steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(20));
    }
    return true;
  }

  void expect_orderly_end(ChildProcess& worker) {
    worker.signal(SIGTERM);
    const int status = worker.wait(kDrainTimeoutMs);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "wait status " << status;
  }

  std::vector<JournalLine> read_journal() { return read_journal(journal_path()); }
  static std::vector<JournalLine> read_journal(const std::string& path) {
    std::vector<JournalLine> lines;
    std::ifstream file(path);
    for (std::string text; std::getline(file, text);) {
      const std::optional<JournalLine> line = parse_journal_line(text);
      if (line) {
        lines.push_back(*line);
      } else {
        ADD_FAILURE() << "a torn line in the journal: " << text;
      }
    }
    return lines;
  }

  CrashBooks check() {
    const std::unique_ptr<store::Store> store = open_store();
    CrashBooks books = check_books(*store, tasks_, read_journal());
    const std::size_t total = books.faults.size();
    if (total > 20) books.faults.resize(20);
    EXPECT_EQ(books.faults, std::vector<std::string>{}) << total << " faults in all";
    std::cout << tasks_.size() << " tasks, " << books.attempts << " attempts, "
              << books.lost_attempts << " of them lost by " << books.lost_workers.size()
              << " workers\n";
    return books;
  }

  base::Random random_{choose_seed()};

 private:
  std::filesystem::path directory_;
  std::vector<ExpectedTask> tasks_;
};

TEST_F(Crash, AWorkerKilledAgainAndAgainLosesNothingAndDoublesNothing) {
  constexpr int kKillsAtWork = 60;
  constexpr std::size_t kBusyKillsMin = 50;
  create_tasks(1000);
  int killed_at_work = 0;
  int killed_at_start = 0;
  while (killed_at_work < kKillsAtWork) {
    const std::uintmax_t journal_before = journal_bytes();
    const std::unique_ptr<ChildProcess> worker = start_worker(kSlowHandlerUs);
    if (random_.below(8) == 0) {
      kill_at_random(*worker, 30);  // perhaps while it opens the store or takes claims over
      ++killed_at_start;
    } else {
      ASSERT_TRUE(wait_for_work(*worker, journal_before)) << "the worker never began";
      kill_at_random(*worker, 150);
      ++killed_at_work;
    }
    // Sometimes the test is the first to open what the kill left, most times the next worker is.
    if (random_.below(8) == 0) {
      ASSERT_EQ(must(open_store()->check_integrity()), std::vector<std::string>{});
    }
  }
  const std::unique_ptr<ChildProcess> last = start_worker(0);
  ASSERT_TRUE(wait_until_finished());
  expect_orderly_end(*last);
  std::cout << killed_at_work << " kills at work, " << killed_at_start << " at the start\n";
  EXPECT_GE(check().lost_workers.size(), kBusyKillsMin)
      << "too few kills met a worker with steps in its hands";
}

TEST_F(Crash, TwoWorkersOnOneFileFinishAllWhileOneOrTheOtherIsKilled) {
  constexpr int kKills = 24;
  create_tasks(1000);
  std::unique_ptr<ChildProcess> workers[2] = {start_worker(kSlowHandlerUs),
                                              start_worker(kSlowHandlerUs)};
  for (int kill = 0; kill < kKills; ++kill) {
    std::unique_ptr<ChildProcess>& victim = workers[random_.below(4) == 0 ? 0 : 1];
    ASSERT_TRUE(wait_for_work(*victim, journal_bytes()));
    kill_at_random(*victim, 200);
    victim = start_worker(kSlowHandlerUs);
  }
  workers[0]->signal(SIGTERM);
  const std::unique_ptr<ChildProcess> fast = start_worker(0);
  ASSERT_TRUE(wait_until_finished());
  expect_orderly_end(*workers[0]);
  expect_orderly_end(*workers[1]);
  expect_orderly_end(*fast);
  EXPECT_GE(check().lost_workers.size(), static_cast<std::size_t>(kKills) / 2);
}

TEST_F(Crash, EveryEventOfACommittedEndIsHeardAndNoOtherWhoeverIsKilled) {
  constexpr int kKills = 24;
  create_tasks(400, true);
  std::unique_ptr<ChildProcess> workers[2] = {start_worker(kSlowHandlerUs),
                                              start_worker(kSlowHandlerUs)};
  std::unique_ptr<ChildProcess> subscribers[2] = {start_subscriber(2'000), start_subscriber(2'000)};
  for (int kill = 0; kill < kKills; ++kill) {
    const std::uint64_t which = random_.below(2);
    if (random_.below(2) == 0) {
      ASSERT_TRUE(wait_for_work(*workers[which], journal_bytes()));
      kill_at_random(*workers[which], 150);
      workers[which] = start_worker(kSlowHandlerUs);
    } else {
      kill_at_random(*subscribers[which], 150);
      subscribers[which] = start_subscriber(2'000);
    }
  }
  const std::unique_ptr<ChildProcess> fast = start_worker(0);
  ASSERT_TRUE(wait_until_finished());
  ASSERT_TRUE(wait_until_heard());
  for (auto& worker : workers) expect_orderly_end(*worker);
  for (auto& subscriber : subscribers) expect_orderly_end(*subscriber);
  expect_orderly_end(*fast);
  check();
  EXPECT_EQ(must(open_store()->list_dead_deliveries({})).total, 0U);
  const std::set<std::string> ended = ended_attempts();
  const std::set<std::string> heard = heard_attempts();
  std::size_t missing = 0;
  for (const std::string& one : ended) missing += heard.contains(one) ? 0 : 1;
  EXPECT_EQ(missing, 0U) << "of " << ended.size() << " events";
  for (const std::string& one : heard)
    EXPECT_TRUE(ended.contains(one)) << "an event without a committed end: " << one;
}

}  // namespace
}  // namespace tasker::crash
