// log_digests LOG...: one task for each access log, their steps on four threads of one worker, then
// one line about each log in the order of the command line.
//
// Exit code: 0 every log has its line, 1 a workflow failed, 2 the command line is wrong, 3 the
// library refused something.
#include <chrono>
#include <future>
#include <iostream>
#include <string>
#include <tasker/tasker.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "digest.h"

namespace {

using std::chrono_literals::operator""s;

/// Drains the worker at the end of its scope, so that run() on the other thread returns.
class DrainAtEnd {
 public:
  explicit DrainAtEnd(tasker::Worker& worker) : worker_(worker) {}
  ~DrainAtEnd() {
    try {
      worker_.drain(10s);
    } catch (const tasker::Error& error) {
      std::cerr << "log_digests: " << error.what() << '\n';
    }
  }
  DrainAtEnd(const DrainAtEnd&) = delete;
  DrainAtEnd& operator=(const DrainAtEnd&) = delete;

 private:
  tasker::Worker& worker_;
};

std::string request_for(const std::string& log) {
  return R"({"namespace":"examples","name":"log_digests","version":"1.0.0","context":{"log":)" +
         tasker::json::quote(log) +
         R"(},"initiator":"log_digests","source_system":"example","reason":"a new log"})";
}

/// The line that the last step wrote, or why there is none.
std::string outcome_of(tasker::Worker& worker, const std::string& task) {
  const std::string steps = worker.list_task_steps(task);
  for (const std::string_view step : tasker::json::elements(steps)) {
    const auto line = tasker::json::find(step, {"results", "result", "line"});
    if (line) return tasker::json::text(*line).value_or("?");
    const auto message = tasker::json::find(step, {"results", "error", "message"});
    if (message) return "failed: " + tasker::json::text(*message).value_or("?");
  }
  return "no result";
}

/// Creates all tasks, then prints each as it comes up in the order of the logs.
int print_digests(tasker::Worker& worker, const std::vector<std::string>& logs) {
  std::vector<std::string> tasks;
  std::vector<std::future<std::string>> ends;
  for (const std::string& log : logs) {
    tasks.push_back(worker.create_task(request_for(log)));
    ends.push_back(worker.wait_task_begin(tasks.back()));
  }
  int exit_code = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    if (ends[i].get() != "\"complete\"") exit_code = 1;
    std::cout << logs[i] << ": " << outcome_of(worker, tasks[i]) << '\n';
  }
  return exit_code;
}

int digest_logs(const std::vector<std::string>& logs) {
  tasker::Worker worker(R"({"store_path":"log_digests.db","log_level":"warn"})");
  worker.put_template(digest::kWorkflow);
  worker.start();
  std::future<int> printed = std::async(std::launch::async, [&worker, &logs] {
    const DrainAtEnd drain(worker);
    return print_digests(worker, logs);
  });
  tasker::RunOptions options;
  options.threads = 4;
  try {
    worker.run({{"digest.count_requests", digest::count_requests},
                {"digest.busiest_path", digest::busiest_path},
                {"digest.summarise", digest::summarise}},
               options);
  } catch (const tasker::Error&) {
    worker.close();  // the other thread's waits fail, so that it ends too
    throw;
  }
  return printed.get();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: log_digests LOG...\n";
    return 2;
  }
  try {
    return digest_logs({argv + 1, argv + argc});
  } catch (const tasker::Error& error) {
    std::cerr << "log_digests: " << error.what() << '\n';
    return 3;
  }
}
