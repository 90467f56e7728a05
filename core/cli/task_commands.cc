// tasker task create | list | show | cancel | retry | watch
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/cli/cli.h"
#include "core/cli/commands.h"
#include "core/cli/human.h"
#include "core/cli/input.h"
#include "core/cli/store_access.h"
#include "core/cli/table.h"
#include "core/cli/task_create.h"
#include "core/cli/task_display.h"
#include "core/cli/task_watch.h"
#include "core/worker/client.h"
#include "core/worker/json_writer.h"

namespace tasker::cli {
namespace {

using store::sqlite::OpenMode;

constexpr const char* kListTasks = "see the tasks with `tasker task list`";
constexpr std::uint32_t kListMax = 1000;

struct ListOptions {
  std::string status;
  std::string namespace_name;
  std::string name;
  std::uint32_t limit = 50;
  std::uint32_t offset = 0;
};

base::Result<store::TaskFilter> filter_of(const ListOptions& options) {
  store::TaskFilter filter;
  filter.limit = options.limit;
  filter.offset = options.offset;
  if (!options.namespace_name.empty()) filter.namespace_name = options.namespace_name;
  if (!options.name.empty()) filter.name = options.name;
  if (options.status.empty()) return filter;
  filter.state = model::parse_task_state(options.status);
  if (filter.state) return filter;
  return base::fail(base::ErrorCode::kINVALID_ARGUMENT,
                    fmt::format("--status is {}; steps_in_process, blocked_by_failures, complete, "
                                "error, cancelled or resolved_manually is expected",
                                base::shown(options.status)),
                    "--status");
}

base::Status print_list(Context& context, store::Reader& reader, const store::TaskFilter& filter) {
  const auto page = reader.list_tasks(filter);
  if (!page) return base::fail(page.error());
  if (page->tasks.empty()) {
    context.console.note(page->total == 0 ? "no such tasks"
                                          : "no tasks at this offset, lower --offset");
    return {};
  }
  const std::int64_t now_us = context.clock.wall_us();
  worker::TemplateViews templates;
  Table table({{"TASK"},
               {"TEMPLATE", false, true},
               {"STATUS"},
               {"STEPS", true},
               {"CREATED"},
               {"TOOK", true}});
  for (const auto& task : page->tasks) {
    const auto view = worker::complete_task_view(reader, templates, task);
    if (!view) return base::fail(view.error());
    const auto progress = worker::task_progress(*view);
    table.add_row({{task.header.uuid.text()},
                   {printable(model::template_key(view->task_template->stored.body))},
                   {std::string(model::state_name(task.state)), state_paint(task.state)},
                   {fmt::format("{}/{}", progress.completed, progress.total)},
                   {age_text(now_us, task.header.created_at_us)},
                   {duration_text(task_duration_us(*view, now_us))}});
  }
  context.console.print(table.render(context.console));
  const std::uint64_t shown_to = filter.offset + page->tasks.size();
  if (filter.offset > 0 || shown_to < page->total) {
    context.console.note(fmt::format("{} to {} of {}", filter.offset + 1, shown_to, page->total));
  }
  return {};
}

int run_list(Context& context, const ListOptions& options) {
  const auto filter = filter_of(options);
  if (!filter) return context.console.fail(filter.error());
  auto opened = open_store(context, OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  if (context.console.json()) {
    const auto document = worker::task_list_json(**opened, *filter);
    if (!document) return context.console.fail(document.error());
    context.console.print_line(*document);
    return kExitOk;
  }
  const auto status = print_list(context, **opened, *filter);
  return status ? kExitOk : context.console.fail(status.error());
}

base::Status print_document(Context& context, store::Reader& reader, const base::Uuid& uuid) {
  const auto task = worker::task_json(reader, uuid);
  if (!task) return base::fail(task.error());
  const auto steps = worker::task_steps_json(reader, uuid);
  if (!steps) return base::fail(steps.error());
  context.console.print_line(
      base::merge_json_objects(*task, fmt::format(R"({{"step_details":{}}})", *steps)));
  return {};
}

void print_task(Context& context, const worker::TaskView& view) {
  constexpr std::size_t kShownContextMax = 400;
  Console& console = context.console;
  const store::TaskHeader& header = view.task.header;
  const std::int64_t now_us = context.clock.wall_us();
  Table facts({{""}, {"", false, true}});
  facts.add_row({{"task", Paint::kDim}, {header.uuid.text(), Paint::kBold}});
  facts.add_row({{"template", Paint::kDim},
                 {printable(model::template_key(view.task_template->stored.body))}});
  facts.add_row({{"status", Paint::kDim},
                 {fmt::format("{} ({})", model::state_name(view.task.state),
                              progress_text(worker::task_progress(view))),
                  state_paint(view.task.state)}});
  facts.add_row({{"created", Paint::kDim},
                 {fmt::format("{} by {}: {}", age_text(now_us, header.created_at_us),
                              printable(header.initiator), printable(header.reason))}});
  facts.add_row({{model::is_terminal(view.task.state) ? "took" : "since", Paint::kDim},
                 {duration_text(task_duration_us(view, now_us))}});
  if (header.priority != 0) {
    facts.add_row({{"priority", Paint::kDim}, {fmt::format("{}", header.priority)}});
  }
  if (header.tags_json) facts.add_row({{"tags", Paint::kDim}, {printable(*header.tags_json)}});
  if (header.idempotency_key) {
    facts.add_row({{"key", Paint::kDim}, {printable(*header.idempotency_key)}});
  }
  facts.add_row(
      {{"context", Paint::kDim}, {fitted(printable(header.context_json), kShownContextMax)}});
  console.print(facts.render(console) + "\n");
  for (const auto& line : step_lines(console, view, now_us, 0)) console.print_line(line);
  for (const auto& step : view.steps) {
    if (step.state != model::StepState::kError) continue;
    console.print_line("");
    console.print_line(fmt::format("{} failed: {}", printable(view.definition(step).name),
                                   printable_lines(error_message(step.error_json))));
  }
}

int run_show(Context& context, const std::string& task) {
  auto opened = open_store(context, OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  const auto uuid = find_task_uuid(**opened, task);
  if (!uuid) return context.console.fail(uuid.error(), kListTasks);
  if (context.console.json()) {
    const auto status = print_document(context, **opened, *uuid);
    return status ? kExitOk : context.console.fail(status.error(), kListTasks);
  }
  worker::TemplateViews templates;
  const auto view = worker::load_task_view(**opened, templates, *uuid);
  if (!view) return context.console.fail(view.error(), kListTasks);
  print_task(context, *view);
  if (view->task.state == model::TaskState::kBlockedByFailures) {
    context.console.note("next: give the failed steps new attempts with `tasker task retry " +
                         uuid->text() + "`");
  }
  return kExitOk;
}

int run_cancel(Context& context, const std::string& task) {
  auto opened = open_store(context, OpenMode::kExisting);
  if (!opened) return context.console.fail(opened.error());
  const auto uuid = find_task_uuid(**opened, task);
  if (!uuid) return context.console.fail(uuid.error(), kListTasks);
  const auto status = (*opened)->cancel_task(*uuid, context.clock.wall_us());
  if (!status) {
    const bool unknown = status.error().code == base::ErrorCode::kNOT_FOUND;
    return context.console.fail(status.error(), unknown ? kListTasks : "");
  }
  if (context.console.json()) {
    context.console.print_line(
        fmt::format(R"({{"task_uuid":"{}","cancelled":true}})", uuid->text()));
    return kExitOk;
  }
  worker::TemplateViews templates;
  const auto view = worker::load_task_view(**opened, templates, *uuid);
  if (!view) return context.console.fail(view.error());
  const auto progress = worker::task_progress(*view);
  context.console.print_line(fmt::format("cancelled task {}; {} of {} had completed", uuid->text(),
                                         progress.completed, counted(progress.total, "step")));
  return kExitOk;
}

int run_retry(Context& context, const std::string& task) {
  auto opened = open_store(context, OpenMode::kExisting);
  if (!opened) return context.console.fail(opened.error());
  const auto uuid = find_task_uuid(**opened, task);
  if (!uuid) return context.console.fail(uuid.error(), kListTasks);
  const auto reset = (*opened)->retry_task(*uuid, context.clock.wall_us());
  if (!reset) {
    const bool unknown = reset.error().code == base::ErrorCode::kNOT_FOUND;
    return context.console.fail(reset.error(), unknown ? kListTasks : "");
  }
  if (context.console.json()) {
    context.console.print_line(
        fmt::format(R"({{"task_uuid":"{}","steps_reset":{}}})", uuid->text(), *reset));
  } else {
    context.console.print_line(fmt::format("task {} goes on; {} given new attempts", uuid->text(),
                                           counted(*reset, "failed step")));
  }
  return kExitOk;
}

int run_watch(Context& context, const std::string& task) {
  base::Uuid uuid;
  {
    auto opened = open_store(context, OpenMode::kReadOnly);
    if (!opened) return context.console.fail(opened.error());
    const auto found = find_task_uuid(**opened, task);
    if (!found) return context.console.fail(found.error(), kListTasks);
    uuid = *found;
  }
  return watch_task(context, uuid);
}

void add_list(CLI::App& group, Action& action) {
  const auto options = std::make_shared<ListOptions>();
  CLI::App* list = group.add_subcommand("list", "List tasks, newest first");
  list->add_option("--status", options->status, "Only tasks in this state")->type_name("STATE");
  list->add_option("--namespace", options->namespace_name, "Only tasks of this namespace")
      ->type_name("NAMESPACE");
  list->add_option("--name", options->name, "Only tasks of templates with this name")
      ->type_name("NAME");
  list->add_option("--limit", options->limit, "How many at most")
      ->check(CLI::Range(1U, kListMax))
      ->capture_default_str();
  list->add_option("--offset", options->offset, "How many to skip")
      ->check(CLI::Range(0U, 2'000'000'000U))
      ->capture_default_str();
  list->footer("\nExample:\n  tasker task list --status blocked_by_failures --limit 10\n");
  list->callback([&action, options] {
    action = [options](Context& context) { return run_list(context, *options); };
  });
}

struct OneTaskCommand {
  const char* name;
  const char* description;
  const char* footer;
  int (*run)(Context&, const std::string&);
};

void add_one_task_command(CLI::App& group, Action& action, const OneTaskCommand& command) {
  const auto task = std::make_shared<std::string>();
  CLI::App* added = group.add_subcommand(command.name, command.description);
  added
      ->add_option("UUID", *task,
                   "The task's UUID, or 6 or more characters of its beginning or end")
      ->required();
  added->footer(command.footer);
  added->callback([&action, task, run = command.run] {
    action = [task, run](Context& context) { return run(context, *task); };
  });
}

}  // namespace

void add_task_commands(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("task", "Create, follow and steer tasks");
  group->require_subcommand(1);
  group->fallthrough();
  add_task_create(*group, action);
  add_list(*group, action);
  const OneTaskCommand commands[] = {
      {"show", "Show a task, its steps as a tree",
       "\nExample:\n  tasker task show 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b --json\n", run_show},
      {"cancel", "Cancel a task and its unfinished steps",
       "\nSteps that run are told to stop and their results are refused.\n\nExample:\n"
       "  tasker task cancel 6c7d8e9f0a1b\n",
       run_cancel},
      {"retry", "Give the failed steps of a blocked task new attempts",
       "\nExample:\n  tasker task retry 6c7d8e9f0a1b\n", run_retry},
      {"watch", "Follow a task until it ends",
       "\nEnds with 0 when the task is complete and with 1 when it ended otherwise or is blocked "
       "by a failed step.\n\nExample:\n  tasker task watch 6c7d8e9f0a1b\n",
       run_watch},
  };
  for (const auto& command : commands) add_one_task_command(*group, action, command);
}

}  // namespace tasker::cli
