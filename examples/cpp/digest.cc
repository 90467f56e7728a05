#include "digest.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <variant>

namespace digest {
namespace {

using tasker::Failure;
using tasker::StepEvent;
using tasker::StepResult;

/// One request of a log in the common log format.
struct Request {
  std::string path;
  int status = 0;
  long long bytes = 0;
};

/// host - user [time zone] "GET /path HTTP/1.1" 200 512
std::optional<Request> read_request(const std::string& line) {
  std::istringstream words(line);
  std::string host, identity, user, time, zone, method, protocol, bytes;
  Request request;
  words >> host >> identity >> user >> time >> zone >> method >> request.path >> protocol >>
      request.status >> bytes;
  if (!words || time.front() != '[' || method.front() != '"') return std::nullopt;
  const auto number = tasker::json::integer(bytes);
  if (!number && bytes != "-") return std::nullopt;
  request.bytes = number.value_or(0);
  return request;
}

/// Calls `visit` for each request of the log that the task names. @return lines that were none, or
/// why the log can not be read: for ever when there is none, else for now
template <class Visit>
std::variant<long long, Failure> read_log(const StepEvent& event, Visit visit) {
  const auto path = tasker::json::text(event.member({"task", "context", "log"}).value_or(""));
  if (!path) return Failure{"task.context.log: expected a path", "no_log", false};
  std::ifstream file(*path);
  if (!file) return Failure{*path + ": can not be opened", "no_log", errno != ENOENT};
  long long skipped = 0;
  for (std::string line; std::getline(file, line);) {
    if (const auto request = read_request(line)) {
      visit(*request);
    } else {
      ++skipped;
    }
  }
  return skipped;
}

/// A member of the result of a step before this one, 0 when it is no number.
long long number_of(const StepEvent& event, std::string_view step, std::string_view name) {
  const auto value = event.member({"dependency_results", step, "result", name});
  return tasker::json::integer(value.value_or("")).value_or(0);
}

}  // namespace

const char* const kWorkflow = R"(
name: log_digests
namespace_name: examples
version: 1.0.0
description: One line about an access log
steps:
  - name: count_requests
    handler: { callable: digest.count_requests }
  - name: busiest_path
    handler: { callable: digest.busiest_path }
  - name: summarise
    dependencies: [count_requests, busiest_path]
    handler: { callable: digest.summarise }
)";

StepResult count_requests(const StepEvent& event) {
  long long requests = 0, errors = 0, bytes = 0;
  const auto read = read_log(event, [&](const Request& request) {
    ++requests;
    errors += request.status >= 400 ? 1 : 0;
    bytes += request.bytes;
  });
  if (const auto* failure = std::get_if<Failure>(&read)) return *failure;
  return "{\"requests\":" + std::to_string(requests) + ",\"errors\":" + std::to_string(errors) +
         ",\"bytes\":" + std::to_string(bytes) +
         ",\"skipped\":" + std::to_string(std::get<long long>(read)) + "}";
}

StepResult busiest_path(const StepEvent& event) {
  std::map<std::string, long long> requests_of;
  const auto read = read_log(event, [&](const Request& request) { ++requests_of[request.path]; });
  if (const auto* failure = std::get_if<Failure>(&read)) return *failure;
  if (requests_of.empty()) return Failure{"no line of the log is a request", "empty_log", false};
  const auto busiest =
      std::max_element(requests_of.begin(), requests_of.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return "{\"path\":" + tasker::json::quote(busiest->first) +
         ",\"requests\":" + std::to_string(busiest->second) + "}";
}

StepResult summarise(const StepEvent& event) {
  const auto path = event.member({"dependency_results", "busiest_path", "result", "path"});
  std::ostringstream line;
  line << number_of(event, "count_requests", "requests") << " requests, "
       << number_of(event, "count_requests", "errors") << " errors, "
       << number_of(event, "count_requests", "bytes") << " bytes; busiest "
       << tasker::json::text(path.value_or("")).value_or("?") << " with "
       << number_of(event, "busiest_path", "requests");
  return "{\"line\":" + tasker::json::quote(line.str()) + "}";
}

}  // namespace digest
