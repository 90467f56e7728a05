// A worker process for the crash tests:
//
//   crash_worker STORE JOURNAL HANDLER_US_MAX SEED
//
// Runs the steps of the store with handlers that note each attempt in the journal before they do
// anything else, then take up to HANDLER_US_MAX microseconds. Ends in order at SIGTERM.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/random.h"
#include "core/store/sqlite/sqlite_store.h"
#include "core/worker/worker.h"
#include "tests/crash/work.h"

namespace tasker::crash {
namespace {

constexpr int kHandlerThreads = 4;
constexpr std::size_t kEventsAtOnce = 4;
constexpr std::int64_t kWaitMs = 1000;
constexpr std::int64_t kDrainMs = 5000;

struct Arguments {
  std::string store_path;
  std::string journal_path;
  std::uint64_t handler_us_max = 0;
  std::uint64_t seed = 0;
};

int report(const std::string& what) {
  std::fprintf(stderr, "crash_worker: %s\n", what.c_str());
  return 1;
}

/// Handlers of one thread.
class Handlers {
 public:
  Handlers(worker::Worker& worker, int journal, const Arguments& arguments, std::uint64_t seed)
      : worker_(worker), journal_(journal), arguments_(arguments), random_(seed) {}

  /// Returns when the worker drains.
  void run() {
    std::vector<worker::StepEvent> events;
    for (;;) {
      events.clear();
      if (!worker_.wait_step_events(kEventsAtOnce, kWaitMs, events)) return;
      for (const worker::StepEvent& event : events) handle(event);
    }
  }

 private:
  void handle(const worker::StepEvent& event) {
    const base::Uuid& task = event.task->uuid;
    const std::uint32_t step = event.claim.step.index;
    const std::uint32_t attempt = event.claim.attempt;
    const std::string line = to_text({task, step, attempt});
    if (::write(journal_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      std::abort();  // without a journal the run proves nothing
    }
    if (arguments_.handler_us_max > 0) {
      const auto work_us = static_cast<std::int64_t>(random_.below(arguments_.handler_us_max));
      std::this_thread::sleep_for(std::chrono::microseconds(work_us));
    }
    // A refusal is no error here: another worker has taken the step over.
    if (fails_on_purpose(task, step, attempt)) {
      static_cast<void>(worker_.complete_step_event(
          event.event_id,
          R"({"success":false,"error":{"message":"on purpose","error_type":"handler_error"},)"
          R"("metadata":{"retryable":true}})"));
    } else {
      static_cast<void>(worker_.complete_success(
          event.event_id, result_of(task, step, attempt, event.dependencies.size())));
    }
  }

  worker::Worker& worker_;
  const int journal_;
  const Arguments& arguments_;
  base::Random random_;
};

int serve(worker::Worker& worker, int journal, const Arguments& arguments,
          const sigset_t& signals) {
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < kHandlerThreads; ++i) {
    threads.emplace_back([&worker, journal, &arguments, i] {
      Handlers(worker, journal, arguments, arguments.seed * kHandlerThreads + i).run();
    });
  }
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  const auto drained = worker.drain(kDrainMs);
  const auto stopped = worker.stop();
  for (std::thread& thread : threads) thread.join();
  if (!drained) return report(drained.error().to_json());
  if (!stopped) return report(stopped.error().to_json());
  return 0;
}

int run(const Arguments& arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // no worker outlives its test
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const int journal =
      open(arguments.journal_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (journal < 0) return report("the journal can not be opened: " + arguments.journal_path);
  const auto logger = base::make_stderr_logger(base::LogLevel::kWarn, false);
  store::sqlite::Options options;
  options.path = arguments.store_path;
  options.durability = store::sqlite::Durability::kFull;
  options.mode = store::sqlite::OpenMode::kExisting;
  auto store = store::sqlite::open(options, logger);
  if (!store) return report(store.error().to_json());
  config::Config config;
  config.store_path = arguments.store_path;
  config.max_concurrent_handlers = 16;
  config.lease_ttl_ms = 500;
  auto opened = worker::Worker::open(config, std::move(*store), logger,
                                     std::make_shared<base::SystemClock>());
  if (!opened) return report(opened.error().to_json());
  const std::vector<std::string> callables{kCallable};
  if (const auto status = (*opened)->register_handlers(callables); !status) {
    return report(status.error().to_json());
  }
  if (const auto status = (*opened)->start(); !status) return report(status.error().to_json());
  return serve(**opened, journal, arguments, signals);
}

}  // namespace
}  // namespace tasker::crash

int main(int argc, char** argv) {
  const std::vector<std::string_view> given(argv, argv + argc);
  const auto number = [&](std::size_t index, std::uint64_t& value) {
    const std::string_view text = given[index];
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
  };
  std::uint64_t handler_us_max = 0;
  std::uint64_t seed = 0;
  if (argc != 5 || !number(3, handler_us_max) || !number(4, seed)) {
    return tasker::crash::report("usage: crash_worker STORE JOURNAL HANDLER_US_MAX SEED");
  }
  return tasker::crash::run({argv[1], argv[2], handler_us_max, seed});
}
