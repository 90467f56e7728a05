#include "core/worker/task_cache.h"

#include <gtest/gtest.h>

namespace tasker::worker {
namespace {

std::shared_ptr<const store::TaskHeader> header(std::int64_t id, std::size_t context_bytes) {
  auto made = std::make_shared<store::TaskHeader>();
  made->id = model::TaskId{id};
  made->context_json = std::string(context_bytes, 'x');
  return made;
}

std::shared_ptr<const std::string> text(std::string value) {
  return std::make_shared<const std::string>(std::move(value));
}

TEST(TaskCache, GivesBackWhatWasPut) {
  TaskCache cache(1 << 20);
  cache.put_header(header(1, 10));
  cache.put_result({model::TaskId{1}, 2}, text("{}"));
  EXPECT_EQ(cache.header(model::TaskId{1})->context_json.size(), 10U);
  EXPECT_EQ(*cache.result({model::TaskId{1}, 2}), "{}");
  EXPECT_EQ(cache.result({model::TaskId{1}, 0}), nullptr);
  EXPECT_EQ(cache.result({model::TaskId{1}, 3}), nullptr);
  EXPECT_EQ(cache.header(model::TaskId{2}), nullptr);
}

TEST(TaskCache, ForgetsTheTaskUsedLongestAgoWhenFull) {
  TaskCache cache(10'000);
  cache.put_header(header(1, 4'000));
  cache.put_header(header(2, 4'000));
  EXPECT_NE(cache.header(model::TaskId{1}), nullptr);
  cache.put_header(header(3, 4'000));
  EXPECT_NE(cache.header(model::TaskId{1}), nullptr);
  EXPECT_EQ(cache.header(model::TaskId{2}), nullptr);
  EXPECT_LE(cache.bytes(), 10'000U);
}

TEST(TaskCache, KeepsATaskThatAloneIsOverTheLimit) {
  TaskCache cache(100);
  cache.put_header(header(1, 4'000));
  EXPECT_NE(cache.header(model::TaskId{1}), nullptr);
  cache.put_header(header(2, 10));
  EXPECT_EQ(cache.header(model::TaskId{1}), nullptr);
}

TEST(TaskCache, CountsNothingOnceAllIsForgotten) {
  TaskCache cache(1 << 20);
  cache.put_header(header(1, 100));
  cache.put_header(header(1, 100));
  cache.put_result({model::TaskId{1}, 0}, text("12345"));
  cache.put_result({model::TaskId{1}, 0}, text("12345"));
  cache.forget(model::TaskId{1});
  cache.forget(model::TaskId{1});
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace
}  // namespace tasker::worker
