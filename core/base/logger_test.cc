#include "core/base/logger.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace tasker::base {
namespace {

constexpr LogLevel kLevels[] = {LogLevel::kTrace, LogLevel::kDebug, LogLevel::kInfo,
                                LogLevel::kWarn,  LogLevel::kError, LogLevel::kOff};

/// What `write` logs at level trace.
template <class Write>
std::string logged(bool json, Write write) {
  const auto logger = make_stderr_logger(LogLevel::kTrace, json);
  testing::internal::CaptureStderr();
  write(*logger);
  return testing::internal::GetCapturedStderr();
}

constexpr std::string_view kTimeShape = "0000-00-00T00:00:00.000Z";

/// `text` with each digit turned into 0.
std::string shape_of(std::string_view text) {
  std::string shape(text);
  for (char& c : shape) {
    if (c >= '0' && c <= '9') c = '0';
  }
  return shape;
}

/// The line after its time.
std::string after_time(const std::string& line) {
  EXPECT_EQ(shape_of(line.substr(0, kTimeShape.size() + 1)), std::string(kTimeShape) + " ");
  return line.size() > kTimeShape.size() ? line.substr(kTimeShape.size() + 1) : "";
}

TEST(LogLevelNames, ParseBack) {
  for (const LogLevel level : kLevels) EXPECT_EQ(parse_log_level(log_level_name(level)), level);
  for (const std::string_view text : {"", "INFO", "warning", "info ", "5"}) {
    EXPECT_FALSE(parse_log_level(text)) << text;
  }
  EXPECT_EQ(log_level_name(static_cast<LogLevel>(99)), "off");
}

TEST(TextLog, HasTimeLevelComponentMessageAndFields) {
  const std::string line = logged(false, [](Logger& logger) {
    logger.log(
        LogLevel::kWarn, "store", "a write waits",
        {{"path", "t.db"}, {"waited_ms", std::int64_t{-12}}, {"share", 0.25}, {"last", true}});
  });
  EXPECT_EQ(after_time(line),
            "WARN  store  a write waits path=t.db waited_ms=-12 share=0.25 last=true\n");
}

TEST(TextLog, QuotesValuesWhoseEndWouldBeUnclear) {
  const std::string line = logged(false, [](Logger& logger) {
    logger.log(
        LogLevel::kInfo, "engine", "m",
        {{"empty", ""}, {"space", "a b"}, {"quote", "a\"b"}, {"equals", "a=b"}, {"line", "a\nb"}});
  });
  EXPECT_EQ(after_time(line),
            "INFO  engine  m empty=\"\" space=\"a b\" quote=\"a\\\"b\" equals=\"a=b\" "
            "line=\"a\\nb\"\n");
}

TEST(TextLog, AMessageStaysOnItsLine) {
  const std::string line = logged(false, [](Logger& logger) {
    logger.log(LogLevel::kError, "worker", "one\ntwo\x1b[31m", {});
  });
  EXPECT_EQ(after_time(line), "ERROR worker  one\\ntwo\\u001b[31m\n");
}

TEST(TextLog, NamesFromOutsideStayOnItToo) {
  const std::string line = logged(false, [](Logger& logger) {
    logger.log(LogLevel::kInfo, "han\ndler", "m", {{"a\n\x1b", "b"}});
  });
  EXPECT_EQ(after_time(line), "INFO  han\\ndler  m a\\n\\u001b=b\n");
}

TEST(TextLog, PatternsInTextsAreNotFormats) {
  const std::string line = logged(false, [](Logger& logger) {
    logger.log(LogLevel::kInfo, "worker", "{} %v %Y {0}", {{"value", "{}%n"}});
  });
  EXPECT_EQ(after_time(line), "INFO  worker  {} %v %Y {0} value={}%n\n");
}

TEST(JsonLog, IsOneObjectALine) {
  const std::string line = logged(true, [](Logger& logger) {
    logger.log(LogLevel::kDebug, "store", "opened \"it\"",
               {{"path", "a\\b\n\xFF"},
                {"bytes", std::numeric_limits<std::int64_t>::min()},
                {"share", 1.0 / 3.0},
                {"none", std::nan("")},
                {"ok", false}});
  });
  EXPECT_EQ(line.back(), '\n');
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  simdjson::dom::parser parser;
  simdjson::dom::element object;
  ASSERT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
  EXPECT_EQ(shape_of(object["time"].get_string().value()), kTimeShape);
  EXPECT_EQ(object["level"].get_string().value(), "debug");
  EXPECT_EQ(object["component"].get_string().value(), "store");
  EXPECT_EQ(object["message"].get_string().value(), "opened \"it\"");
  EXPECT_EQ(object["path"].get_string().value(), "a\\b\n\uFFFD");
  EXPECT_EQ(object["bytes"].get_int64().value(), std::numeric_limits<std::int64_t>::min());
  EXPECT_DOUBLE_EQ(object["share"].get_double().value(), 1.0 / 3.0);
  EXPECT_TRUE(object["none"].is_null());
  EXPECT_FALSE(object["ok"].get_bool().value());
}

TEST(StderrLogger, WritesItsLevelAndWorse) {
  for (const bool json : {false, true}) {
    for (const LogLevel least : kLevels) {
      const auto logger = make_stderr_logger(least, json);
      for (const LogLevel level : kLevels) {
        const bool expected = level != LogLevel::kOff && level >= least;
        EXPECT_EQ(logger->enabled(level), expected);
        testing::internal::CaptureStderr();
        logger->log(level, "base", "m", {});
        EXPECT_EQ(!testing::internal::GetCapturedStderr().empty(), expected)
            << log_level_name(level) << " at " << log_level_name(least);
      }
    }
  }
}

TEST(StderrLogger, TwoLoggersDoNotShareTheirLevel) {
  const auto quiet = make_stderr_logger(LogLevel::kError, false);
  const auto loud = make_stderr_logger(LogLevel::kTrace, true);
  EXPECT_FALSE(quiet->enabled(LogLevel::kInfo));
  EXPECT_TRUE(loud->enabled(LogLevel::kInfo));
}

TEST(NullLogger, WritesNothing) {
  const auto logger = make_null_logger();
  testing::internal::CaptureStderr();
  for (const LogLevel level : kLevels) {
    EXPECT_FALSE(logger->enabled(level));
    logger->log(level, "base", "m", {{"a", true}});
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace tasker::base
