#include "core/worker/timestamp.h"

#include <gtest/gtest.h>

#include <limits>

namespace tasker::worker {
namespace {

constexpr std::int64_t kTimeUs = 1'771'239'845'123'456;  // 2026-02-16 11:04:05.123456

std::string spelled(std::int64_t time_us, TimeSpelling spelling) {
  std::string out;
  append_time(out, time_us, spelling);
  return out;
}

TEST(AppendTime, SpellsTheSameTimeInTheFourWaysOfTheContract) {
  EXPECT_EQ(spelled(kTimeUs, TimeSpelling::kStepEvent), "2026-02-16 11:04:05.123456");
  EXPECT_EQ(spelled(kTimeUs, TimeSpelling::kTaskResponse), "2026-02-16T11:04:05.123456Z");
  EXPECT_EQ(spelled(kTimeUs, TimeSpelling::kStepResponse), "2026-02-16T11:04:05.123456Z");
  EXPECT_EQ(spelled(kTimeUs, TimeSpelling::kReadiness), "2026-02-16T11:04:05.123456");
  EXPECT_EQ(spelled(kTimeUs, TimeSpelling::kDomainEvent), "2026-02-16T11:04:05.123456000+00:00");
}

TEST(AppendTime, ShortensAFractionToTheDigitsItNeeds) {
  const std::int64_t second = kTimeUs - 123'456;
  EXPECT_EQ(spelled(second, TimeSpelling::kStepEvent), "2026-02-16 11:04:05");
  EXPECT_EQ(spelled(second + 120'000, TimeSpelling::kStepEvent), "2026-02-16 11:04:05.120");
  EXPECT_EQ(spelled(second + 1, TimeSpelling::kStepEvent), "2026-02-16 11:04:05.000001");
  EXPECT_EQ(spelled(second, TimeSpelling::kTaskResponse), "2026-02-16T11:04:05Z");
  EXPECT_EQ(spelled(second, TimeSpelling::kReadiness), "2026-02-16T11:04:05");
}

TEST(AppendTime, KeepsSixDigitsInAStepResponse) {
  EXPECT_EQ(spelled(kTimeUs - 123'456, TimeSpelling::kStepResponse), "2026-02-16T11:04:05.000000Z");
}

TEST(AppendTime, KnowsLeapDaysAndTheEdgesOfTheCalendar) {
  EXPECT_EQ(spelled(0, TimeSpelling::kTaskResponse), "1970-01-01T00:00:00Z");
  EXPECT_EQ(spelled(-1, TimeSpelling::kTaskResponse), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(spelled(951'782'400'000'000, TimeSpelling::kTaskResponse), "2000-02-29T00:00:00Z");
  EXPECT_EQ(spelled(253'402'300'800'000'000, TimeSpelling::kTaskResponse),
            "+10000-01-01T00:00:00Z");
}

TEST(AppendTime, AppendsToWhatIsThere) {
  std::string out = "at ";
  append_time(out, 0, TimeSpelling::kReadiness);
  EXPECT_EQ(out, "at 1970-01-01T00:00:00");
}

}  // namespace
}  // namespace tasker::worker
