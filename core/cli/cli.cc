#include "core/cli/cli.h"

#include <CLI/CLI.hpp>

namespace tasker::cli {

int run(int argc, const char* const* argv) {
  CLI::App app("Runs multi-step work durably inside your own process.", "tasker");
  app.set_version_flag("--version", "tasker " TASKER_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return kExitOk;
}

}  // namespace tasker::cli
