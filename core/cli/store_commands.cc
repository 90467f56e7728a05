// tasker store info | check
#include <fmt/format.h>

#include "core/cli/cli.h"
#include "core/cli/commands.h"
#include "core/cli/human.h"
#include "core/cli/store_access.h"
#include "core/cli/table.h"
#include "core/cli/worker_display.h"
#include "core/worker/json_writer.h"

namespace tasker::cli {
namespace {

using store::sqlite::OpenMode;

std::string info_document(const store::StoreInfo& info,
                          const std::vector<store::WorkerRecord>& workers, std::int64_t now_us) {
  std::string out;
  worker::JsonObject document(out);
  document.text("backend", info.backend);
  document.text("location", info.location);
  document.number("schema_version", info.schema_version);
  document.text("durability", info.durability);
  document.number("size_bytes", info.size_bytes);
  document.number("wal_bytes", info.wal_bytes);
  document.number("templates", info.templates);
  document.number("tasks", info.tasks);
  document.number("tasks_unfinished", info.tasks_unfinished);
  document.number("dead_letters", info.dead_letters);
  document.name("workers");
  worker::append_json_array(out, workers, [&](const store::WorkerRecord& record) {
    append_worker_json(out, record, now_us);
  });
  document.close();
  return out;
}

void print_info(Console& console, const store::StoreInfo& info,
                const std::vector<store::WorkerRecord>& workers, std::int64_t now_us) {
  Table facts({{""}, {""}});
  facts.add_row({{"store", Paint::kDim}, {printable(info.location)}});
  facts.add_row({{"back end", Paint::kDim},
                 {fmt::format("{}, schema {}, durability {}", info.backend, info.schema_version,
                              info.durability)}});
  facts.add_row({{"size", Paint::kDim},
                 {fmt::format("{} and {} of write-ahead log", bytes_text(info.size_bytes),
                              bytes_text(info.wal_bytes))}});
  facts.add_row({{"templates", Paint::kDim}, {fmt::format("{}", info.templates)}});
  facts.add_row({{"tasks", Paint::kDim},
                 {fmt::format("{}, {} unfinished", info.tasks, info.tasks_unfinished)}});
  facts.add_row({{"dead letters", Paint::kDim}, {fmt::format("{}", info.dead_letters)}});
  facts.add_row({{"workers", Paint::kDim}, {fmt::format("{}", workers.size())}});
  console.print(facts.render(console));
  if (workers.empty()) return;
  console.print_line("");
  Table table(
      {{"WORKER", false, true}, {"HOST", false, true}, {"PID", true}, {"STARTED"}, {"LEASE"}});
  for (const auto& record : workers) {
    table.add_row({{printable(record.info.name), Paint::kBold},
                   {printable(record.info.hostname)},
                   {fmt::format("{}", record.info.pid)},
                   {age_text(now_us, record.info.started_at_us)},
                   lease_cell(record, now_us)});
  }
  console.print(table.render(console));
}

int run_info(Context& context) {
  auto opened = open_store(context, OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  const auto info = (*opened)->info();
  if (!info) return context.console.fail(info.error());
  const auto workers = (*opened)->list_workers();
  if (!workers) return context.console.fail(workers.error());
  const std::int64_t now_us = context.clock.wall_us();
  if (context.console.json()) {
    context.console.print_line(info_document(*info, *workers, now_us));
  } else {
    print_info(context.console, *info, *workers, now_us);
  }
  return kExitOk;
}

int run_check(Context& context) {
  auto opened = open_store(context, OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  const auto faults = (*opened)->check_integrity();
  if (!faults) return context.console.fail(faults.error());
  if (context.console.json()) {
    std::string out;
    worker::JsonObject document(out);
    document.flag("ok", faults->empty());
    document.name("faults");
    worker::append_json_array(
        out, *faults, [&](const std::string& fault) { base::append_json_string(out, fault); });
    document.close();
    context.console.print_line(out);
    return faults->empty() ? kExitOk : kExitFailed;
  }
  for (const auto& fault : *faults) context.console.print_line(printable(fault));
  if (faults->empty()) {
    context.console.print_line(fmt::format("{} {}", context.console.paint(Paint::kGreen, "sound"),
                                           printable(context.store_path)));
    return kExitOk;
  }
  context.console.fail({.code = base::ErrorCode::kSTORE_CORRUPT,
                        .message = counted(faults->size(), "fault") + " found"},
                       "stop the workers, keep a copy of the file and restore the last good one");
  return kExitFailed;
}

}  // namespace

void add_store_commands(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("store", "Look at a store and check it");
  group->require_subcommand(1);
  group->fallthrough();
  CLI::App* info = group->add_subcommand("info", "Show size, contents and workers of the store");
  info->footer("\nExample:\n  tasker store info --store tasker.db\n");
  info->callback([&action] { action = run_info; });
  CLI::App* check = group->add_subcommand("check", "Read the whole store and list its faults");
  check->footer("\nEnds with 1 when there are faults.\n\nExample:\n  tasker store check --json\n");
  check->callback([&action] { action = run_check; });
}

}  // namespace tasker::cli
