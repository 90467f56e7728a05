#include "tests/crash/crash_program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/store/sqlite/sqlite_store.h"

namespace tasker::crash {
namespace {

sigset_t end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  return signals;
}

bool read_number(std::string_view text, std::uint64_t& value) {
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
}

}  // namespace

int report(std::string_view what) {
  std::fprintf(stderr, "%s: %.*s\n", program_invocation_short_name, static_cast<int>(what.size()),
               what.data());
  return 1;
}

int run_program(int argc, char** argv, int (*run)(const Arguments& arguments)) {
  const std::vector<std::string> given(argv, argv + argc);
  Arguments arguments;
  if (argc != 5 || !read_number(given[3], arguments.handler_us_max) ||
      !read_number(given[4], arguments.seed))
    return report("arguments: STORE JOURNAL HANDLER_US_MAX SEED");
  arguments.store_path = given[1];
  arguments.journal_path = given[2];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const sigset_t signals = end_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return run(arguments);
}

void await_end() {
  const sigset_t signals = end_signals();
  int signal_number = 0;
  sigwait(&signals, &signal_number);
}

Journal::Journal(const std::string& path)
    : file_(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) {
  if (file_ >= 0) return;
  report("the journal can not be opened: " + path);
  std::abort();
}

void Journal::note(const JournalLine& line) const {
  const std::string text = to_text(line);
  if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
}

void work(base::Random& random, std::uint64_t us_max) {
  if (us_max == 0) return;
  const auto work_us = static_cast<std::int64_t>(random.below(us_max));
  std::this_thread::sleep_for(std::chrono::microseconds(work_us));
}

std::unique_ptr<worker::Worker> open_worker(const Arguments& arguments) {
  const auto logger = base::make_stderr_logger(base::LogLevel::kError, false);
  store::sqlite::Options options;
  options.path = arguments.store_path;
  options.mode = store::sqlite::OpenMode::kExisting;
  auto store = store::sqlite::open(options, logger);
  if (!store) {
    report(store.error().to_json());
    return nullptr;
  }
  config::Config config;
  config.store_path = arguments.store_path;
  config.max_concurrent_handlers = 16;
  config.lease_ttl_ms = 500;
  auto opened = worker::Worker::open(config, std::move(*store), logger,
                                     std::make_shared<base::SystemClock>());
  if (opened) return std::move(*opened);
  report(opened.error().to_json());
  return nullptr;
}

}  // namespace tasker::crash
