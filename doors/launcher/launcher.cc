// tasker-launcher: becomes the program of an executor's child process.
//
//   tasker-launcher PARENT NICE PROGRAM [ARGUMENT...]
//
// What only the process itself can ask the kernel for, and what no JavaScript runtime offers: a
// group of its own, so that it is killed with all that it started; death with its parent, also in
// the middle of an endless loop; no core files; none of the parent's open files but 0 to 3 (3 is
// the private channel). Then PROGRAM takes its place, same process.
//
// PARENT: process id of whoever started it, 1..2147483647. NICE: 0..19, added to the priority. Exit
// status 126 when a setting fails, 127 when PROGRAM can not be run, both with one line on stderr.
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

constexpr int kSettingFailed = 126;
constexpr int kNotRun = 127;
constexpr unsigned kFirstClosed = 4;
constexpr int kNiceMax = 19;

[[noreturn]] void fail(int status, const char* what, const char* reason) {
  // Nothing is left to do when this can not be written either.
  (void)dprintf(STDERR_FILENO, "tasker-launcher: %s: %s\n", what, reason);
  _exit(status);
}

/// A whole number from `min` to `max`; ends the process for anything else.
int number(const char* name, std::string_view text, int min, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max) {
    fail(kSettingFailed, name, "not a number of the range that is allowed");
  }
  return value;
}

/// Signals as a new process has them: what the parent ignores or blocks is no business of this one.
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    (void)std::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  (void)pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

/// The kernel sends SIGKILL when the thread that started this process ends. It may have ended
/// before it was asked.
void die_with(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    fail(kSettingFailed, "death with the parent", strerrordesc_np(errno));
  }
  if (getppid() != parent) {
    _exit(0);
  }
}

void leave_group() {
  if (setsid() == -1 && getpgrp() != getpid()) {
    fail(kSettingFailed, "a group of its own", strerrordesc_np(errno));
  }
}

void limit(int nice_by) {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) {
    fail(kSettingFailed, "no core files", strerrordesc_np(errno));
  }
  if (nice_by > 0 && setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + nice_by) != 0) {
    fail(kSettingFailed, "priority", strerrordesc_np(errno));
  }
}

/// Files that the parent holds open, its store among them, do not come along. On kernels
/// before 5.11 they do.
void close_others() { (void)syscall(SYS_close_range, kFirstClosed, ~0U, CLOSE_RANGE_CLOEXEC); }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fail(kSettingFailed, "usage", "tasker-launcher PARENT NICE PROGRAM [ARGUMENT...]");
  }
  const pid_t parent = number("PARENT", argv[1], 1, 2147483647);
  const int nice_by = number("NICE", argv[2], 0, kNiceMax);
  leave_group();
  die_with(parent);
  reset_signals();
  limit(nice_by);
  close_others();
  execvp(argv[3], argv + 3);
  fail(kNotRun, argv[3], strerrordesc_np(errno));
}
