#include "core/cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <string_view>

#include "core/cli/commands.h"

namespace tasker::cli {
namespace {

constexpr std::string_view kFooter = R"(
Examples:
  tasker template check flight_report.yaml
  tasker --store tasker.db template add templates/
  tasker task create demo/flight_report --context '{"year": 2008}' --watch
  tasker task list --status blocked_by_failures
  tasker task show 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b
  tasker event dead --subscriber billing
  tasker worker list
  tasker store check --json

Exit codes:
  0    done; for `task watch`, the task is complete
  1    `task watch`: the task ended otherwise; `store check`: the store is unsound
  2    the command line itself is wrong
  3    no such task, template, subscriber or input file
  4    refused: input that breaks a rule, or a move that the task's state forbids
  5    the store is missing, busy, full, damaged, too new or read-only
  130  interrupted

With --json, standard output holds one JSON document (for `task watch` one JSON line for each
change) and a failure is {"error":{"code","message","field","next"}} on standard error.
)";

struct Globals {
  std::string store_path = "tasker.db";
  bool json = false;
  bool no_color = false;
};

void add_globals(CLI::App& app, Globals& globals) {
  app.add_option("--store", globals.store_path, "Store file")
      ->envname("TASKER_STORE")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_flag("--json", globals.json, "Machine-readable output");
  app.add_flag("--no-color", globals.no_color, "No colours, as with NO_COLOR in the environment");
  app.set_version_flag("--version", "tasker " TASKER_VERSION);
  app.set_help_all_flag("--help-all", "Print the help of all commands");
  app.footer(std::string(kFooter));
  app.require_subcommand(1);
  app.fallthrough();
}

/// The command that the words on the line have named so far, for the hint at its help.
std::string named_command(const CLI::App& app) {
  std::string name = app.get_name();
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    name += " " + at->get_name();
  }
  return name;
}

int run_action(const Globals& globals, const Action& action) {
  Console console(Console::detect(globals.json, globals.no_color));
  const base::SystemClock clock;
  base::Random random = base::Random::from_system();
  Context context{console, clock, random, globals.store_path};
  return console.finish(action(context));
}

int run_checked(int argc, const char* const* argv) {
  Globals globals;
  Action action;
  CLI::App app("Runs multi-step work durably inside your own process.", "tasker");
  add_globals(app, globals);
  add_template_commands(app, action);
  add_task_commands(app, action);
  add_event_commands(app, action);
  add_worker_commands(app, action);
  add_store_commands(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    const bool json =
        std::any_of(argv + 1, argv + argc, [](std::string_view word) { return word == "--json"; });
    Console console(Console::detect(json, globals.no_color));
    return console.fail_usage(error.what(),
                              "see the usage with `" + named_command(app) + " --help`");
  }
  return run_action(globals, action);
}

}  // namespace

int run(int argc, const char* const* argv) {
  try {
    return run_checked(argc, argv);
  } catch (const std::exception& error) {
    return Console({}).fail({.code = base::ErrorCode::kINTERNAL, .message = error.what()});
  }
}

}  // namespace tasker::cli
