#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/worker/client.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;
using testing::HasSubstr;

/// A request with one more member; `member` is JSON such as `"priority":3`.
std::string with(const std::string& member) { return R"({"name":"diamond",)" + member + "}"; }

struct BadRequest {
  std::string json;
  ErrorCode code;
  std::string field;
  std::string message_part;
};

class ReadTaskRequestRefuses : public testing::TestWithParam<BadRequest> {};

TEST(ReadTaskRequest, TakesEveryMemberOfTheContract) {
  const auto request = read_task_request(
      R"({"name":"diamond","namespace":"demo","version":"1.0.0","context":{"n": 1e400},
          "initiator":"me","source_system":"desk","reason":"because","tags":["a","b"],
          "requested_at":"2026-02-16T11:04:05.123Z","options":{"x":[]},"priority":-100,
          "correlation_id":"01234567-89ab-4def-8123-456789abcdef",
          "parent_correlation_id":"01234567-89AB-4DEF-8123-456789ABCDE0",
          "idempotency_key":"order 7"})",
      "");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->name, "diamond");
  EXPECT_EQ(request->namespace_name, "demo");
  EXPECT_EQ(request->version, "1.0.0");
  EXPECT_EQ(request->context_json, R"({"n": 1e400})");
  EXPECT_EQ(request->initiator, "me");
  EXPECT_EQ(request->source_system, "desk");
  EXPECT_EQ(request->reason, "because");
  EXPECT_EQ(request->tags_json, R"(["a","b"])");
  EXPECT_EQ(request->options_json, R"({"x":[]})");
  EXPECT_EQ(request->priority, -100);
  EXPECT_EQ(request->correlation_id->text(), "01234567-89ab-4def-8123-456789abcdef");
  EXPECT_EQ(request->parent_correlation_id->text(), "01234567-89ab-4def-8123-456789abcde0");
  EXPECT_EQ(request->idempotency_key, "order 7");
}

TEST(ReadTaskRequest, NeedsNothingButTheName) {
  const auto request = read_task_request(R"({"name":"diamond"})", "");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->namespace_name, "default");
  EXPECT_EQ(request->version, "");
  EXPECT_EQ(request->context_json, "{}");
  EXPECT_FALSE(request->tags_json);
  EXPECT_FALSE(request->idempotency_key);
}

TEST(ReadTaskRequest, TakesNullAsNotGiven) {
  const auto request = read_task_request(
      R"({"name":"diamond","version":null,"options":null,"priority":null,"context":null,
          "parent_correlation_id":null,"idempotency_key":null,"tags":null})",
      "");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_FALSE(request->options_json);
  EXPECT_FALSE(request->idempotency_key);
  EXPECT_EQ(request->context_json, "{}");
}

TEST(ReadTaskRequest, TakesARequestTimeWithAnyZone) {
  for (const char* time : {"2026-02-16T11:04:05", "2026-02-16T11:04:05Z",
                           "2026-02-16T12:04:05.5+01:00", "2026-02-16 11:04:05"}) {
    EXPECT_TRUE(read_task_request(with(std::string(R"("requested_at":")") + time + "\""), ""))
        << time;
  }
}

TEST(ReadTaskRequest, TakesEveryLimitAndNothingBeyond) {
  const auto accepted = [](const std::string& member, std::size_t length) {
    const std::string json =
        R"({"name":"n",")" + member + R"(":")" + std::string(length, 'x') + "\"}";
    return read_task_request(json, "").has_value();
  };
  for (const auto& [member, length_max] : {std::pair<const char*, std::size_t>{"namespace", 255},
                                           {"version", 50},
                                           {"initiator", 255},
                                           {"source_system", 255},
                                           {"reason", 500},
                                           {"idempotency_key", 255}}) {
    EXPECT_TRUE(accepted(member, length_max)) << member;
    EXPECT_FALSE(accepted(member, length_max + 1)) << member;
    EXPECT_FALSE(accepted(member, 0)) << member;
  }
  EXPECT_TRUE(read_task_request(R"({"name":")" + std::string(255, 'x') + "\"}", ""));
  EXPECT_FALSE(read_task_request(R"({"name":")" + std::string(256, 'x') + "\"}", ""));
}

TEST(ReadTaskRequest, UnescapesTexts) {
  const auto request = read_task_request(R"({"name":"a\u00e9\n\"b\""})", "");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->name, "aé\n\"b\"");
}

TEST(ReadTaskRequest, CountsCharactersNotBytes) {
  std::string key;
  for (int i = 0; i < 255; ++i) key += "é";
  EXPECT_TRUE(read_task_request(with(R"("idempotency_key":")" + key + "\""), ""));
  EXPECT_FALSE(read_task_request(with(R"("idempotency_key":")" + key + "é\""), ""));
}

TEST(ReadTaskRequest, TakesAContextOfOneMebibyteAndNoMore) {
  constexpr std::size_t kMax = 1U << 20;
  const auto accepted = [](std::size_t bytes) {
    const std::string around = R"({"t":""})";
    const std::string context = R"({"t":")" + std::string(bytes - around.size(), 'x') + "\"}";
    return read_task_request(with("\"context\":" + context), "");
  };
  EXPECT_TRUE(accepted(kMax));
  const auto refused = accepted(kMax + 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTOO_LARGE);
  EXPECT_EQ(refused.error().field, "context");
}

TEST(ReadTaskRequest, NamesTheFieldBelowTheRequestsOwnPath) {
  const auto refused = read_task_request(with(R"("priority":101)"), "requests[3]");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "requests[3].priority");
  EXPECT_EQ(read_task_request("{}", "requests[3]").error().field, "requests[3].name");
  EXPECT_EQ(read_task_request("7", "requests[3]").error().field, "requests[3]");
  EXPECT_EQ(read_task_request(with(R"("reason":")" + std::string(501, 'x') + "\""), "requests[3]")
                .error()
                .field,
            "requests[3].reason");
}

TEST_P(ReadTaskRequestRefuses, NamingFieldAndValue) {
  const auto request = read_task_request(GetParam().json, "");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, GetParam().code) << request.error().message;
  EXPECT_EQ(request.error().field, GetParam().field);
  EXPECT_THAT(request.error().message, HasSubstr(GetParam().message_part));
  EXPECT_EQ(request.error().message.find('\n'), std::string::npos);
}

const BadRequest kBadRequests[] = {
    {"", ErrorCode::kINVALID_JSON, "", "JSON"},
    {"[]", ErrorCode::kINVALID_JSON, "", "object"},
    {R"({"name":"a"} x)", ErrorCode::kINVALID_JSON, "", "end of the text"},
    {"{}", ErrorCode::kINVALID_ARGUMENT, "name", "missing"},
    {R"({"name":null})", ErrorCode::kINVALID_ARGUMENT, "name", "missing"},
    {R"({"name":7})", ErrorCode::kINVALID_ARGUMENT, "name", "a string"},
    {R"({"name":""})", ErrorCode::kINVALID_ARGUMENT, "name", "not empty"},
    {R"({"name":"\ud800"})", ErrorCode::kINVALID_ARGUMENT, "name", "Unicode"},
    {R"({"name":"a","name":"b"})", ErrorCode::kINVALID_ARGUMENT, "name", "twice"},
    {with(R"("prioritty":1)"), ErrorCode::kINVALID_ARGUMENT, "prioritty", "did you mean priority?"},
    {with(R"("priority":101)"), ErrorCode::kINVALID_ARGUMENT, "priority", "-100 to 100"},
    {with(R"("priority":-101)"), ErrorCode::kINVALID_ARGUMENT, "priority", "-101"},
    {with(R"("priority":1.5)"), ErrorCode::kINVALID_ARGUMENT, "priority", "1.5"},
    {with(R"("priority":"1")"), ErrorCode::kINVALID_ARGUMENT, "priority", "an integer"},
    {with(R"("context":[])"), ErrorCode::kINVALID_ARGUMENT, "context", "an object"},
    {with(R"("context":"{}")"), ErrorCode::kINVALID_ARGUMENT, "context", "an object"},
    {with(R"("options":1)"), ErrorCode::kINVALID_ARGUMENT, "options", "an object"},
    {with(R"("tags":"a")"), ErrorCode::kINVALID_ARGUMENT, "tags", "array of strings"},
    {with(R"("tags":["a",1])"), ErrorCode::kINVALID_ARGUMENT, "tags[1]", "a string"},
    {with(R"("requested_at":"yesterday")"), ErrorCode::kINVALID_ARGUMENT, "requested_at",
     "yesterday"},
    {with(R"("requested_at":5)"), ErrorCode::kINVALID_ARGUMENT, "requested_at", "date and time"},
    {with(R"("correlation_id":"7")"), ErrorCode::kINVALID_ARGUMENT, "correlation_id", "UUID"},
    {with(R"("parent_correlation_id":{})"), ErrorCode::kINVALID_ARGUMENT, "parent_correlation_id",
     "UUID"},
    {with(R"("idempotency_key":"")"), ErrorCode::kINVALID_ARGUMENT, "idempotency_key", "not empty"},
};
INSTANTIATE_TEST_SUITE_P(Members, ReadTaskRequestRefuses, testing::ValuesIn(kBadRequests));

TEST(ReadTaskFilter, HasTheContractsDefaults) {
  const auto filter = read_task_filter("{}");
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->limit, 50U);
  EXPECT_EQ(filter->offset, 0U);
  EXPECT_FALSE(filter->state);
  EXPECT_FALSE(filter->namespace_name);
}

TEST(ReadTaskFilter, TakesEveryParameter) {
  const auto filter = read_task_filter(
      R"({"limit":100,"offset":7,"namespace":"demo","name":"diamond","status":"in_progress"})");
  ASSERT_TRUE(filter) << filter.error().message;
  EXPECT_EQ(filter->limit, 100U);
  EXPECT_EQ(filter->offset, 7U);
  EXPECT_EQ(filter->namespace_name, "demo");
  EXPECT_EQ(filter->name, "diamond");
  EXPECT_EQ(filter->state, model::TaskState::kStepsInProcess);
}

TEST(ReadTaskFilter, RefusesWhatIsOutOfRange) {
  for (const auto& [json, field] : {std::pair<const char*, const char*>{R"({"limit":0})", "limit"},
                                    {R"({"limit":101})", "limit"},
                                    {R"({"limit":"5"})", "limit"},
                                    {R"({"offset":-1})", "offset"},
                                    {R"({"offset":2147483648})", "offset"},
                                    {R"({"status":"done"})", "status"},
                                    {R"({"status":3})", "status"},
                                    {R"({"namespace":""})", "namespace"},
                                    {R"({"offst":3})", "offst"}}) {
    const auto filter = read_task_filter(json);
    ASSERT_FALSE(filter) << json;
    EXPECT_EQ(filter.error().code, ErrorCode::kINVALID_ARGUMENT) << json;
    EXPECT_EQ(filter.error().field, field) << json;
  }
  EXPECT_EQ(read_task_filter("[]").error().code, ErrorCode::kINVALID_JSON);
}

}  // namespace
}  // namespace tasker::worker
