#include "core/worker/metrics.h"

#include <gtest/gtest.h>

#include "core/base/json.h"

namespace tasker::worker {
namespace {

TEST(Histogram, PutsADurationIntoTheBucketWhoseBoundIsNotBelowIt) {
  Histogram histogram;
  histogram.add(1);
  EXPECT_EQ(histogram.quantile_us(0.5), 1);
  Histogram other;
  other.add(1'000);
  EXPECT_EQ(other.quantile_us(0.5), 1'024);
  other.add(1'024);
  EXPECT_EQ(other.quantile_us(0.99), 1'024);
  other.add(1'025);
  EXPECT_EQ(other.quantile_us(0.99), 2'048);
}

TEST(Histogram, TakesNegativeAndHugeDurations) {
  Histogram histogram;
  histogram.add(-5);
  histogram.add(std::int64_t{1} << 60);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.quantile_us(0.0), 1);
}

TEST(Histogram, IsZeroWhenEmpty) { EXPECT_EQ(Histogram().quantile_us(0.5), 0); }

TEST(Metrics, AreOneJsonObjectWithCountsByHandlerAndOutcome) {
  Metrics metrics;
  metrics.of("a\"b").started(10);
  metrics.of("a\"b").ended(AttemptOutcome::kCompleted, 2'000);
  metrics.of("a\"b").ended(AttemptOutcome::kTimedOut, 3'000);
  metrics.commit(7, 200);
  metrics.completion_refused();
  metrics.tasks_created(2);
  metrics.tasks_finished(1);
  const std::string json = metrics.to_json();
  EXPECT_TRUE(base::check_json_object(json, "metrics")) << json;
  EXPECT_NE(json.find(R"("completed":1)"), std::string::npos);
  EXPECT_NE(json.find(R"("timed_out":1)"), std::string::npos);
  EXPECT_NE(json.find(R"("tasker_tasks_created_total":2)"), std::string::npos);
  EXPECT_NE(json.find(R"("tasker_store_operations_total":7)"), std::string::npos);
}

}  // namespace
}  // namespace tasker::worker
