// A child process that ends no later than the object that stands for it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tasker::crash {

/// Threads: one at a time.
class ChildProcess {
 public:
  /// Starts `program` with `arguments`; its standard error is appended to `log_path`. Throws
  /// std::runtime_error when the system refuses.
  ChildProcess(const std::string& program, const std::vector<std::string>& arguments,
               const std::string& log_path);
  /// Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int signal_number) const;
  bool is_running();
  /// Waits for its end, killing it after `timeout_ms`. Returns what waitpid reports.
  int wait(int timeout_ms);

 private:
  pid_t pid_ = -1;
  bool ended_ = false;
  int wait_status_ = 0;
};

}  // namespace tasker::crash
