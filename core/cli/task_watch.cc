#include "core/cli/task_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/cli/cli.h"
#include "core/cli/human.h"
#include "core/cli/store_access.h"
#include "core/cli/task_display.h"
#include "core/worker/json_writer.h"
#include "core/worker/step_document.h"

namespace tasker::cli {
namespace {

using model::StepState;
using model::TaskState;
using worker::TaskView;

/// SIGINT and SIGTERM as a descriptor for as long as this lives.
class Interrupts {
 public:
  Interrupts() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    fd_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Interrupts() {
    if (fd_ >= 0) ::close(fd_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// Waits up to `timeout_ms`. @return whether a signal came, which is then taken
  bool wait(int timeout_ms) {
    pollfd waited{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&waited, 1, timeout_ms) <= 0) return false;
    signalfd_siginfo taken{};
    return ::read(fd_, &taken, sizeof taken) == sizeof taken;
  }

 private:
  sigset_t before_{};
  int fd_ = -1;
};

/// Where the changes of a task go.
class Display {
 public:
  virtual ~Display() = default;
  /// Called with the state of each look, changed or not.
  virtual void show(const TaskView& view, std::int64_t now_us) = 0;
};

/// What is compared between two looks at a step.
struct Shown {
  StepState state{};
  std::uint32_t attempt = 0;
  bool operator==(const Shown&) const = default;
};

/// Calls back for what differs from the look before.
class ChangeDisplay : public Display {
 public:
  explicit ChangeDisplay(Console& console) : console_(console) {}

  void show(const TaskView& view, std::int64_t now_us) override {
    // The task's end comes after the steps that led to it.
    const bool ended = model::is_terminal(view.task.state);
    if (task_state_ != view.task.state && !ended) on_task(view, now_us);
    const bool first = shown_.size() != view.steps.size();
    if (first) shown_.assign(view.steps.size(), {StepState::kPending, 0});
    for (std::size_t i = 0; i < view.steps.size(); ++i) {
      const Shown now{view.steps[i].state, view.steps[i].attempt};
      if (now == shown_[i]) continue;
      shown_[i] = now;
      on_step(view, view.steps[i], now_us);
    }
    if (task_state_ != view.task.state && ended) on_task(view, now_us);
    task_state_ = view.task.state;
    std::fflush(stdout);
  }

 protected:
  virtual void on_task(const TaskView& view, std::int64_t now_us) = 0;
  virtual void on_step(const TaskView& view, const store::StepRecord& step,
                       std::int64_t now_us) = 0;
  Console& console() { return console_; }

 private:
  Console& console_;
  std::optional<TaskState> task_state_;
  std::vector<Shown> shown_;
};

class LineDisplay final : public ChangeDisplay {
 public:
  using ChangeDisplay::ChangeDisplay;

 private:
  static std::string clock_text(std::int64_t now_us) {
    std::string text;
    worker::append_time(text, now_us - now_us % 1000, worker::TimeSpelling::kStepResponse);
    return text.substr(11, 12);
  }

  void on_task(const TaskView& view, std::int64_t now_us) override {
    console().print_line(fmt::format(
        "{} task {} ({})", clock_text(now_us),
        console().paint(state_paint(view.task.state), model::state_name(view.task.state)),
        progress_text(worker::task_progress(view))));
  }

  void on_step(const TaskView& view, const store::StepRecord& step, std::int64_t now_us) override {
    std::string line =
        fmt::format("{} step {} {}", clock_text(now_us), printable(view.definition(step).name),
                    console().paint(state_paint(step.state), model::state_name(step.state)));
    if (step.attempt > 1) line += fmt::format(", attempt {}", step.attempt);
    if (step.state == StepState::kComplete) line += ", " + duration_text(step.execution_us);
    if (!step.error_json.empty() && step.state != StepState::kComplete) {
      line += ": " + printable(error_message(step.error_json));
    }
    console().print_line(line);
  }
};

class JsonDisplay final : public ChangeDisplay {
 public:
  using ChangeDisplay::ChangeDisplay;

 private:
  static constexpr worker::TimeSpelling kTimes = worker::TimeSpelling::kStepResponse;

  void on_task(const TaskView& view, std::int64_t now_us) override {
    const worker::TaskProgress progress = worker::task_progress(view);
    std::string out;
    worker::JsonObject object(out);
    object.text("event", "task");
    object.time("at", now_us, kTimes);
    object.uuid("task_uuid", view.task.header.uuid);
    object.text("status", model::state_name(view.task.state));
    object.number("total_steps", progress.total);
    object.number("completed_steps", progress.completed);
    object.number("failed_steps", progress.failed);
    object.raw("completion_percentage", fmt::format("{:g}", progress.completion_percentage));
    object.close();
    console().print_line(out);
  }

  void on_step(const TaskView& view, const store::StepRecord& step, std::int64_t now_us) override {
    std::string out;
    worker::JsonObject object(out);
    object.text("event", "step");
    object.time("at", now_us, kTimes);
    object.uuid("task_uuid", view.task.header.uuid);
    object.uuid("step_uuid", view.step_uuid(step));
    object.text("name", view.definition(step).name);
    object.text("state", model::state_name(step.state));
    object.number("attempts", step.attempt);
    if (step.state == StepState::kComplete) {
      object.number("execution_time_ms", worker::whole_ms(step.execution_us));
    }
    if (!step.error_json.empty()) object.raw("error", step.error_json);
    object.close();
    console().print_line(out);
  }
};

/// Draws the whole task over what it drew before.
class TerminalDisplay final : public Display {
 public:
  explicit TerminalDisplay(Console& console) : console_(console) {}

  void show(const TaskView& view, std::int64_t now_us) override {
    const auto lines = frame(view, now_us);
    std::string out;
    if (drawn_lines_ > 0) out += fmt::format("\x1b[{}A", drawn_lines_);
    out += "\r\x1b[J";
    for (const auto& line : lines) out += line + "\n";
    drawn_lines_ = lines.size();
    console_.print(out);
    std::fflush(stdout);
  }

 private:
  static constexpr std::size_t kHeadLines = 2;
  static constexpr std::size_t kOtherLines = kHeadLines + 3;  // titles, rest, the cursor's line

  std::vector<std::string> frame(const TaskView& view, std::int64_t now_us) const {
    const std::size_t rows = console_.settings().rows;
    const std::size_t rows_max = rows == 0 ? 0 : std::max(rows, kOtherLines + 1) - kOtherLines;
    const auto& body = view.task_template->stored.body;
    const std::size_t columns = console_.settings().columns;
    const auto cut = [&](const std::string& text) {
      return columns == 0 ? text : fitted(text, columns);
    };
    std::vector<std::string> lines;
    lines.push_back(
        console_.paint(Paint::kBold, cut(fmt::format("{}  {}", printable(model::template_key(body)),
                                                     view.task.header.uuid.text()))));
    lines.push_back(
        console_.paint(state_paint(view.task.state),
                       cut(fmt::format("{}  {}  {}", model::state_name(view.task.state),
                                       progress_text(worker::task_progress(view)),
                                       duration_text(task_duration_us(view, now_us))))));
    const auto steps = step_lines(console_, view, now_us, rows_max);
    lines.insert(lines.end(), steps.begin(), steps.end());
    return lines;
  }

  Console& console_;
  std::size_t drawn_lines_ = 0;
};

std::unique_ptr<Display> make_display(Console& console) {
  if (console.json()) return std::make_unique<JsonDisplay>(console);
  if (console.settings().terminal) return std::make_unique<TerminalDisplay>(console);
  return std::make_unique<LineDisplay>(console);
}

bool has_ended(const TaskView& view) {
  if (model::is_terminal(view.task.state)) return true;
  return view.task.state == TaskState::kBlockedByFailures &&
         std::none_of(view.steps.begin(), view.steps.end(), [](const store::StepRecord& step) {
           return step.state == StepState::kInProgress;
         });
}

int ending(Console& console, const TaskView& view) {
  if (view.task.state == TaskState::kComplete || view.task.state == TaskState::kResolvedManually) {
    return kExitOk;
  }
  if (view.task.state == TaskState::kBlockedByFailures) {
    const std::string uuid = view.task.header.uuid.text();
    console.note("a step has failed for good; see `tasker task show " + uuid +
                 "`, then `tasker task retry " + uuid + "`");
  }
  return kExitFailed;
}

base::Status note_missing_worker(Context& context, store::Reader& reader, const TaskView& view) {
  if (has_ended(view)) return {};
  const auto live = has_live_worker(reader, context.clock.wall_us());
  if (!live) return base::fail(live.error());
  if (!*live) context.console.note("no worker runs on this store now; the task waits for one");
  return {};
}

}  // namespace

int watch_task(Context& context, const base::Uuid& task) {
  constexpr int kLookIntervalMs = 100;
  Interrupts interrupts;  // before the store is opened, so that its threads do not take the signals
  auto opened = open_store(context, store::sqlite::OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  worker::TemplateViews templates;
  const auto display = make_display(context.console);
  for (bool first = true;; first = false) {
    const auto view = worker::load_task_view(**opened, templates, task);
    if (!view) return context.console.fail(view.error(), "see the tasks with `tasker task list`");
    if (first) {
      if (auto status = note_missing_worker(context, **opened, *view); !status) {
        return context.console.fail(status.error());
      }
    }
    display->show(*view, context.clock.wall_us());
    if (has_ended(*view)) return ending(context.console, *view);
    if (interrupts.wait(kLookIntervalMs)) {
      context.console.note("no longer watching; the task goes on");
      return kExitInterrupted;
    }
  }
}

}  // namespace tasker::cli
