#include "core/worker/task_factory.h"

#include <gtest/gtest.h>

namespace tasker::worker {
namespace {

constexpr std::int64_t kNowUs = 1'771'239'845'123'456;

class MakeTask : public testing::Test {
 protected:
  MakeTask() {
    compiled_.stored.id = model::TemplateId{7};
    compiled_.stored.body.name = "orders";
    compiled_.plan = std::make_shared<store::TaskPlan>();
    request_.name = "orders";
  }

  base::Result<store::NewTask> make() { return make_task(request_, compiled_, kNowUs, random_); }
  base::Error refusal() {
    const auto task = make();
    if (task) {
      ADD_FAILURE() << "the request was taken";
      return {};
    }
    return task.error();
  }

  engine::CompiledTemplate compiled_;
  TaskRequest request_;
  base::Random random_{1};
};

TEST_F(MakeTask, GivesTheTaskItsOwnIdsAndTheTemplatesPlan) {
  const auto first = make();
  const auto second = make();
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->uuid, second->uuid);
  EXPECT_NE(first->correlation_id, second->correlation_id);
  EXPECT_EQ(first->uuid.bytes[6] >> 4, 7) << "version 7, so that ids sort by time";
  EXPECT_EQ(first->plan, compiled_.plan);
  EXPECT_EQ(first->template_id, model::TemplateId{7});
  EXPECT_EQ(first->requested_at_us, kNowUs);
}

TEST_F(MakeTask, KeepsTheCorrelationIdOfTheRequest) {
  request_.correlation_id = base::make_uuid_v4(random_);
  EXPECT_EQ(make()->correlation_id, request_.correlation_id);
}

TEST_F(MakeTask, LaysTheRequestsContextOverTheTemplates) {
  compiled_.stored.body.default_context_json = R"({"year":2008,"month":1})";
  request_.context_json = R"({"month":2})";
  const auto task = make();
  ASSERT_TRUE(task);
  EXPECT_NE(task->context_json.find(R"("year":2008)"), std::string::npos);
  EXPECT_NE(task->context_json.find(R"("month":2)"), std::string::npos);
  EXPECT_EQ(task->context_json.find(R"("month":1)"), std::string::npos);
}

TEST_F(MakeTask, LaysTheRequestsOptionsOverTheTemplates) {
  compiled_.stored.body.carried_json =
      R"({"lifecycle":{"x":1e400},"default_options":{"a":1,"b":1}})";
  EXPECT_EQ(make()->options_json, R"({"a":1,"b":1})");
  request_.options_json = R"({"b":2})";
  const auto options = make()->options_json;
  ASSERT_TRUE(options);
  EXPECT_NE(options->find(R"("a":1)"), std::string::npos);
  EXPECT_NE(options->find(R"("b":2)"), std::string::npos);
  EXPECT_EQ(options->find(R"("b":1)"), std::string::npos);
}

TEST_F(MakeTask, ChecksRequestsThatNoReaderHasSeen) {
  request_.context_json = "[1]";
  EXPECT_EQ(refusal().field, "context");
  request_.context_json = "{";
  EXPECT_EQ(refusal().code, base::ErrorCode::kINVALID_JSON);
  request_.context_json = "{}";
  request_.options_json = "7";
  EXPECT_EQ(refusal().field, "options");
  request_.options_json.reset();
  request_.tags_json = R"({"a":1})";
  EXPECT_EQ(refusal().field, "tags");
  request_.tags_json = "[[]]";
  EXPECT_EQ(refusal().field, "tags[0]");
  request_.tags_json.reset();
  request_.priority = 101;
  EXPECT_EQ(refusal().field, "priority");
  request_.priority = 0;
  request_.name.clear();
  EXPECT_EQ(refusal().field, "name");
}

TEST_F(MakeTask, LimitsTheSizeOfTags) {
  request_.tags_json = R"([")" + std::string((64U << 10) - 4, 't') + R"("])";
  EXPECT_TRUE(make());
  request_.tags_json = R"([")" + std::string((64U << 10) - 3, 't') + R"("])";
  EXPECT_EQ(refusal().code, base::ErrorCode::kTOO_LARGE);
}

}  // namespace
}  // namespace tasker::worker
