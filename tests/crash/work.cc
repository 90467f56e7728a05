#include "tests/crash/work.h"

#include <algorithm>
#include <utility>

namespace tasker::crash {

namespace {

using Shape = std::vector<std::vector<std::string>>;  ///< dependencies of each step, a to d

model::TaskTemplate make_template(std::string name, const Shape& dependencies) {
  model::TaskTemplate body;
  body.namespace_name = "crash";
  body.name = std::move(name);
  body.version = "1.0.0";
  for (std::size_t index = 0; index < dependencies.size(); ++index) {
    model::StepTemplate step;
    step.name = std::string(1, static_cast<char>('a' + index));
    step.handler.callable = kCallable;
    step.dependencies = dependencies[index];
    // Each kill costs the running steps an attempt.
    step.retry.max_attempts = 100;
    step.retry.backoff = model::Backoff::kFixed;
    step.retry.backoff_base_ms = 100;
    body.steps.push_back(std::move(step));
  }
  return body;
}

}  // namespace

std::vector<model::TaskTemplate> templates(bool with_events) {
  std::vector<model::TaskTemplate> all{make_template("line", {{}, {"a"}, {"b"}, {"c"}}),
                                       make_template("diamond", {{}, {"a"}, {"a"}, {"b", "c"}}),
                                       make_template("fan", {{}, {"a"}, {"a"}, {"a"}}),
                                       make_template("funnel", {{}, {}, {}, {"a", "b", "c"}})};
  if (!with_events) return all;
  model::PublishedEvent event;
  event.name = "step.ended";
  event.description = "An attempt has ended";
  event.condition = "always";
  for (model::TaskTemplate& body : all)
    for (model::StepTemplate& step : body.steps) step.publishes_events = {event};
  return all;
}

bool fails_on_purpose(const base::Uuid& task, std::uint32_t step, std::uint32_t attempt) {
  const std::uint32_t mixed = task.bytes[15] + 31U * step + 97U * attempt;
  return attempt <= 2 && mixed % 16 == 0;
}

std::string result_of(const base::Uuid& task, std::uint32_t step, std::uint32_t attempt,
                      std::size_t ancestors) {
  return "{\"task\":\"" + task.text() + "\",\"step\":" + std::to_string(step) +
         ",\"attempt\":" + std::to_string(attempt) + ",\"ancestors\":" + std::to_string(ancestors) +
         "}";
}

namespace {

constexpr std::size_t kJournalLineBytes = 64;  // of which a page holds a whole number

}  // namespace

std::string to_text(const JournalLine& line) {
  std::string text =
      line.task.text() + " " + std::to_string(line.step) + " " + std::to_string(line.attempt);
  // A write is cut off by SIGKILL between two pages of the file: no line may lie on two.
  text.resize(kJournalLineBytes - 1, ' ');
  return text + "\n";
}

std::optional<JournalLine> parse_journal_line(const std::string& text) {
  const std::size_t first = text.find(' ');
  const std::size_t second = text.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  const std::optional<base::Uuid> task = base::parse_uuid(text.substr(0, first));
  const std::string step = text.substr(first + 1, second - first - 1);
  const std::size_t end = std::min(text.find(' ', second + 1), text.size());
  const std::string attempt = text.substr(second + 1, end - second - 1);
  const auto is_number = [](const std::string& digits) {
    return !digits.empty() && digits.size() < 10 &&
           digits.find_first_not_of("0123456789") == std::string::npos;
  };
  if (!task || !is_number(step) || !is_number(attempt)) return std::nullopt;
  return JournalLine{*task, static_cast<std::uint32_t>(std::stoul(step)),
                     static_cast<std::uint32_t>(std::stoul(attempt))};
}

}  // namespace tasker::crash
