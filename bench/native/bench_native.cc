// Tasker without a front end: native no-op handlers on the core's worker, store file with full
// durability.
//
//   bench_native latency      one task at a time, from creating it to seeing it finished
//   bench_native throughput   many tasks in flight, from the first creation to the last completion
//   bench_native dispatch     from the return of the claiming commit to the handler, idle in
//   between
//   bench_native memory       what each worker more adds to the process
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/native/native_worker.h"
#include "bench/native/output.h"

namespace tasker::bench {
namespace {

constexpr std::int64_t kPatienceMs = 30'000;

struct Options {
  NativeWorkerOptions worker;
  std::uint64_t tasks = 300;
  std::uint64_t warmup = 50;
  std::uint64_t batch = 500;
  std::uint64_t in_flight = 4000;
  std::uint32_t idle_ms = 5;
};

/// What was done so far; the number of tasks is the store's own.
Work work_so_far(NativeWorker& worker) {
  return Work{.tasks = worker.count_complete_tasks(),
              .steps = worker.steps(),
              .checksum = worker.checksum()};
}

Work work_since(NativeWorker& worker, const Work& before) {
  const Work now = work_so_far(worker);
  return Work{.tasks = now.tasks - before.tasks,
              .steps = now.steps - before.steps,
              .checksum = now.checksum - before.checksum};
}

/// Tasks are numbered from 1; those up to `warmup` are not measured.
void run_latency(const Options& options) {
  NativeWorker worker(options.worker);
  Work warmup;
  std::vector<double> samples_us;
  samples_us.reserve(options.tasks);
  for (std::uint64_t seq = 1; seq <= options.warmup + options.tasks; ++seq) {
    const auto start = SteadyClock::now();
    worker.run_task(seq);
    if (seq > options.warmup) {
      samples_us.push_back(microseconds_between(start, SteadyClock::now()));
    }
    if (seq == options.warmup) warmup = work_so_far(worker);
  }
  print_samples(samples_us, work_since(worker, warmup));
}

/// Creates and runs tasks `first` to `last`, at most `in_flight` at a time, until all are complete.
void run_tasks(NativeWorker& worker, const Options& options, std::uint64_t first,
               std::uint64_t last) {
  std::uint64_t next = first;
  const std::uint64_t all_steps = last * worker.steps_of_task();
  while (worker.steps() < all_steps) {
    const std::uint64_t begun_and_done = worker.steps() / worker.steps_of_task();
    while (next <= last) {
      const std::uint64_t count = std::min(options.batch, last - next + 1);
      if (next - 1 + count - begun_and_done > options.in_flight) break;
      worker.create_tasks(next, count);
      next += count;
    }
    worker.turn();
  }
  worker.await_last_handled();
}

void run_throughput(const Options& options) {
  NativeWorker worker(options.worker);
  run_tasks(worker, options, 1, options.warmup);
  const Work warmup = work_so_far(worker);
  const auto start = SteadyClock::now();
  run_tasks(worker, options, options.warmup + 1, options.warmup + options.tasks);
  const double elapsed_s = seconds_between(start, SteadyClock::now());
  print_elapsed(elapsed_s, work_since(worker, warmup));
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
    worker.create_awaited_task(seq);
    events.clear();
    const auto polled = worker.worker().wait_step_events(1, kPatienceMs, events);
    const std::int64_t started_ns = steady_now_ns();
    if (!polled || *polled == 0) die("wait", "no step came");
    if (seq > options.warmup) {
      samples_us.push_back(static_cast<double>(started_ns - claimed->load()) / 1000.0);
    }
    worker.handle(events.front());
    worker.await_end();
    if (seq == options.warmup) warmup = work_so_far(worker);
  }
  print_samples(samples_us, work_since(worker, warmup));
}

/// KiB in memory, without those of files.
double resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long pages = 0;
  long resident = 0;
  long shared = 0;
  statm >> pages >> resident >> shared;
  if (!statm) die("memory", "/proc/self/statm cannot be read");
  return static_cast<double>((resident - shared) * (sysconf(_SC_PAGESIZE) / 1024));
}

void run_memory(const Options& options) {
  std::vector<std::unique_ptr<NativeWorker>> workers;
  const auto open = [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      NativeWorkerOptions one = options.worker;
      one.store_path += fmt::format(".{}", workers.size());
      workers.push_back(std::make_unique<NativeWorker>(one));
      (void)workers.back()->count_complete_tasks();
    }
  };
  open(options.warmup);
  const double before = resident_kib();
  open(options.tasks);
  const double per_worker = (resident_kib() - before) / static_cast<double>(options.tasks);
  const std::uint64_t added = workers.size() - options.warmup;
  fmt::print(
      "{{\"values\":{{\"memory_per_worker\":{:.1f}}},"
      "\"work\":{{\"tasks\":{},\"steps\":{},\"checksum\":{}}}}}\n",
      per_worker, added, added, added);
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

int run(int argc, char** argv) {
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

  auto* memory = add_command(app, options, "memory", "workers side by side; --tasks of them");

  CLI11_PARSE(app, argc, argv);
  if (latency->parsed()) run_latency(options);
  if (throughput->parsed()) run_throughput(options);
  if (dispatch->parsed()) run_dispatch(options);
  if (memory->parsed()) run_memory(options);
  return 0;
}

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) { return tasker::bench::run(argc, argv); }
