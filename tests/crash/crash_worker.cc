// A worker process for the crash tests:
//
//   crash_worker STORE JOURNAL HANDLER_US_MAX SEED
//
// Runs the steps of the store with handlers that note each attempt in the journal before they do
// anything else, then take up to HANDLER_US_MAX microseconds. Ends in order at SIGTERM.
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/crash_program.h"

namespace tasker::crash {
namespace {

constexpr int kHandlerThreads = 4;
constexpr std::size_t kEventsAtOnce = 4;
constexpr std::int64_t kWaitMs = 1000;

/// Handlers of one thread.
class Handlers {
 public:
  Handlers(worker::Worker& worker, const Journal& journal, const Arguments& arguments,
           std::uint64_t seed)
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
    journal_.note({task, step, attempt});
    work(random_, arguments_.handler_us_max);
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
  const Journal& journal_;
  const Arguments& arguments_;
  base::Random random_;
};

int run(const Arguments& arguments) {
  const Journal journal(arguments.journal_path);
  const auto worker = open_worker(arguments);
  if (worker == nullptr) return 1;
  const std::vector<std::string> callables{kCallable};
  if (const auto status = worker->register_handlers(callables); !status)
    return report(status.error().to_json());
  if (const auto status = worker->start(); !status) return report(status.error().to_json());
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < kHandlerThreads; ++i) {
    threads.emplace_back([&, i] {
      Handlers(*worker, journal, arguments, arguments.seed * kHandlerThreads + i).run();
    });
  }
  await_end();
  return end_worker(*worker, [&] {
    for (std::thread& thread : threads) thread.join();
  });
}

}  // namespace
}  // namespace tasker::crash

int main(int argc, char** argv) {
  return tasker::crash::run_program(argc, argv, tasker::crash::run);
}
