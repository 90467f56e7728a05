// One logger under several threads.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/base/logger.h"

namespace tasker::base {
namespace {

TEST(StderrLogger, LinesOfSeveralThreadsStayWhole) {
  constexpr int kThreads = 4;
  constexpr std::int64_t kLines = 250;
  const auto logger = make_stderr_logger(LogLevel::kInfo, true);
  testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&logger] {
      for (std::int64_t line = 0; line < kLines; ++line) {
        logger->log(LogLevel::kInfo, "base", "a line", {{"number", line}});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream lines(testing::internal::GetCapturedStderr());
  simdjson::dom::parser parser;
  std::int64_t sum = 0;
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    simdjson::dom::element object;
    ASSERT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
    sum += object["number"].get_int64().value();
  }
  EXPECT_EQ(count, kThreads * kLines);
  EXPECT_EQ(sum, kThreads * kLines * (kLines - 1) / 2);
}

}  // namespace
}  // namespace tasker::base
