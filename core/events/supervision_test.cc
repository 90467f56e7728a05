#include "core/events/supervision.h"

#include <gtest/gtest.h>

namespace tasker::events {
namespace {

TEST(Supervision, TheFirstFailureEscalatesWithoutRestarts) {
  Supervision supervision({.restarts_max = 0});
  EXPECT_EQ(supervision.pause_us(0), std::nullopt);
}

TEST(Supervision, PausesDoubleUpToTheirMaximum) {
  Supervision supervision({.restarts_max = 6, .backoff_first_us = 100, .backoff_max_us = 1'000});
  for (const std::int64_t pause_us : {100, 200, 400, 800, 1'000, 1'000}) {
    EXPECT_EQ(supervision.pause_us(5), pause_us);
  }
  EXPECT_EQ(supervision.pause_us(5), std::nullopt);
}

TEST(Supervision, RestartsBeforeTheWindowAreForgotten) {
  Supervision supervision({.restarts_max = 2, .window_us = 1'000, .backoff_first_us = 10});
  EXPECT_EQ(supervision.pause_us(0), 10);
  EXPECT_EQ(supervision.pause_us(500), 20);
  EXPECT_EQ(supervision.pause_us(999), std::nullopt);
  EXPECT_EQ(supervision.pause_us(1'000), 20);
  EXPECT_EQ(supervision.pause_us(9'000), 10);
}

TEST(Supervision, NoPauseIsNoPause) {
  Supervision supervision({.backoff_first_us = 0});
  EXPECT_EQ(supervision.pause_us(0), 0);
  EXPECT_EQ(supervision.pause_us(0), 0);
}

TEST(Supervision, HugePausesDoNotOverflow) {
  Supervision supervision(
      {.restarts_max = 100, .backoff_first_us = INT64_MAX / 3, .backoff_max_us = INT64_MAX});
  for (int i = 0; i < 100; ++i) EXPECT_GT(supervision.pause_us(0).value(), 0);
}

TEST(Supervision, RefusesOptionsOutOfRange) {
  const std::pair<SupervisionOptions, const char*> cases[] = {
      {{.window_us = 0}, "window_us"},
      {{.backoff_first_us = -1}, "backoff_first_us"},
      {{.backoff_first_us = 10, .backoff_max_us = 9}, "backoff_max_us"},
  };
  for (const auto& [options, field] : cases) {
    const auto checked = check_supervision_options(options);
    ASSERT_FALSE(checked) << field;
    EXPECT_EQ(checked.error().code, base::ErrorCode::kINVALID_ARGUMENT);
    EXPECT_EQ(checked.error().field, field);
  }
  EXPECT_TRUE(check_supervision_options({}));
}

}  // namespace
}  // namespace tasker::events
