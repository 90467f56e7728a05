// Structured log lines: the message is constant text, the data are fields.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace tasker::base {

enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kOff };

/// "trace", "debug", "info", "warn", "error", "off"; nullopt for anything else.
std::optional<LogLevel> parse_log_level(std::string_view text);
/// What parse_log_level reads.
std::string_view log_level_name(LogLevel level);

/// `name` is in snake_case. A double that is not finite is null in JSON lines.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

/// Threads: any.
class Logger {
 public:
  virtual ~Logger() = default;
  /// Cheap; lets a caller skip building fields.
  virtual bool enabled(LogLevel level) const = 0;
  /// `component` is the name of a folder of core/. All views are borrowed for the call. Never
  /// throws.
  virtual void write(LogLevel level, std::string_view component, std::string_view message,
                     std::span<const LogField> fields) = 0;
  /// As write, for fields that are named in place.
  void log(LogLevel level, std::string_view component, std::string_view message,
           std::initializer_list<LogField> fields) {
    write(level, component, message, {fields.begin(), fields.size()});
  }
};

/// One line an event on standard error, times in UTC. Text:
///   2026-01-01T00:00:00.000Z WARN  store  message key=value other="two words"
/// or, with `json`:
///   {"time":…,"level":"warn","component":"store","message":"message","key":"value"}
/// Each logger has its own level; lines of several threads and loggers stay whole.
std::shared_ptr<Logger> make_stderr_logger(LogLevel level, bool json);

/// Drops everything.
std::shared_ptr<Logger> make_null_logger();

}  // namespace tasker::base
