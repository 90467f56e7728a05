// Runs the built program as a user would, for suites that look at what it prints and ends with.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <simdjson.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

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

/// Whether `condition` turned true within ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// One run of the program, ended by its destructor if it has not ended by itself.
class Program {
 public:
  Program(const std::filesystem::path& folder, std::vector<std::string> arguments,
          const RunOptions& options = {})
      : out_path_(folder / "stdout"), err_path_(folder / "stderr") {
    write_text(folder / "stdin", options.input);
    write_text(out_path_, "");
    write_text(err_path_, "");
    const std::string in_path = (folder / "stdin").string();
    const std::string stdout_path =
        options.stdout_path.empty() ? out_path_.string() : options.stdout_path;
    arguments.insert(arguments.begin(), "tasker");
    auto environment = options.environment;
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ > 0) return;
    if (options.obeys_permissions) ::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
    ::dup2(::open(in_path.c_str(), O_RDONLY), STDIN_FILENO);
    ::dup2(::open(stdout_path.c_str(), O_WRONLY | O_APPEND), STDOUT_FILENO);
    ::dup2(::open(err_path_.c_str(), O_WRONLY | O_APPEND), STDERR_FILENO);
    const auto words = pointers(arguments);
    const auto variables = pointers(environment);
    ::execve(TASKER_PROGRAM, words.data(), variables.data());
    ::_exit(127);
  }
  ~Program() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::string out() const { return text_of(out_path_); }
  void signal(int number) const { ::kill(pid_, number); }

  /// Waits for its end, at most a minute.
  Ran wait() {
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no end in sight");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    pid_ = -1;
    return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status),
            .out = text_of(out_path_),
            .err = text_of(err_path_)};
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  }

  std::filesystem::path out_path_;
  std::filesystem::path err_path_;
  pid_t pid_ = -1;
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
