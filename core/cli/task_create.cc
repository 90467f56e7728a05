#include "core/cli/task_create.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/cli/cli.h"
#include "core/cli/human.h"
#include "core/cli/input.h"
#include "core/cli/store_access.h"
#include "core/cli/task_watch.h"
#include "core/engine/compiled_template.h"
#include "core/worker/json_writer.h"
#include "core/worker/task_factory.h"

namespace tasker::cli {
namespace {

using base::fail;
using store::sqlite::OpenMode;

struct CreateOptions {
  std::string key;
  std::optional<std::string> context_json;
  std::optional<std::string> context_file;
  std::optional<std::string> idempotency_key;
  std::int32_t priority = 0;
  std::vector<std::string> tags;
  std::string reason = "Task requested";
  std::string initiator = "tasker-cli";
  bool watch = false;
};

/// What was created, or found under its idempotency key.
struct Created {
  worker::CreatedTask task;
  std::string template_key;
  std::size_t step_count = 0;
};

/// Without the line's end that a file has and a stored text should not.
std::string trimmed(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t\r\n";
  const std::size_t from = text.find_first_not_of(kWhiteSpace);
  if (from == std::string_view::npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(kWhiteSpace) + 1 - from));
}

std::string tags_json(const std::vector<std::string>& tags) {
  std::string out;
  worker::append_json_array(out, tags,
                            [&](const std::string& tag) { base::append_json_string(out, tag); });
  return out;
}

base::Result<worker::TaskRequest> request_of(const CreateOptions& options) {
  auto key = parse_template_key(options.key);
  if (!key) return fail(std::move(key.error()));
  worker::TaskRequest request;
  request.namespace_name = key->namespace_name;
  request.name = key->name;
  request.version = key->version;
  if (options.context_json) request.context_json = *options.context_json;
  if (options.context_file) {
    auto text = read_text(*options.context_file, worker::TaskLimits{}.context_bytes_max);
    if (!text) return fail(std::move(text.error()));
    request.context_json = trimmed(*text);
  }
  request.idempotency_key = options.idempotency_key;
  if (!options.tags.empty()) request.tags_json = tags_json(options.tags);
  request.priority = options.priority;
  request.reason = options.reason;
  request.initiator = options.initiator;
  request.source_system = "tasker-cli";
  if (auto status = worker::check_task_request(request); !status) {
    return fail(std::move(status.error()));
  }
  return request;
}

base::Result<Created> create(Context& context, store::Store& store,
                             const worker::TaskRequest& request) {
  auto stored = store.find_template(request.namespace_name, request.name, request.version);
  if (!stored) return fail(std::move(stored.error()));
  auto compiled = engine::compile_template(std::move(*stored));
  if (!compiled) return fail(std::move(compiled.error()));
  const std::int64_t now_us = context.clock.wall_us();
  auto task = worker::make_task(request, **compiled, now_us, context.random);
  if (!task) return fail(std::move(task.error()));
  Created created{.task = {.uuid = task->uuid},
                  .template_key = model::template_key((*compiled)->stored.body),
                  .step_count = task->plan->steps.size()};
  store::WriteBatch batch;
  batch.now_us = now_us;
  batch.tasks.push_back(std::move(*task));
  const auto outcome = store.write(batch);
  if (!outcome) return fail(outcome.error());
  created.task.duplicate = outcome->tasks.front().duplicate;
  if (created.task.duplicate) created.task.uuid = outcome->tasks.front().existing;
  return created;
}

void print_created(Console& console, const Created& created, bool watched) {
  if (console.json()) {
    std::string out;
    worker::JsonObject object(out);
    if (watched) object.text("event", "created");
    object.uuid("task_uuid", created.task.uuid);
    object.flag("duplicate", created.task.duplicate);
    object.close();
    console.print_line(out);
    return;
  }
  const std::string uuid = created.task.uuid.text();
  if (created.task.duplicate) {
    console.print_line(
        fmt::format("task {} has this idempotency key already; nothing was created", uuid));
  } else {
    console.print_line(fmt::format("created task {} ({}, {})", uuid,
                                   printable(created.template_key),
                                   counted(created.step_count, "step")));
  }
  if (!watched) console.note("next: follow it with `tasker task watch " + uuid + "`");
}

int run_create(Context& context, const CreateOptions& options) {
  const auto request = request_of(options);
  if (!request) {
    const bool file = request.error().code == base::ErrorCode::kNOT_FOUND;
    return context.console.fail(request.error(), file ? "check the path of the file" : "");
  }
  base::Uuid uuid;
  {
    auto opened = open_store(context, OpenMode::kExisting);
    if (!opened) {
      return context.console.fail(
          opened.error(), opened.error().field == "--store"
                              ? "make the store by adding a template: `tasker template add FILE`"
                              : "");
    }
    const auto created = create(context, **opened, *request);
    if (!created) {
      const bool unknown = created.error().code == base::ErrorCode::kNOT_FOUND;
      return context.console.fail(
          created.error(),
          unknown ? "see the templates with `tasker template list`, add one with `tasker template "
                    "add FILE`"
                  : "");
    }
    print_created(context.console, *created, options.watch);
    uuid = created->task.uuid;
  }
  return options.watch ? watch_task(context, uuid) : kExitOk;
}

}  // namespace

void add_task_create(CLI::App& group, Action& action) {
  const auto options = std::make_shared<CreateOptions>();
  CLI::App* create = group.add_subcommand("create", "Create a task of a stored template");
  create
      ->add_option("TEMPLATE", options->key,
                   "NAMESPACE/NAME[:VERSION]; without a version, the one added last")
      ->required();
  auto* text =
      create->add_option("--context", options->context_json, "The task's context, a JSON object")
          ->type_name("JSON");
  create
      ->add_option("--context-file", options->context_file,
                   "The same from a file, or - for standard input")
      ->type_name("FILE")
      ->excludes(text);
  create
      ->add_option("--idempotency-key", options->idempotency_key,
                   "Create nothing if a task of this template has this key already")
      ->type_name("KEY");
  create->add_option("--priority", options->priority, "-100 to 100, higher first")
      ->capture_default_str();
  create->add_option("--tag", options->tags, "A tag; may be given several times")
      ->type_name("TAG")
      ->take_all()
      ->allow_extra_args(false);
  create->add_option("--reason", options->reason, "Why the task is created")->capture_default_str();
  create->add_option("--initiator", options->initiator, "Who asks for it")->capture_default_str();
  create->add_flag("--watch", options->watch, "Follow the task until it ends");
  create->footer(
      "\nExample:\n  tasker task create demo/flight_report --context '{\"year\": 2008}' --tag "
      "nightly --watch\n");
  create->callback([&action, options] {
    action = [options](Context& context) { return run_create(context, *options); };
  });
}

}  // namespace tasker::cli
