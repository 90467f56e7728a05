// What the programs of the crash tests share: their arguments, the journal, the worker, and how
// they begin and end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/worker/worker.h"
#include "tests/crash/work.h"

namespace tasker::crash {

/// `PROGRAM STORE JOURNAL HANDLER_US_MAX SEED`.
struct Arguments {
  std::string store_path;
  std::string journal_path;
  std::uint64_t handler_us_max = 0;
  std::uint64_t seed = 0;
};

/// Says on standard error what is wrong. @return 1, to exit with
int report(std::string_view what);

/// The main of such a program: reads the arguments, and calls `run`, whose result it returns. The
/// process ends with its parent, and SIGTERM waits for await_end().
int run_program(int argc, char** argv, int (*run)(const Arguments& arguments));

/// Waits for SIGTERM.
void await_end();

/// The file in which handlers note what they begin. Threads: any.
class Journal {
 public:
  /// Ends the process when it can not be opened: without a journal the run proves nothing.
  explicit Journal(const std::string& path);
  /// Ends the process when it can not be written.
  void note(const JournalLine& line) const;

 private:
  int file_ = -1;
};

/// Takes up to `us_max` microseconds.
void work(base::Random& random, std::uint64_t us_max);

/// A worker that is not started, on the store, which exists. @return null when that was refused,
/// which is reported
std::unique_ptr<worker::Worker> open_worker(const Arguments& arguments);

/// Drains the worker, stops it and tells what was refused. `drained` is called between the two.
/// @return 0, or 1 to exit with
template <class Drained>
int end_worker(worker::Worker& worker, Drained drained) {
  constexpr std::int64_t kDrainMs = 5000;
  const auto drain = worker.drain(kDrainMs);
  drained();
  const auto stop = worker.stop();
  if (!drain) return report(drain.error().to_json());
  if (!stop) return report(stop.error().to_json());
  return 0;
}

}  // namespace tasker::crash
