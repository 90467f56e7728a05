// tasker worker list
#include <fmt/format.h>

#include <vector>

#include "core/base/json.h"
#include "core/base/json_text.h"
#include "core/cli/cli.h"
#include "core/cli/commands.h"
#include "core/cli/human.h"
#include "core/cli/store_access.h"
#include "core/cli/table.h"
#include "core/cli/worker_display.h"
#include "core/worker/json_members.h"
#include "core/worker/json_writer.h"

namespace tasker::cli {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using store::sqlite::OpenMode;

struct Handler {
  std::string callable;
  std::string executor;
  std::string why;
};

Result<std::string> text_of(const worker::JsonMembers& members, std::string_view name) {
  const worker::JsonMember* const member = members.find(name);
  if (member == nullptr) return std::string();
  return member->as_string();
}

Result<Handler> read_handler(std::string_view json, std::string_view path) {
  const auto members = worker::JsonMembers::read_checked(
      json, path, {"callable", "executor", "why"}, worker::Unknown::kIgnored);
  if (!members) return fail(members.error());
  auto callable = text_of(*members, "callable");
  auto executor = text_of(*members, "executor");
  auto why = text_of(*members, "why");
  for (const auto* each : {&callable, &executor, &why})
    if (!*each) return fail(each->error());
  return Handler{std::move(*callable), std::move(*executor), std::move(*why)};
}

/// What a worker has said of its handlers. A store is read as anything from outside is.
Result<std::vector<Handler>> handlers_of(const store::WorkerRecord& record) {
  const std::string field = fmt::format("handlers of worker {}", record.info.name);
  const std::string_view json = record.handlers_json;
  if (auto checked = base::check_json(json, field); !checked) return fail(checked.error());
  if (base::json_kind(json) != base::JsonKind::kArray)
    return fail(ErrorCode::kSTORE_CORRUPT,
                fmt::format("{} are {}; expected an array", field, base::shown(json)), field);
  std::vector<Handler> handlers;
  base::JsonTextReader elements(json);
  for (std::string_view element; elements.next(element);) {
    const std::string path = fmt::format("{}[{}]", field, handlers.size());
    if (base::json_kind(element) != base::JsonKind::kObject)
      return fail(ErrorCode::kSTORE_CORRUPT,
                  fmt::format("{} is {}; expected an object", path, base::shown(element)), path);
    auto handler = read_handler(element, path);
    if (!handler) return fail(handler.error());
    handlers.push_back(std::move(*handler));
  }
  return handlers;
}

base::Status add_rows(Table& table, const store::WorkerRecord& record, std::int64_t now_us) {
  const auto handlers = handlers_of(record);
  if (!handlers) return fail(handlers.error());
  const Cell name = {printable(record.info.name), Paint::kBold};
  const Cell process = {printable(fmt::format("{} on {}", record.info.pid, record.info.hostname))};
  const Cell lease = lease_cell(record, now_us);
  if (handlers->empty()) table.add_row({name, process, lease, {"none named"}, {""}, {""}});
  bool first = true;
  for (const Handler& handler : *handlers) {
    table.add_row({first ? name : Cell{},
                   first ? process : Cell{},
                   first ? lease : Cell{},
                   {printable(handler.callable)},
                   {printable(handler.executor)},
                   {printable(handler.why), Paint::kDim}});
    first = false;
  }
  return {};
}

int run_list(Context& context) {
  auto opened = open_store(context, OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  const auto workers = (*opened)->list_workers();
  if (!workers) return context.console.fail(workers.error());
  const std::int64_t now_us = context.clock.wall_us();
  if (context.console.json()) {
    std::string out;
    worker::JsonObject document(out);
    document.name("workers");
    worker::append_json_array(out, *workers, [&](const store::WorkerRecord& record) {
      append_worker_json(out, record, now_us);
    });
    document.close();
    context.console.print_line(out);
    return kExitOk;
  }
  if (workers->empty()) {
    context.console.note("no worker has this store open");
    return kExitOk;
  }
  Table table({{"WORKER", false, true},
               {"PROCESS", false, true},
               {"LEASE"},
               {"HANDLER", false, true},
               {"RUNS ON"},
               {"WHY", false, true}});
  for (const store::WorkerRecord& record : *workers)
    if (auto added = add_rows(table, record, now_us); !added)
      return context.console.fail(added.error());
  context.console.print(table.render(context.console));
  return kExitOk;
}

}  // namespace

void add_worker_commands(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("worker", "Look at the workers of a store");
  group->require_subcommand(1);
  group->fallthrough();
  CLI::App* list =
      group->add_subcommand("list", "List workers, and where each of their handlers runs and why");
  list->footer("\nExample:\n  tasker worker list --json\n");
  list->callback([&action] { action = run_list; });
}

}  // namespace tasker::cli
