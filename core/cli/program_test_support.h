// Runs the built program as a user would, for suites that look at what it prints and ends with.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <poll.h>
#include <simdjson.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/worker/client_test_support.h"

namespace tasker::cli {

/// What a run of the program left.
struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

struct RunOptions {
  std::string input = {};
  std::vector<std::string> environment = {};  ///< NAME=value, instead of the suite's own
  std::string stdout_path = {};               ///< where standard output goes, if not into `out`
  bool obeys_permissions = false;             ///< even when the suite runs as root
};

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline constexpr std::int64_t kPatienceUs = 60'000'000;

/// Appends what `fd` gives to `text` until `enough(text)` is true or the other side is closed.
/// @return whether it is true; false also after a minute without it
template <class Enough>
bool read_until(int fd, std::string& text, Enough enough) {
  const base::SystemClock clock;
  const std::int64_t deadline_us = clock.monotonic_us() + kPatienceUs;
  while (!enough(text)) {
    const std::int64_t left_us = deadline_us - clock.monotonic_us();
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    if (left_us <= 0 || ::poll(&waited, 1, static_cast<int>(left_us / 1000)) <= 0) return false;
    char buffer[4096];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count <= 0) return enough(text);
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return true;
}

/// One run of the program, ended by its destructor if it has not ended by itself.
class Program {
 public:
  Program(const std::filesystem::path& folder, std::vector<std::string> arguments,
          const RunOptions& options = {})
      : err_path_(folder / "stderr") {
    write_text(folder / "stdin", options.input);
    write_text(err_path_, "");
    arguments.insert(arguments.begin(), "tasker");
    auto environment = options.environment;
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    out_fd_ = ends[0];
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      become_program(folder, arguments, environment, options, ends[1]);
    }
    ::close(ends[1]);
    if (pid_ < 0) throw std::runtime_error("fork failed");
  }
  ~Program() {
    ::close(out_fd_);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Whether standard output had `part` in it within a minute.
  bool prints(std::string_view part) {
    return read_until(out_fd_, out_, [&](const std::string& text) {
      return text.find(part) != std::string::npos;
    });
  }
  /// What prints() has read.
  const std::string& out() const { return out_; }
  void signal(int number) const { ::kill(pid_, number); }

  /// Waits for its end, at most a minute.
  Ran wait() {
    // Its end of the pipe stays open as long as it lives, also when its output goes elsewhere.
    const base::SystemClock clock;
    const std::int64_t started_us = clock.monotonic_us();
    read_until(out_fd_, out_, [](const std::string&) { return false; });
    if (clock.monotonic_us() - started_us >= kPatienceUs) throw std::runtime_error("it never ends");
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status),
            .out = out_,
            .err = text_of(err_path_)};
  }

 private:
  [[noreturn]] void become_program(const std::filesystem::path& folder,
                                   std::vector<std::string>& arguments,
                                   std::vector<std::string>& environment, const RunOptions& options,
                                   int out_fd) const {
    if (options.obeys_permissions) ::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
    ::dup2(::open((folder / "stdin").c_str(), O_RDONLY), STDIN_FILENO);
    ::dup2(options.stdout_path.empty() ? out_fd : ::open(options.stdout_path.c_str(), O_WRONLY),
           STDOUT_FILENO);
    ::dup2(::open(err_path_.c_str(), O_WRONLY | O_APPEND), STDERR_FILENO);
    const auto words = pointers(arguments);
    const auto variables = pointers(environment);
    ::execve(TASKER_PROGRAM, words.data(), variables.data());
    ::_exit(127);
  }
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  }

  std::filesystem::path err_path_;
  int out_fd_ = -1;
  pid_t pid_ = -1;
  std::string out_;
};

/// A store that the suite itself has open, as a worker would, while the program works on it.
class ProgramTest : public testing::Test {
 protected:
  Ran run(std::vector<std::string> arguments, const RunOptions& options = {}) {
    arguments.insert(arguments.begin(), {"--store", bed_.path()});
    return run_bare(std::move(arguments), options);
  }
  Ran run_json(std::vector<std::string> arguments, const RunOptions& options = {}) {
    arguments.push_back("--json");
    return run(std::move(arguments), options);
  }
  /// Without --store.
  Ran run_bare(std::vector<std::string> arguments, const RunOptions& options = {}) {
    return Program(bed_.folder(), std::move(arguments), options).wait();
  }
  /// The one JSON document on standard output. What was parsed before is gone then.
  simdjson::dom::element parse(const std::string& text) {
    text_ = text;
    simdjson::dom::element document;
    const auto error = parser_.parse(text_).get(document);
    if (error != simdjson::SUCCESS) throw std::runtime_error("not one JSON document: " + text);
    return document;
  }
  std::string file(const std::string& name, std::string_view text) {
    const auto path = bed_.folder() / name;
    write_text(path, text);
    return path.string();
  }
  /// The code of the error document on standard error.
  std::string error_code(const Ran& ran) {
    return std::string(std::string_view(parse(ran.err)["error"]["code"]));
  }

  worker::StoreBed bed_;

 private:
  std::string text_;
  simdjson::dom::parser parser_;
};

}  // namespace tasker::cli
