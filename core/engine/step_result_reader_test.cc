#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/random.h"
#include "core/engine/outcome.h"

namespace tasker::engine {
namespace {

constexpr std::size_t kBytesMax = 1U << 20;

StepResult good(std::string_view document) {
  auto result = read_step_result(document, kBytesMax);
  EXPECT_TRUE(result.has_value()) << document << "\n" << result.error().message;
  return result.value_or(StepResult{});
}

void expect_refused(std::string_view document, base::ErrorCode code, std::string_view field,
                    std::string_view message_part) {
  const auto result = read_step_result(document, kBytesMax);
  ASSERT_FALSE(result.has_value()) << document;
  EXPECT_EQ(result.error().code, code) << document << "\n" << result.error().message;
  EXPECT_EQ(result.error().field, field) << document << "\n" << result.error().message;
  EXPECT_NE(result.error().message.find(message_part), std::string::npos) << document << "\n"
                                                                          << result.error().message;
}

TEST(ReadStepResult, ASuccessKeepsItsPayloadsAsText) {
  const StepResult result = good(
      R"({"step_uuid":"0190c0de-0000-7000-8000-000000000000","success":true,"status":"completed",)"
      R"("result":{ "a" : [1, 2.50, "\u00e9"] },)"
      R"("metadata": {"execution_time_ms":1.25,"custom":{}},)"
      R"("error":null,"orchestration_metadata":null})");
  EXPECT_TRUE(result.success);
  EXPECT_EQ(result.result_json, R"({ "a" : [1, 2.50, "\u00e9"] })");
  EXPECT_EQ(result.metadata_json, R"({"execution_time_ms":1.25,"custom":{}})");
  EXPECT_EQ(result.error_json, "");
  EXPECT_EQ(result.execution_us, 1250);
  EXPECT_EQ(result.retry_after_ms, std::nullopt);
}

TEST(ReadStepResult, AnyJsonValueIsAResultWithoutTheSpaceAroundIt) {
  for (const std::string value :
       {"null", "true", "-1.5e3", "\"text\"", "[]", "{}", "[[1],{\"a\":2}]"}) {
    EXPECT_EQ(good("{\"success\":true,\"result\": " + value + " }").result_json, value);
    EXPECT_EQ(good("{\"result\":\n" + value + "\t,\"success\":true}").result_json, value);
  }
  EXPECT_EQ(good(R"({"success":true})").result_json, "{}");
}

TEST(ReadStepResult, WhatJavaScriptWritesAsJsonIsRead) {
  EXPECT_EQ(good(R"({"success":true,"result":36893488147419103000})").result_json,
            "36893488147419103000");
  EXPECT_EQ(good(R"({"success":true,"result":{"\ud800":"\udfff"}})").result_json,
            R"({"\ud800":"\udfff"})");
  EXPECT_EQ(good(R"({"\ud800":1,"success":true,"metadata":{"\udc00":2,"execution_time_ms":2}})")
                .execution_us,
            2000);
}

TEST(ReadStepResult, EscapedNamesAreTheNamesThatTheyStandFor) {
  EXPECT_TRUE(good(R"({"\u0073uccess":true})").success);
}

TEST(ReadStepResult, WithoutSuccessTheStatusDecides) {
  EXPECT_TRUE(good(R"({"status":"completed"})").success);
  EXPECT_FALSE(good(R"({"status":"failed"})").success);
  EXPECT_FALSE(good(R"({"status":""})").success);
  EXPECT_FALSE(good(R"({})").success);
  EXPECT_FALSE(good(R"({"success":null})").success);
  EXPECT_FALSE(good(R"({"success":false,"status":"completed"})").success);
  EXPECT_TRUE(good(R"({"success":true,"status":"failed"})").success);
}

TEST(ReadStepResult, ASuccessHasNoError) {
  EXPECT_EQ(good(R"({"success":true,"error":{"message":"m"}})").error_json, "");
}

TEST(ReadStepResult, AFailureAlwaysHasACompleteError) {
  EXPECT_EQ(good(R"({"success":false})").error_json,
            R"({"message":"the handler failed without a message","error_type":"handler_error",)"
            R"("retryable":true})");
  EXPECT_EQ(good(R"({"success":false,"error":null})").error_json, good("{}").error_json);
  EXPECT_EQ(good(R"({"error":{}})").error_json, good("{}").error_json);
  EXPECT_EQ(good(R"({"error":{"message":"m","code":7}})").error_json,
            R"({"message":"m","code":7,"error_type":"handler_error","retryable":true})");
  EXPECT_EQ(good(R"({"error":{"error_type":null,"message":null,"retryable":null}})").error_json,
            R"({"error_type":"handler_error","message":"the handler failed without a message",)"
            R"("retryable":true})");
  const std::string whole = R"({"message":"m", "error_type":"t","retryable":false,"backtrace":[]})";
  EXPECT_EQ(good(R"({"error":)" + whole + "}").error_json, whole);
}

TEST(ReadStepResult, MetadataDecidesAboutTheRetryThenTheErrorThenTheDefault) {
  EXPECT_TRUE(good(R"({})").retryable);
  EXPECT_FALSE(good(R"({"error":{"retryable":false}})").retryable);
  EXPECT_TRUE(good(R"({"error":{"retryable":true}})").retryable);
  EXPECT_FALSE(good(R"({"metadata":{"retryable":false},"error":{"retryable":true}})").retryable);
  EXPECT_TRUE(good(R"({"metadata":{"retryable":true},"error":{"retryable":false}})").retryable);
  EXPECT_FALSE(good(R"({"metadata":{"retryable":null},"error":{"retryable":false}})").retryable);
  EXPECT_EQ(good(R"({"metadata":{"retryable":false},)"
                 R"("error":{"message":"m","error_type":"t","retryable":true}})")
                .error_json,
            R"({"message":"m","error_type":"t","retryable":false})");
}

TEST(ReadStepResult, ACrashHasADefaultOfItsOwnWhenNobodySays) {
  const auto retryable = [](const std::string& error) {
    return read_step_result(R"({"success":false,"error":)" + error + "}", 1024)->retryable;
  };
  EXPECT_FALSE(retryable(R"({"error_type":"invalid_result"})"));
  EXPECT_TRUE(retryable(R"({"error_type":"invalid_result","retryable":true})"));
  EXPECT_TRUE(retryable(R"({ "error_type" : "fatal_signal" , "message":"SIGSEGV"})"));
  EXPECT_FALSE(retryable(R"({"error_type":"fatal_signal","retryable":false})"));
  EXPECT_TRUE(retryable(R"({"error_type":"invalid_results"})"));
  EXPECT_TRUE(retryable(R"({"error_type":"\ud800"})")) << "half a surrogate pair";
  EXPECT_TRUE(retryable(R"({"error_type":null})"));
}

TEST(ReadStepResult, ExecutionTimeIsReadWithFractions) {
  const auto execution_us = [](const std::string& ms) {
    return good(R"({"metadata":{"execution_time_ms":)" + ms + "}}").execution_us;
  };
  EXPECT_EQ(execution_us("0"), 0);
  EXPECT_EQ(execution_us("12"), 12'000);
  EXPECT_EQ(execution_us("0.0004"), 0);
  EXPECT_EQ(execution_us("0.0006"), 1);
  EXPECT_EQ(execution_us("1e3"), 1'000'000);
  EXPECT_EQ(execution_us("null"), 0);
  EXPECT_EQ(execution_us("1e300"), 1'000'000'000'000'000'000);
}

TEST(ReadStepResult, AWishToRetryLaterHasThreePlaces) {
  const auto wish = [](const std::string& members) {
    return good("{" + members + "}").retry_after_ms;
  };
  EXPECT_EQ(wish(R"("metadata":{"retry_after_seconds":2})"), 2000);
  EXPECT_EQ(wish(R"("metadata":{"retry_after_seconds":0.25})"), 250);
  EXPECT_EQ(wish(R"("metadata":{"retry_after_seconds":0})"), 0);
  EXPECT_EQ(wish(R"("metadata":{"retry_after_seconds":null})"), std::nullopt);
  EXPECT_EQ(wish(R"("metadata":{"retry_after_seconds":1e300})"), 1'000'000'000'000'000);
  const auto header = [&wish](const std::string& name, const std::string& value) {
    return wish(R"("orchestration_metadata":{"headers":{"x":"1",")" + name + "\":" + value +
                R"(},"custom":{}})");
  };
  EXPECT_EQ(header("retry-after", "\"3\""), 3000);
  EXPECT_EQ(header("Retry-After", "\"3\""), 3000);
  EXPECT_EQ(header("RETRY-AFTER", "3"), 3000);
  EXPECT_EQ(header("retry-after", "\"Wed, 21 Oct 2026 07:28:00 GMT\""), std::nullopt);
  EXPECT_EQ(header("retry-after", "\"\""), std::nullopt);
  EXPECT_EQ(header("retry-after", "\"-3\""), std::nullopt);
  EXPECT_EQ(header("retry-after", "\"18446744073709551615\""), 1'000'000'000'000'000);
  EXPECT_EQ(header("retry_after", "\"3\""), std::nullopt);
  const std::string hint = R"("backoff_hint":{"backoff_type":"RateLimit","delay_seconds":4})";
  EXPECT_EQ(wish(R"("orchestration_metadata":{)" + hint + "}"), 4000);
  EXPECT_EQ(wish(R"("orchestration_metadata":{"headers":null,"backoff_hint":null})"), std::nullopt);
  EXPECT_EQ(wish(R"("orchestration_metadata":{)" + hint + R"(,"headers":{"retry-after":"3"}})"),
            3000);
  EXPECT_EQ(wish(R"("orchestration_metadata":{)" + hint +
                 R"(,"headers":{"retry-after":"3"}},"metadata":{"retry_after_seconds":2})"),
            2000);
  EXPECT_EQ(wish(R"("success":true,"metadata":{"retry_after_seconds":2})"), std::nullopt);
}

TEST(ReadStepResult, WrongTypesAreNamedByTheirPath) {
  const auto wrong = [](std::string_view document, std::string_view field, std::string_view part) {
    expect_refused(document, base::ErrorCode::kINVALID_ARGUMENT, field, part);
  };
  wrong(R"({"success":"yes"})", "success", "success is `\"yes\"`; expected true or false");
  wrong(R"({"success":1})", "success", "expected true or false");
  wrong(R"({"status":5})", "status", "expected a string");
  wrong(R"({"step_uuid":{}})", "step_uuid", "expected a string");
  wrong(R"({"metadata":[]})", "metadata", "metadata is `[]`; expected an object or null");
  wrong(R"({"metadata":{"retryable":"no"}})", "metadata.retryable", "expected true or false");
  wrong(R"({"metadata":{"execution_time_ms":"5"}})", "metadata.execution_time_ms", "a number");
  wrong(R"({"metadata":{"execution_time_ms":-1}})", "metadata.execution_time_ms", "is `-1`");
  wrong(R"({"metadata":{"retry_after_seconds":true}})", "metadata.retry_after_seconds", "a number");
  wrong(R"({"metadata":{"retry_after_seconds":-0.5}})", "metadata.retry_after_seconds", "a number");
  wrong(R"({"error":"text"})", "error", "error is `\"text\"`; expected an object or null");
  wrong(R"({"error":{"message":5}})", "error.message", "expected a string");
  wrong(R"({"error":{"error_type":[]}})", "error.error_type", "expected a string");
  wrong(R"({"error":{"retryable":"x"}})", "error.retryable", "expected true or false");
  wrong(R"({"orchestration_metadata":1})", "orchestration_metadata", "expected an object or null");
  wrong(R"({"orchestration_metadata":{"headers":[]}})", "orchestration_metadata.headers", "object");
  wrong(R"({"orchestration_metadata":{"headers":{"Retry-After":[]}}})",
        "orchestration_metadata.headers.retry-after", "a number from 0");
  wrong(R"({"orchestration_metadata":{"backoff_hint":5}})", "orchestration_metadata.backoff_hint",
        "expected an object or null");
  wrong(R"({"orchestration_metadata":{"backoff_hint":{"delay_seconds":"5"}}})",
        "orchestration_metadata.backoff_hint.delay_seconds", "a number from 0");
}

TEST(ReadStepResult, OtherMembersOfMetadataMayHaveAnyType) {
  const std::string metadata = R"({"worker_id":5,"custom":"x","tags":[null],"handler_version":{}})";
  EXPECT_EQ(good(R"({"success":true,"metadata":)" + metadata + "}").metadata_json, metadata);
  EXPECT_EQ(good(R"({"success":true,"metadata":null,"more":1})").metadata_json, "");
  EXPECT_EQ(good(R"({"success":true,"metadata":{}})").metadata_json, "{}");
}

TEST(ReadStepResult, EnvelopeMembersGivenTwiceAreRefused) {
  for (const std::string member :
       {R"("success":true)", R"("result":1)", R"("status":"")", R"("metadata":{})",
        R"("error":null)", R"("orchestration_metadata":{})", R"("step_uuid":"")"}) {
    const std::string name = member.substr(1, member.find('"', 1) - 1);
    expect_refused("{" + member + "," + member + "}", base::ErrorCode::kINVALID_JSON, name,
                   name + " is given twice");
  }
  expect_refused(R"({"metadata":{"retryable":true,"retryable":false}})",
                 base::ErrorCode::kINVALID_JSON, "metadata.retryable", "is given twice");
  expect_refused(R"({"error":{"message":"a","message":"b"}})", base::ErrorCode::kINVALID_JSON,
                 "error.message", "is given twice");
}

TEST(ReadStepResult, WhatIsNoJsonObjectIsRefused) {
  for (const std::string document :
       {"", " ", "{", "{}{}", "{\"a\":}", "undefined", "{'a':1}", "{\"a\":01}", "{\"a\":\"\t\"}",
        "{\"success\":true,\"result\":{\"a\":tru}}", "{\"result\":[1,]}", "{\"result\":\"\\x\"}",
        "{\"result\":nul}", "{\"a\":NaN}", "{\"a\":\"\xFF\"}", "[]", "5", "null", "\"x\""}) {
    expect_refused(document, base::ErrorCode::kINVALID_JSON, "result_json", "result_json is");
  }
  expect_refused(std::string("{\"result\":\0}", 12), base::ErrorCode::kINVALID_JSON, "result_json",
                 "");
}

TEST(ReadStepResult, TheSizeLimitIsNamedWithTheSize) {
  const std::string document = R"({"success":true})";
  EXPECT_TRUE(read_step_result(document, document.size()).has_value());
  const auto refused = read_step_result(document, document.size() - 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, base::ErrorCode::kTOO_LARGE);
  EXPECT_NE(refused.error().message.find("has 16 bytes; at most 15 are allowed"), std::string::npos)
      << refused.error().message;
}

TEST(ReadStepResult, NestingIsLimited) {
  const auto nested = [](std::size_t depth) {
    return R"({"success":true,"result":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  const std::size_t depth_max = base::JsonLimits{}.depth_max - 1;
  EXPECT_EQ(good(nested(depth_max)).result_json.size(), 2 * depth_max);
  const auto refused = read_step_result(nested(depth_max + 1), kBytesMax);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, base::ErrorCode::kTOO_LARGE);
}

TEST(StepResult, ReplacesWhatAnotherDocumentHasLeft) {
  StepResult result;
  ASSERT_TRUE(read_step_result(
      R"({"success":false,"result":[1],"metadata":{"retryable":false,"retry_after_seconds":2},)"
      R"("error":{"message":"m"}})",
      kBytesMax, result));
  ASSERT_TRUE(read_step_result(R"({"success":true})", kBytesMax, result));
  EXPECT_TRUE(result.success);
  EXPECT_EQ(result.result_json, "{}");
  EXPECT_EQ(result.metadata_json + result.error_json, "");
  EXPECT_TRUE(result.retryable);
  EXPECT_EQ(result.retry_after_ms, std::nullopt);
  EXPECT_EQ(result.execution_us, 0);
}

TEST(StepResult, RandomlyDamagedDocumentsAreReadOrRefusedButNeverHarm) {
  const std::uint64_t seed = 48;
  SCOPED_TRACE(seed);
  base::Random random(seed);
  const std::string whole =
      R"({"success":false,"result":{"a":[1,2.5e3,"\u00e9"]},"metadata":{"retryable":true,)"
      R"("execution_time_ms":1.5,"retry_after_seconds":2},"error":{"message":"m"},)"
      R"("orchestration_metadata":{"headers":{"retry-after":"3"},)"
      R"("backoff_hint":{"delay_seconds":1}}})";
  constexpr std::string_view kBytes = "{}[]\",:\\u0e-.tfn \x01\x80\xC3";
  int read = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text = whole;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      const std::size_t at = random.below(text.size());
      if (random.below(2) == 0) {
        text[at] = kBytes[random.below(kBytes.size())];
      } else {
        text.erase(at, 1 + random.below(4));
      }
    }
    const auto result = read_step_result(text, kBytesMax);
    if (!result) continue;
    ++read;
    ASSERT_TRUE(base::check_json(result->result_json, "result").has_value()) << text;
    if (!result->success) {
      ASSERT_TRUE(base::check_json_object(result->error_json, "error").has_value()) << text;
    }
    if (!result->metadata_json.empty()) {
      ASSERT_TRUE(base::check_json_object(result->metadata_json, "metadata").has_value()) << text;
    }
  }
  EXPECT_GT(read, 1000);
}

}  // namespace
}  // namespace tasker::engine
