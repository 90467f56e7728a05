#include "tests/crash/crash_books.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tasker::crash {

using model::StepState;

namespace {

/// What the journal says of one step.
struct Begun {
  std::set<std::uint32_t> attempts;
  std::size_t first_line = 0;
  std::map<std::uint32_t, std::size_t> line_of_attempt;
};
using StepName = std::pair<base::Uuid, std::uint32_t>;

class Audit {
 public:
  Audit(store::Reader& store, CrashBooks& books) : store_(store), books_(books) {}

  void read_journal(const std::vector<JournalLine>& journal) {
    for (std::size_t index = 0; index < journal.size(); ++index) {
      const JournalLine& line = journal[index];
      Begun& begun = begun_[{line.task, line.step}];
      if (begun.attempts.empty()) begun.first_line = index;
      if (!begun.attempts.insert(line.attempt).second) {
        fault(line.task, line.step,
              "attempt " + std::to_string(line.attempt) + " was run by two handlers");
      }
      begun.line_of_attempt.emplace(line.attempt, index);
    }
  }

  void check_task(const ExpectedTask& task) {
    const auto record = store_.find_task(task.uuid);
    if (!record) return fault(task.uuid, 0, record.error().to_json());
    if (record->state != model::TaskState::kComplete) {
      fault(task.uuid, 0, "the task ended as " + std::string(model::state_name(record->state)));
    }
    const auto steps = store_.list_steps(record->header.id, true);
    if (!steps) return fault(task.uuid, 0, steps.error().to_json());
    if (steps->size() != task.compiled->graph.dependencies.size()) {
      return fault(task.uuid, 0, "the task has " + std::to_string(steps->size()) + " steps");
    }
    for (const store::StepRecord& step : *steps) check_step(task, step);
    for (const store::StepRecord& step : *steps) check_order(task, step, *steps);
  }

 private:
  void fault(const base::Uuid& task, std::uint32_t step, const std::string& what) {
    books_.faults.push_back("task " + task.text() + " step " + std::to_string(step) + ": " + what);
  }

  void check_step(const ExpectedTask& task, const store::StepRecord& step) {
    const std::uint32_t index = step.key.index;
    if (step.state != StepState::kComplete) {
      return fault(task.uuid, index, "ended as " + std::string(model::state_name(step.state)));
    }
    const std::size_t ancestors = task.compiled->graph.ancestors(index).size();
    const std::string expected = result_of(task.uuid, index, step.attempt, ancestors);
    if (step.result_json != expected) {
      fault(task.uuid, index, "has the result " + step.result_json + " instead of " + expected);
    }
    if (fails_on_purpose(task.uuid, index, step.attempt)) {
      fault(task.uuid, index, "is complete by an attempt that failed");
    }
    const Begun& begun = begun_[{task.uuid, index}];
    if (!begun.attempts.contains(step.attempt)) {
      fault(task.uuid, index, "is complete by an attempt that no handler ran");
    }
    if (!begun.attempts.empty() && *begun.attempts.rbegin() > step.attempt) {
      fault(task.uuid, index, "was run again after it was complete");
    }
    check_attempts(task, step, begun);
  }

  void check_attempts(const ExpectedTask& task, const store::StepRecord& step, const Begun& begun) {
    const std::uint32_t index = step.key.index;
    const auto history = store_.list_attempts(step.key);
    if (!history) return fault(task.uuid, index, history.error().to_json());
    std::vector<std::uint32_t> numbers{step.attempt};
    for (const store::AttemptRecord& attempt : *history) {
      numbers.push_back(attempt.attempt);
      if (attempt.next == StepState::kEnqueued) {
        ++books_.lost_attempts;
        books_.lost_workers.insert(attempt.worker);
      } else if (attempt.next != StepState::kWaitingForRetry ||
                 !fails_on_purpose(task.uuid, index, attempt.attempt) ||
                 !begun.attempts.contains(attempt.attempt)) {
        fault(
            task.uuid, index,
            "keeps a failure that no handler reported: attempt " + std::to_string(attempt.attempt));
      }
    }
    books_.attempts += numbers.size();
    std::sort(numbers.begin(), numbers.end());
    for (std::uint32_t expected = 1; expected <= numbers.size(); ++expected) {
      if (numbers[expected - 1] == expected) continue;
      return fault(task.uuid, index, "lost attempt " + std::to_string(expected));
    }
  }

  void check_order(const ExpectedTask& task, const store::StepRecord& step,
                   const std::vector<store::StepRecord>& steps) {
    const Begun& own = begun_[{task.uuid, step.key.index}];
    for (const std::uint32_t dependency : task.compiled->graph.dependencies[step.key.index]) {
      const Begun& before = begun_[{task.uuid, dependency}];
      const auto completing = before.line_of_attempt.find(steps[dependency].attempt);
      if (completing != before.line_of_attempt.end() && completing->second < own.first_line) {
        continue;
      }
      fault(task.uuid, step.key.index,
            "began before step " + std::to_string(dependency) + " was complete");
    }
  }

  store::Reader& store_;
  CrashBooks& books_;
  std::map<StepName, Begun> begun_;
};

}  // namespace

CrashBooks check_books(store::Reader& store, const std::vector<ExpectedTask>& tasks,
                       const std::vector<JournalLine>& journal) {
  CrashBooks books;
  Audit audit(store, books);
  audit.read_journal(journal);
  for (const ExpectedTask& task : tasks) audit.check_task(task);
  const auto unsound = store.check_integrity();
  if (!unsound) {
    books.faults.push_back(unsound.error().to_json());
  } else {
    books.faults.insert(books.faults.end(), unsound->begin(), unsound->end());
  }
  return books;
}

}  // namespace tasker::crash
