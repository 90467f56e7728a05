// tasker template check | add | list | show
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/cli/commands.h"
#include "core/cli/human.h"
#include "core/cli/input.h"
#include "core/cli/step_tree.h"
#include "core/cli/store_access.h"
#include "core/cli/table.h"
#include "core/engine/compiled_template.h"
#include "core/engine/step_graph.h"
#include "core/engine/template_yaml.h"
#include "core/worker/client.h"
#include "core/worker/json_writer.h"

namespace tasker::cli {
namespace {

using store::sqlite::OpenMode;

constexpr const char* kCheckPath = "check the path; a file, a folder or - is expected";

/// A file that was read, with all that is wrong with it.
struct CheckedFile {
  std::string name;
  engine::TemplateReport report;
  std::string warning;  ///< of a sound template that this version can not run
};

/// Why the engine would not run a template's tasks; empty when it would.
std::string engine_objection(const model::TaskTemplate& body) {
  store::StoredTemplate stored;
  stored.body = body;
  stored.handler_of_step.resize(body.steps.size());
  auto compiled = engine::compile_template(std::move(stored));
  return compiled ? std::string() : compiled.error().message;
}

base::Result<std::vector<CheckedFile>> check_files(const std::vector<std::string>& paths) {
  auto files = find_template_files(paths);
  if (!files) return base::fail(std::move(files.error()));
  const engine::TemplateLimits limits;
  std::vector<CheckedFile> checked;
  for (const auto& file : *files) {
    const auto text = read_text(file, limits.bytes_max);
    if (!text) return base::fail(text.error());
    CheckedFile& entry = checked.emplace_back();
    entry.name = file == kStandardInput ? "<stdin>" : file;
    entry.report = engine::read_template_yaml(*text, limits);
    if (entry.report.body) entry.warning = engine_objection(*entry.report.body);
  }
  return checked;
}

std::string problem_line(const std::string& file, const engine::TemplateProblem& problem) {
  std::string line = printable(file) + ":";
  if (problem.line > 0) line += fmt::format("{}:", problem.line);
  if (!problem.field.empty()) line += " " + printable(problem.field) + ":";
  return line + " " + printable(problem.reason);
}

std::size_t problem_count(const std::vector<CheckedFile>& files) {
  std::size_t count = 0;
  for (const auto& file : files) count += file.report.problems.size();
  return count;
}

void print_problems(Console& console, const std::vector<CheckedFile>& files) {
  for (const auto& file : files) {
    for (const auto& problem : file.report.problems) {
      console.print_line(problem_line(file.name, problem));
    }
  }
}

void append_problems(std::string& out, const CheckedFile& file) {
  worker::append_json_array(out, file.report.problems, [&](const engine::TemplateProblem& problem) {
    worker::JsonObject object(out);
    object.number("line", problem.line);
    object.text("field", problem.field);
    object.text("reason", problem.reason);
    object.close();
  });
}

std::string check_document(const std::vector<CheckedFile>& files) {
  std::string out;
  worker::JsonObject document(out);
  document.flag("ok", problem_count(files) == 0);
  document.name("files");
  worker::append_json_array(out, files, [&](const CheckedFile& file) {
    worker::JsonObject object(out);
    object.text("file", file.name);
    object.flag("ok", file.report.body.has_value());
    object.text_or_null("template", file.report.body
                                        ? std::optional(model::template_key(*file.report.body))
                                        : std::nullopt);
    object.name("problems");
    append_problems(out, file);
    object.text_or_null("warning",
                        file.warning.empty() ? std::nullopt : std::optional(file.warning));
    object.close();
  });
  document.close();
  return out;
}

int run_check(Context& context, const std::vector<std::string>& paths) {
  const auto files = check_files(paths);
  if (!files) return context.console.fail(files.error(), kCheckPath);
  const bool sound = problem_count(*files) == 0;
  if (context.console.json()) {
    context.console.print_line(check_document(*files));
    return sound ? 0 : exit_code(base::ErrorCode::kINVALID_TEMPLATE);
  }
  print_problems(context.console, *files);
  for (const auto& file : *files) {
    if (!file.report.body) continue;
    context.console.print_line(fmt::format(
        "{}: {} {}, {}", printable(file.name), context.console.paint(Paint::kGreen, "ok"),
        model::template_key(*file.report.body), counted(file.report.body->steps.size(), "step")));
    if (!file.warning.empty()) {
      context.console.print_line(fmt::format("{}: {} {}", printable(file.name),
                                             context.console.paint(Paint::kYellow, "warning"),
                                             printable(file.warning)));
    }
  }
  if (sound) return 0;
  return context.console.fail(
      {.code = base::ErrorCode::kINVALID_TEMPLATE,
       .message = fmt::format("{} found", counted(problem_count(*files), "problem"))},
      "correct the lines named above and check again");
}

/// One line: with --json it holds every problem, people have read them above it.
base::Error refusal(const std::vector<CheckedFile>& files, bool with_problems) {
  base::Error error{.code = base::ErrorCode::kINVALID_TEMPLATE,
                    .message = "nothing was stored: " + counted(problem_count(files), "problem")};
  for (const auto& file : files) {
    for (const auto& problem : file.report.problems) {
      if (with_problems) error.message += "; " + problem_line(file.name, problem);
      if (error.field.empty()) error.field = problem.field;
    }
  }
  return error;
}

void append_added(std::string& out, const store::Store::PutTemplate& put) {
  worker::JsonObject object(out);
  object.text("namespace", put.stored.body.namespace_name);
  object.text("name", put.stored.body.name);
  object.text("version", put.stored.body.version);
  object.number("revision", put.stored.revision);
  object.flag("changed", put.changed);
  object.close();
}

int run_add(Context& context, const std::vector<std::string>& paths) {
  auto files = check_files(paths);
  if (!files) return context.console.fail(files.error(), kCheckPath);
  if (problem_count(*files) > 0) {
    if (!context.console.json()) print_problems(context.console, *files);
    return context.console.fail(refusal(*files, context.console.json()));
  }
  for (const auto& file : *files) {
    if (file.warning.empty()) continue;
    return context.console.fail(
        {.code = base::ErrorCode::kUNSUPPORTED,
         .message = "nothing was stored: " + file.name + ": " + file.warning});
  }
  auto opened = open_store(context, OpenMode::kCreate);
  if (!opened) return context.console.fail(opened.error());
  std::vector<store::Store::PutTemplate> added;
  for (const auto& file : *files) {
    auto put = (*opened)->put_template(*file.report.body, context.clock.wall_us());
    if (!put) return context.console.fail(put.error());
    added.push_back(std::move(*put));
  }
  if (context.console.json()) {
    std::string out;
    worker::JsonObject document(out);
    document.name("templates");
    worker::append_json_array(out, added, [&](const auto& put) { append_added(out, put); });
    document.close();
    context.console.print_line(out);
    return 0;
  }
  for (const auto& put : added) {
    context.console.print_line(
        fmt::format("{} {} (revision {}, {})", put.changed ? "added" : "unchanged",
                    model::template_key(put.stored.body), put.stored.revision,
                    counted(put.stored.body.steps.size(), "step")));
  }
  return 0;
}

int run_list(Context& context) {
  auto opened = open_store(context, OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  if (context.console.json()) {
    const auto document = worker::template_list_json(**opened);
    if (!document) return context.console.fail(document.error());
    context.console.print_line(*document);
    return 0;
  }
  const auto templates = (*opened)->list_templates();
  if (!templates) return context.console.fail(templates.error());
  if (templates->empty()) {
    context.console.note("no templates; add one with `tasker template add FILE`");
    return 0;
  }
  Table table(
      {{"TEMPLATE"}, {"REVISION", true}, {"STEPS", true}, {"ADDED"}, {"DESCRIPTION", false, true}});
  for (const auto& stored : *templates) {
    table.add_row({{printable(model::template_key(stored.body)), Paint::kBold},
                   {fmt::format("{}", stored.revision)},
                   {fmt::format("{}", stored.body.steps.size())},
                   {age_text(context.clock.wall_us(), stored.created_at_us)},
                   {printable(stored.body.description.value_or(""))}});
  }
  context.console.print(table.render(context.console));
  return 0;
}

std::string retry_text(const model::StepTemplate& step) {
  if (!step.retry.retryable) return "no retry";
  return fmt::format("{}, {}", counted(std::max(step.retry.max_attempts, 1U), "attempt"),
                     model::backoff_name(step.retry.backoff));
}

base::Status print_steps(Context& context, const model::TaskTemplate& body) {
  const auto graph = engine::build_step_graph(body.steps);
  if (!graph) return base::fail(graph.error());
  Table table({{"STEP"},
               {"HANDLER", false, true},
               {"RETRY", false, true},
               {"TIMEOUT", true},
               {"ALSO AFTER", false, true}});
  for (const auto& row : step_tree(graph->dependencies)) {
    const model::StepTemplate& step = body.steps[row.step];
    std::string others;
    for (const auto parent : row.other_parents) {
      others += (others.empty() ? "" : ", ") + printable(body.steps[parent].name);
    }
    table.add_row({{row.branch + printable(step.name)},
                   {printable(step.handler.callable)},
                   {retry_text(step)},
                   {step.timeout_seconds ? fmt::format("{} s", *step.timeout_seconds) : ""},
                   {others, Paint::kDim}});
  }
  context.console.print(table.render(context.console));
  return {};
}

int run_show(Context& context, const std::string& key_text) {
  const auto key = parse_template_key(key_text);
  if (!key) return context.console.fail(key.error());
  auto opened = open_store(context, OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  const char* next = "see the templates with `tasker template list`";
  if (context.console.json()) {
    const auto document =
        worker::template_json(**opened, key->namespace_name, key->name, key->version);
    if (!document) return context.console.fail(document.error(), next);
    context.console.print_line(*document);
    return 0;
  }
  const auto stored = (*opened)->find_template(key->namespace_name, key->name, key->version);
  if (!stored) return context.console.fail(stored.error(), next);
  context.console.print_line(
      fmt::format("{}  revision {}, added {}",
                  context.console.paint(Paint::kBold, printable(model::template_key(stored->body))),
                  stored->revision, age_text(context.clock.wall_us(), stored->created_at_us)));
  if (stored->body.description) context.console.print_line(printable(*stored->body.description));
  context.console.print_line("");
  if (auto status = print_steps(context, stored->body); !status) {
    return context.console.fail(status.error());
  }
  return 0;
}

}  // namespace

void add_template_commands(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("template", "Check, store and show task templates");
  group->require_subcommand(1);
  group->fallthrough();
  const auto paths = std::make_shared<std::vector<std::string>>();
  const auto key = std::make_shared<std::string>();

  CLI::App* check = group->add_subcommand("check", "Check template files; lists every problem");
  check->add_option("FILE", *paths, "YAML files, folders of them, or - for standard input")
      ->required();
  check->footer("\nExample:\n  tasker template check templates/ - < draft.yaml\n");
  check->callback([&action, paths] {
    action = [paths](Context& context) { return run_check(context, *paths); };
  });

  CLI::App* add = group->add_subcommand("add", "Store templates; makes the store if it is missing");
  add->add_option("FILE", *paths, "YAML files, folders of them, or - for standard input")
      ->required();
  add->footer(
      "\nChanged content under a known key becomes a new revision; tasks keep the revision they "
      "were created with.\n\nExample:\n  tasker template add flight_report.yaml\n");
  add->callback([&action, paths] {
    action = [paths](Context& context) { return run_add(context, *paths); };
  });

  CLI::App* list = group->add_subcommand("list", "List stored templates");
  list->footer("\nExample:\n  tasker template list --json\n");
  list->callback([&action] { action = run_list; });

  CLI::App* show = group->add_subcommand("show", "Show a template and its steps as a tree");
  show->add_option("KEY", *key, "NAMESPACE/NAME[:VERSION]")->required();
  show->footer("\nExample:\n  tasker template show demo/flight_report:1.0.0\n");
  show->callback(
      [&action, key] { action = [key](Context& context) { return run_show(context, *key); }; });
}

}  // namespace tasker::cli
