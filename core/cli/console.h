// How the program speaks: results on standard output, everything else on standard error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/result.h"

namespace tasker::cli {

enum class Paint : std::uint8_t { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

/// Threads: the main thread.
class Console {
 public:
  struct Settings {
    bool json = false;
    bool color = false;        ///< on standard output
    bool error_color = false;  ///< on standard error
    bool terminal = false;     ///< standard output is one that can be redrawn
    std::size_t columns = 0;   ///< 0: no limit
    std::size_t rows = 0;      ///< 0: no limit
  };

  explicit Console(const Settings& settings) : settings_(settings) {}

  /// What the two streams and the environment allow. NO_COLOR and TERM=dumb are heard.
  static Settings detect(bool json, bool no_color);

  const Settings& settings() const { return settings_; }
  bool json() const { return settings_.json; }

  /// Result text, as it is.
  void print(std::string_view text);
  /// Result text and a line's end.
  void print_line(std::string_view line);
  /// A remark for people, one line on standard error; left out with --json.
  void note(std::string_view line);

  /// Renders a failure on standard error. `next` says what to do about it; when empty, the advice
  /// that fits the code.
  /// @return the exit code that belongs to the error's code
  int fail(const base::Error& error, std::string_view next = {});
  /// The same for a wrong command line.
  int fail_usage(std::string_view message, std::string_view next);

  /// Flushes the results; `code`, or kExitFailed after a message when they could not be written.
  int finish(int code);

  /// `text` in a colour when standard output shows colours.
  std::string paint(Paint paint, std::string_view text) const;

 private:
  void render(const base::Error& error, std::string_view next);

  Settings settings_;
};

/// The exit code that belongs to an error code.
int exit_code(base::ErrorCode code);

}  // namespace tasker::cli
