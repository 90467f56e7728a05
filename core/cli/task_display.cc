#include "core/cli/task_display.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/cli/human.h"
#include "core/cli/step_tree.h"
#include "core/cli/table.h"
#include "core/worker/json_members.h"

namespace tasker::cli {
namespace {

using model::StepState;
using model::TaskState;

std::string_view icon(StepState state) {
  switch (state) {
    case StepState::kPending:
      return "○";
    case StepState::kEnqueued:
      return "◌";
    case StepState::kInProgress:
      return "▶";
    case StepState::kWaitingForRetry:
      return "↻";
    case StepState::kComplete:
    case StepState::kResolvedManually:
      return "✔";
    case StepState::kError:
      return "✖";
    case StepState::kCancelled:
      return "⊘";
  }
  return "?";
}

std::string time_text(const store::StepRecord& step, std::int64_t now_us) {
  switch (step.state) {
    case StepState::kInProgress:
      return duration_text(now_us - step.claimed_at_us);
    case StepState::kWaitingForRetry:
      return step.retry_at_us > now_us ? "in " + duration_text(step.retry_at_us - now_us) : "due";
    case StepState::kComplete:
    case StepState::kError:
      return duration_text(step.execution_us);
    default:
      return {};
  }
}

std::string remark(const worker::TaskView& view, const TreeRow& row) {
  const store::StepRecord& step = view.steps[row.step];
  if (!step.error_json.empty() && step.state != StepState::kComplete) {
    return printable(error_message(step.error_json));
  }
  std::string others;
  for (const auto parent : row.other_parents) {
    others += (others.empty() ? "also after " : ", ") +
              printable(view.definition(view.steps[parent]).name);
  }
  return others;
}

/// Which rows to draw when not all fit: running, waiting and failed ones first, in the tree's
/// order.
std::vector<bool> drawn_rows(const worker::TaskView& view, const std::vector<TreeRow>& rows,
                             std::size_t rows_max) {
  std::vector<bool> drawn(rows.size(), rows_max == 0 || rows.size() <= rows_max);
  if (drawn.empty() || drawn.front()) return drawn;
  std::size_t left = rows_max - 1;
  for (const bool urgent : {true, false}) {
    for (std::size_t i = 0; i < rows.size() && left > 0; ++i) {
      const StepState state = view.steps[rows[i].step].state;
      const bool is_urgent = state == StepState::kInProgress || state == StepState::kError ||
                             state == StepState::kWaitingForRetry;
      if (drawn[i] || is_urgent != urgent) continue;
      drawn[i] = true;
      --left;
    }
  }
  return drawn;
}

}  // namespace

Paint state_paint(StepState state) {
  switch (state) {
    case StepState::kPending:
    case StepState::kEnqueued:
    case StepState::kCancelled:
      return Paint::kDim;
    case StepState::kInProgress:
      return Paint::kCyan;
    case StepState::kWaitingForRetry:
      return Paint::kYellow;
    case StepState::kComplete:
    case StepState::kResolvedManually:
      return Paint::kGreen;
    case StepState::kError:
      return Paint::kRed;
  }
  return Paint::kPlain;
}

Paint state_paint(TaskState state) {
  switch (state) {
    case TaskState::kStepsInProcess:
      return Paint::kCyan;
    case TaskState::kBlockedByFailures:
    case TaskState::kError:
      return Paint::kRed;
    case TaskState::kComplete:
    case TaskState::kResolvedManually:
      return Paint::kGreen;
    case TaskState::kCancelled:
      return Paint::kDim;
  }
  return Paint::kPlain;
}

std::string progress_text(const worker::TaskProgress& progress) {
  return fmt::format("{} of {}, {:g} %", progress.completed, counted(progress.total, "step"),
                     progress.completion_percentage);
}

std::int64_t task_duration_us(const worker::TaskView& view, std::int64_t now_us) {
  const store::TaskRecord& task = view.task;
  std::int64_t end_us = now_us;
  if (model::is_terminal(task.state)) {
    end_us = task.completed_at_us != 0 ? task.completed_at_us : task.updated_at_us;
  }
  return std::max<std::int64_t>(end_us - task.header.created_at_us, 0);
}

std::string error_message(const std::string& error_json) {
  const auto json = worker::member_text(error_json, "message");
  if (!json) return error_json;
  const auto text = worker::JsonMember{.name = "message", .json = *json, .path = {}}.as_string();
  return text ? *text : *json;
}

std::vector<std::string> step_lines(const Console& console, const worker::TaskView& view,
                                    std::int64_t now_us, std::size_t rows_max) {
  Table table({{"STEP"}, {"STATE"}, {"ATTEMPT", true}, {"TIME", true}, {"", false, true}});
  const auto rows = step_tree(view.parents);
  const auto drawn = drawn_rows(view, rows, rows_max);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!drawn[i]) continue;
    const store::StepRecord& step = view.steps[rows[i].step];
    const model::StepTemplate& definition = view.definition(step);
    const Paint paint = state_paint(step.state);
    const bool failed = !step.error_json.empty() && step.state != StepState::kComplete;
    table.add_row(
        {{rows[i].branch + printable(definition.name)},
         {fmt::format("{} {}", icon(step.state), model::state_name(step.state)), paint},
         {fmt::format("{}/{}", step.attempt, std::max(definition.retry.max_attempts, 1U))},
         {time_text(step, now_us)},
         {remark(view, rows[i]), failed ? Paint::kRed : Paint::kDim}});
  }
  auto lines = table.lines(console);
  const auto left_out = std::count(drawn.begin(), drawn.end(), false);
  if (left_out > 0) {
    lines.push_back(console.paint(
        Paint::kDim,
        fmt::format("… {} more", counted(static_cast<std::uint64_t>(left_out), "step"))));
  }
  return lines;
}

}  // namespace tasker::cli
