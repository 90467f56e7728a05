// Tasker without a front end: native no-op handlers on the core's worker, store file with full
// durability.
//
//   bench_native latency      one task at a time, from creating it to seeing it finished
//   bench_native throughput   many tasks in flight, from the first creation to the last completion
//   bench_native dispatch     from the return of the claiming commit to the handler, idle in
//   between
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "bench/native/native_worker.h"
#include "bench/native/output.h"

namespace tasker::bench {
namespace {

struct Options {
  NativeWorkerOptions worker;
  std::uint64_t tasks = 300;
  std::uint64_t warmup = 50;
  std::uint64_t batch = 500;
  std::uint64_t in_flight = 4000;
  std::uint32_t idle_ms = 5;
};

/// The work done since the warm-up, checked against the store.
Work measured_work(NativeWorker& worker, const Options& options, const Work& warmup) {
  const std::uint64_t complete = worker.count_complete_tasks();
  if (complete != options.warmup + options.tasks) {
    die("check", fmt::format("the store holds {} complete tasks", complete));
  }
  return Work{.tasks = complete - warmup.tasks,
              .steps = worker.steps() - warmup.steps,
              .checksum = worker.checksum() - warmup.checksum};
}

Work work_so_far(const NativeWorker& worker) {
  return Work{.tasks = worker.finished(), .steps = worker.steps(), .checksum = worker.checksum()};
}

/// Tasks are numbered from 1; those up to `warmup` are not measured.
void run_latency(const Options& options) {
  NativeWorker worker(options.worker);
  Work warmup;
  std::vector<double> samples_us;
  samples_us.reserve(options.tasks);
  for (std::uint64_t seq = 1; seq <= options.warmup + options.tasks; ++seq) {
    const auto start = SteadyClock::now();
    worker.create_tasks(seq, 1);
    while (worker.finished() < seq) worker.turn();
    if (seq > options.warmup) {
      samples_us.push_back(microseconds_between(start, SteadyClock::now()));
    }
    if (seq == options.warmup) warmup = work_so_far(worker);
  }
  print_samples(samples_us, measured_work(worker, options, warmup));
}

/// Creates and finishes tasks `first` to `last`, at most `in_flight` at a time.
void run_tasks(NativeWorker& worker, const Options& options, std::uint64_t first,
               std::uint64_t last) {
  std::uint64_t next = first;
  while (worker.finished() < last) {
    while (next <= last) {
      const std::uint64_t count = std::min(options.batch, last - next + 1);
      if (next - 1 + count - worker.finished() > options.in_flight) break;
      worker.create_tasks(next, count);
      next += count;
    }
    worker.turn();
  }
}

void run_throughput(const Options& options) {
  NativeWorker worker(options.worker);
  run_tasks(worker, options, 1, options.warmup);
  const Work warmup = work_so_far(worker);
  const auto start = SteadyClock::now();
  run_tasks(worker, options, options.warmup + 1, options.warmup + options.tasks);
  const double elapsed_s = seconds_between(start, SteadyClock::now());
  print_elapsed(elapsed_s, measured_work(worker, options, warmup));
}

void run_dispatch(Options options) {
  const auto claimed = std::make_shared<ClaimStamp>(0);
  options.worker.claim_stamp = claimed;
  NativeWorker worker(options.worker);
  if (worker.steps_of_task() != 1) die("template", "a template of one step is needed");
  Work warmup;
  std::vector<double> samples_us;
  samples_us.reserve(options.tasks);
  std::vector<worker::StepEvent> events;
  for (std::uint64_t seq = 1; seq <= options.warmup + options.tasks; ++seq) {
    std::this_thread::sleep_for(std::chrono::milliseconds(options.idle_ms));
    worker.create_tasks(seq, 1);
    events.clear();
    while (events.empty()) {
      const auto polled = worker.worker().wait_step_events(1, 10'000, events);
      const std::int64_t started_ns = steady_now_ns();
      if (!polled || *polled == 0) die("wait", "no step came within 10 s");
      if (seq > options.warmup) {
        samples_us.push_back(static_cast<double>(started_ns - claimed->load()) / 1000.0);
      }
    }
    worker.handle(events.front());
    while (worker.finished() < seq) worker.turn();
    if (seq == options.warmup) warmup = work_so_far(worker);
  }
  print_samples(samples_us, measured_work(worker, options, warmup));
}

CLI::App* add_command(CLI::App& app, Options& options, const char* name, const char* what) {
  auto* command = app.add_subcommand(name, what);
  command->add_option("--path", options.worker.store_path, "new store file")->required();
  command->add_option("--template", options.worker.template_path, "task template (YAML)")
      ->required();
  command->add_option("--tasks", options.tasks, "tasks measured");
  command->add_option("--warmup", options.warmup, "tasks before them")->check(CLI::PositiveNumber);
  command->add_option("--concurrency", options.worker.concurrency, "handlers at a time");
  return command;
}

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  using namespace tasker::bench;
  CLI::App app("Tasker's core with native handlers");
  app.require_subcommand(1);
  Options options;
  auto* latency = add_command(app, options, "latency", "one task at a time");
  auto* throughput = add_command(app, options, "throughput", "many tasks in flight");
  throughput->add_option("--batch", options.batch, "tasks in one creation")
      ->check(CLI::PositiveNumber);
  throughput->add_option("--in-flight", options.in_flight, "tasks at a time");
  auto* dispatch = add_command(app, options, "dispatch", "from the claim to the handler");
  dispatch->add_option("--idle-ms", options.idle_ms, "pause before each task");

  CLI11_PARSE(app, argc, argv);
  if (latency->parsed()) run_latency(options);
  if (throughput->parsed()) run_throughput(options);
  if (dispatch->parsed()) run_dispatch(options);
  return 0;
}
