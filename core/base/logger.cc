// Lines are made here, where fields are known; spdlog stamps them with the time and writes them.
#include "core/base/logger.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <spdlog/details/console_globals.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <cmath>
#include <exception>
#include <iterator>
#include <utility>

#include "core/base/json.h"

namespace tasker::base {
namespace {

constexpr std::array<std::string_view, 6> kLevelNames = {"trace", "debug", "info",
                                                         "warn",  "error", "off"};
constexpr std::array<std::string_view, 6> kLevelColumns = {"TRACE", "DEBUG", "INFO ",
                                                           "WARN ", "ERROR", "OFF  "};

std::size_t index_of(LogLevel level) {
  const auto index = static_cast<std::size_t>(level);
  return index < kLevelNames.size() ? index : kLevelNames.size() - 1;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

/// Whether a reader of a text line could not tell where the value ends.
bool needs_quotes(std::string_view value) {
  if (value.empty()) return true;
  for (const char c : value) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte <= ' ' || byte >= 0x7F || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

struct AppendText {
  std::string& out;
  void operator()(std::string_view value) const {
    if (needs_quotes(value)) {
      append_json_string(out, value);
    } else {
      out += value;
    }
  }
  void operator()(std::int64_t value) const {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
  void operator()(double value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
};

struct AppendJson {
  std::string& out;
  void operator()(std::string_view value) const { append_json_string(out, value); }
  void operator()(std::int64_t value) const {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
  void operator()(double value) const {
    if (std::isfinite(value)) {
      fmt::format_to(std::back_inserter(out), "{}", value);
    } else {
      out += "null";
    }
  }
  void operator()(bool value) const { out += value ? "true" : "false"; }
};

/// A message or a name on a text line: control characters would break the line.
void append_line_text(std::string& out, std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  out.append(quoted, 1, quoted.size() - 2);
}

class StderrLogger final : public Logger {
 public:
  StderrLogger(LogLevel level, bool json)
      : level_(level), json_(json), logger_("tasker", make_sink(json)) {
    logger_.set_level(spdlog_level(level));
    logger_.set_error_handler([](const std::string&) {});
  }

  bool enabled(LogLevel level) const override { return level != LogLevel::kOff && level >= level_; }

  void write(LogLevel level, std::string_view component, std::string_view message,
             std::span<const LogField> fields) override {
    if (!enabled(level)) return;
    try {
      std::string line;
      if (json_) {
        append_json(line, level, component, message, fields);
      } else {
        append_text(line, level, component, message, fields);
      }
      logger_.log(spdlog_level(level), spdlog::string_view_t(line));
    } catch (const std::exception&) {
      // Out of memory: the event is lost, the caller is not.
    }
  }

 private:
  static spdlog::sink_ptr make_sink(bool json) {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %v",
        spdlog::pattern_time_type::utc, "\n"));
    return sink;
  }

  static void append_text(std::string& line, LogLevel level, std::string_view component,
                          std::string_view message, std::span<const LogField> fields) {
    line += kLevelColumns[index_of(level)];
    line += ' ';
    append_line_text(line, component);
    line += "  ";
    append_line_text(line, message);
    for (const LogField& field : fields) {
      line += ' ';
      append_line_text(line, field.name);
      line += '=';
      std::visit(AppendText{line}, field.value);
    }
  }

  static void append_json(std::string& line, LogLevel level, std::string_view component,
                          std::string_view message, std::span<const LogField> fields) {
    line += "\"level\":\"";
    line += kLevelNames[index_of(level)];
    line += "\",\"component\":";
    append_json_string(line, component);
    line += ",\"message\":";
    append_json_string(line, message);
    for (const LogField& field : fields) {
      line += ',';
      append_json_string(line, field.name);
      line += ':';
      std::visit(AppendJson{line}, field.value);
    }
  }

  const LogLevel level_;
  const bool json_;
  spdlog::logger logger_;
};

// spdlog writes under one lock for the process. A child of a fork must not find it taken by a
// thread that it does not have.
constinit std::atomic<bool> forks_pause = false;
constinit std::atomic<bool> is_lock_held = false;

void before_fork() {
  constexpr int kTriesMax = 1'000;  // somebody who writes to a full pipe does not hold up a fork
  auto& lock = spdlog::details::console_mutex::mutex();
  bool is_held = false;
  for (int i = 0; i < kTriesMax && !(is_held = lock.try_lock()); ++i) (void)sched_yield();
  is_lock_held = is_held;
}

void after_fork() {
  if (is_lock_held.exchange(false)) spdlog::details::console_mutex::mutex().unlock();
}

void pause_forks_while_writing() {
  if (!forks_pause.exchange(true)) (void)pthread_atfork(before_fork, after_fork, after_fork);
}

class NullLogger final : public Logger {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::string_view, std::span<const LogField>) override {}
};

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == text) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::string_view log_level_name(LogLevel level) { return kLevelNames[index_of(level)]; }

std::shared_ptr<Logger> make_stderr_logger(LogLevel level, bool json) {
  pause_forks_while_writing();
  return std::make_shared<StderrLogger>(level, json);
}

std::shared_ptr<Logger> make_null_logger() { return std::make_shared<NullLogger>(); }

}  // namespace tasker::base
