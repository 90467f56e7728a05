// The groups of subcommands. Each puts its commands below `app`; a command that was named sets
// `action`, which run() then calls.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/cli/console.h"

namespace tasker::cli {

/// What every command works with.
struct Context {
  Console& console;
  const base::Clock& clock;
  base::Random& random;
  std::string store_path;
};

using Action = std::function<int(Context&)>;

void add_template_commands(CLI::App& app, Action& action);
void add_task_commands(CLI::App& app, Action& action);
void add_event_commands(CLI::App& app, Action& action);
void add_worker_commands(CLI::App& app, Action& action);
void add_store_commands(CLI::App& app, Action& action);

}  // namespace tasker::cli
