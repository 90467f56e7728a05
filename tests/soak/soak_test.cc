// A million steps through one worker: what it needs at the beginning it needs at the end.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/base/random.h"
#include "core/base/uuid.h"
#include "core/store/sqlite/sqlite_store.h"
#include "core/worker/worker.h"
#include "tests/soak/resident_memory.h"

namespace tasker::soak {
namespace {

constexpr std::uint64_t kSteps = 1'000'000;
constexpr std::uint64_t kWarmUpSteps = 100'000;
constexpr std::uint64_t kStepsPerTask = 4;
constexpr std::uint64_t kTasksAtOnce = 500;
constexpr std::uint64_t kStepsInFlightMax = 8000;
constexpr double kGrowthMax = 1.10;
constexpr int kHandlerThreads = 2;
constexpr std::int64_t kProgressTimeoutUs = 60'000'000;

class Soak : public ::testing::Test {
 protected:
  void SetUp() override {
    base::Random unique = base::Random::from_system();
    directory_ = std::filesystem::temp_directory_path() /
                 ("tasker-soak-" + base::make_uuid_v4(unique).text());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::unique_ptr<worker::Worker> start_worker() {
    const auto logger = base::make_stderr_logger(base::LogLevel::kWarn, false);
    store::sqlite::Options options;
    options.path = (directory_ / "store.db").string();
    options.durability = store::sqlite::Durability::kNormal;
    auto store = store::sqlite::open(options, logger);
    if (!store) throw std::runtime_error(store.error().to_json());
    config::Config config;
    config.store_path = options.path;
    config.durability = "normal";
    config.max_concurrent_handlers = 1000;
    auto opened = worker::Worker::open(config, std::move(*store), logger,
                                       std::make_shared<base::SystemClock>());
    if (!opened) throw std::runtime_error(opened.error().to_json());
    model::TaskTemplate body;
    body.namespace_name = "soak";
    body.name = "line";
    body.version = "1.0.0";
    for (std::uint64_t index = 0; index < kStepsPerTask; ++index) {
      model::StepTemplate step;
      step.name = "step" + std::to_string(index);
      step.handler.callable = "pass";
      if (index > 0) step.dependencies = {"step" + std::to_string(index - 1)};
      body.steps.push_back(std::move(step));
    }
    EXPECT_TRUE((*opened)->put_template(body));
    const std::vector<std::string> callables{"pass"};
    EXPECT_TRUE((*opened)->register_handlers(callables));
    EXPECT_TRUE((*opened)->start());
    return std::move(*opened);
  }

  /// Takes and completes steps until the worker drains.
  void handle(worker::Worker& worker) {
    std::vector<worker::StepEvent> events;
    while (worker.wait_step_events(64, 1000, events)) {
      for (const worker::StepEvent& event : events) {
        if (!worker.complete_success(event.event_id, R"({"passed":true})")) ++refused_;
      }
      base::Lock lock(mutex_);
      done_ += events.size();
      progress_.notify_all();
      events.clear();
    }
  }

  void create(worker::Worker& worker) {
    worker::TaskRequest request;
    request.name = "line";
    request.namespace_name = "soak";
    request.context_json = R"({"input":"of some length, as requests have"})";
    worker.create_tasks(std::vector<worker::TaskRequest>(kTasksAtOnce, request),
                        [this](std::vector<base::Result<worker::CreatedTask>> created) {
                          for (const auto& each : created) {
                            if (!each) ++refused_;
                          }
                        });
  }

  /// Waits until `steps` were completed; false when nothing moves any more.
  bool wait_for(std::uint64_t steps) {
    base::Lock lock(mutex_);
    return progress_.wait_for(mutex_, kProgressTimeoutUs, [&] { return done_ >= steps; });
  }
  std::uint64_t done() {
    base::Lock lock(mutex_);
    return done_;
  }

  std::atomic<std::uint64_t> refused_{0};

 private:
  std::filesystem::path directory_;
  base::Mutex mutex_;
  base::Condition progress_;
  std::uint64_t done_ = 0;
};

TEST_F(Soak, ResidentMemoryStaysWithinTenPercentOverAMillionSteps) {
  const std::unique_ptr<worker::Worker> worker = start_worker();
  std::vector<std::thread> threads;
  for (int i = 0; i < kHandlerThreads; ++i) threads.emplace_back([&] { handle(*worker); });

  std::uint64_t warm_bytes = 0;
  std::uint64_t most_bytes = 0;
  std::uint64_t next_sample = kWarmUpSteps;
  bool moving = true;
  for (std::uint64_t created = 0; created < kSteps && moving;) {
    create(*worker);
    created += kTasksAtOnce * kStepsPerTask;
    moving = created < kStepsInFlightMax || wait_for(created - kStepsInFlightMax);
    if (done() < next_sample) continue;
    const std::uint64_t bytes = resident_bytes();
    std::cout << next_sample << " steps: " << bytes / 1024 << " KiB resident\n";
    if (warm_bytes == 0) warm_bytes = bytes;
    most_bytes = std::max(most_bytes, bytes);
    next_sample += kWarmUpSteps;
  }
  EXPECT_TRUE(moving && wait_for(kSteps)) << done() << " steps done, then nothing moved";
  most_bytes = std::max(most_bytes, resident_bytes());
  EXPECT_TRUE(worker->drain(10'000));
  EXPECT_TRUE(worker->stop());
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(refused_, 0U);
  EXPECT_EQ(done(), kSteps);
  EXPECT_GT(warm_bytes, 0U);
  EXPECT_LT(static_cast<double>(most_bytes), static_cast<double>(warm_bytes) * kGrowthMax);
}

}  // namespace
}  // namespace tasker::soak
