#include "core/cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "core/base/json.h"
#include "core/cli/cli.h"
#include "core/cli/human.h"
#include "core/config/config.h"
#include "core/worker/json_writer.h"

namespace tasker::cli {
namespace {

using base::ErrorCode;

std::string_view escape_of(Paint paint) {
  switch (paint) {
    case Paint::kPlain:
      return "";
    case Paint::kBold:
      return "\x1b[1m";
    case Paint::kDim:
      return "\x1b[2m";
    case Paint::kRed:
      return "\x1b[31m";
    case Paint::kGreen:
      return "\x1b[32m";
    case Paint::kYellow:
      return "\x1b[33m";
    case Paint::kCyan:
      return "\x1b[36m";
  }
  return "";
}

std::string painted(bool color, Paint paint, std::string_view text) {
  if (!color || paint == Paint::kPlain || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_of(paint), text);
}

/// Whether the environment asks for no colours, or can not show any.
bool is_plain_wanted(const config::Environment& environment) {
  const auto no_color = environment("NO_COLOR");
  return (no_color && !no_color->empty()) || environment("TERM") == "dumb";
}

std::string_view advice(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNOT_FOUND:
      return "see what there is with `tasker task list` or `tasker template list`";
    case ErrorCode::kINVALID_TEMPLATE:
      return "correct the template and run `tasker template check FILE`";
    case ErrorCode::kINVALID_STATE:
      return "see the task's state with `tasker task show UUID`";
    case ErrorCode::kSTORE_UNAVAILABLE:
      return "check the path given with --store or TASKER_STORE, or try again if the store is busy";
    case ErrorCode::kSTORE_READ_ONLY:
      return "make the file and its folder writable, or run as the user who owns them";
    case ErrorCode::kSTORE_FULL:
      return "free space on the store's disk and try again";
    case ErrorCode::kSTORE_CORRUPT:
      return "check the path; if it is the right file, see `tasker store check` and restore a copy";
    case ErrorCode::kSTORE_SCHEMA_NEWER:
      return "use the version of Tasker that wrote the store, or a newer one";
    case ErrorCode::kUNSUPPORTED:
      return "use what this version supports; `tasker --version` names it";
    case ErrorCode::kINTERNAL:
      return "please report this with the command that was run";
    default:
      return base::code_retryable(code) ? "try again" : "correct the input; --help has examples";
  }
}

void write_error(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNOT_FOUND:
      return kExitNotFound;
    case ErrorCode::kINVALID_ARGUMENT:
    case ErrorCode::kINVALID_JSON:
    case ErrorCode::kINVALID_TEMPLATE:
    case ErrorCode::kINVALID_CONFIG:
    case ErrorCode::kINVALID_STATE:
    case ErrorCode::kTOO_LARGE:
    case ErrorCode::kALREADY_EXISTS:
    case ErrorCode::kUNSUPPORTED:
      return kExitRefused;
    case ErrorCode::kSTORE_UNAVAILABLE:
    case ErrorCode::kSTORE_READ_ONLY:
    case ErrorCode::kSTORE_FULL:
    case ErrorCode::kSTORE_CORRUPT:
    case ErrorCode::kSTORE_SCHEMA_NEWER:
    case ErrorCode::kSTORE_FAILED:
      return kExitStore;
    default:
      return kExitFailed;
  }
}

Console::Settings Console::detect(bool json, bool no_color) {
  const config::Environment environment = config::system_environment();
  const bool color = !no_color && !is_plain_wanted(environment);
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  Settings settings;
  settings.json = json;
  settings.color = color && terminal && !json;
  settings.error_color = color && ::isatty(STDERR_FILENO) == 1 && !json;
  settings.terminal = terminal && environment("TERM") != "dumb";
  winsize size{};
  if (terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    settings.columns = size.ws_col;
    settings.rows = size.ws_row;
  }
  return settings;
}

void Console::print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void Console::print_line(std::string_view line) {
  print(line);
  print("\n");
}

void Console::note(std::string_view line) {
  if (settings_.json) return;
  write_error(painted(settings_.error_color, Paint::kDim, line) + "\n");
}

int Console::fail(const base::Error& error, std::string_view next) {
  render(error, next.empty() ? advice(error.code) : next);
  return exit_code(error.code);
}

int Console::fail_usage(std::string_view message, std::string_view next) {
  render({.code = ErrorCode::kINVALID_ARGUMENT, .message = std::string(message)}, next);
  return kExitUsage;
}

void Console::render(const base::Error& error, std::string_view next) {
  std::fflush(stdout);
  if (settings_.json) {
    std::string out;
    worker::JsonObject document(out);
    document.name("error");
    worker::JsonObject object(out);
    object.text("code", base::code_name(error.code));
    object.text("message", error.message);
    object.text("field", error.field);
    object.text("next", next);
    if (!error.detail.empty()) object.text("detail", error.detail);
    object.close();
    document.close();
    write_error(out + "\n");
    return;
  }
  std::string out = painted(settings_.error_color, Paint::kRed,
                            fmt::format("error[{}]", base::code_name(error.code)));
  out += ": " + printable_lines(error.message) + "\n";
  if (!error.detail.empty()) out += "detail: " + printable(error.detail) + "\n";
  if (!next.empty()) {
    out += painted(settings_.error_color, Paint::kBold, "next") + ": " + printable(next) + "\n";
  }
  write_error(out);
}

int Console::finish(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  write_error(fmt::format("error[INTERNAL]: standard output can not be written: {}\n",
                          std::system_category().message(errno)));
  return kExitFailed;
}

std::string Console::paint(Paint paint, std::string_view text) const {
  return painted(settings_.color, paint, text);
}

}  // namespace tasker::cli
