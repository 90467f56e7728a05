#include "core/worker/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tasker::worker {
namespace {

using base::ErrorCode;

constexpr std::string_view kStep = "01020304-0506-4708-890a-0b0c0d0e0f10";

std::string document(const std::string& members) {
  return R"({"step_uuid":")" + std::string(kStep) + '"' + members + "}";
}

base::Error refused(const std::string& text) {
  const auto read = read_checkpoint(text, 4'096);
  if (read) throw std::runtime_error("the document was taken: " + text);
  return read.error();
}

TEST(ReadCheckpoint, TakesEachMemberAsItIs) {
  const auto read =
      read_checkpoint(document(R"(, "cursor": {"row": 12345678901234567890, "t": "\u00e9"},
               "items_processed":18446744073709551615,"accumulated_results":[1, 2.50])"),
                      4'096);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->step_uuid.text(), kStep);
  EXPECT_EQ(read->cursor_json, R"({"row": 12345678901234567890, "t": "\u00e9"})");
  EXPECT_EQ(read->items_processed, UINT64_MAX);
  EXPECT_EQ(read->accumulated_json, "[1, 2.50]");
}

TEST(ReadCheckpoint, ACursorMayBeNullAndResultsMayBeMissing) {
  const auto read = read_checkpoint(document(R"(,"cursor":null,"items_processed":0)"), 4'096);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->cursor_json, "null");
  EXPECT_EQ(read->accumulated_json, "");
  EXPECT_EQ(read_checkpoint(
                document(R"(,"cursor":1,"items_processed":0,"accumulated_results":null)"), 4'096)
                ->accumulated_json,
            "");
  EXPECT_TRUE(read_checkpoint(document(R"(,"cursor":1,"items_processed":0,"more":true)"), 4'096));
}

TEST(ReadCheckpoint, WhatIsWrongNamesItsMember) {
  struct Wrong {
    std::string text;
    ErrorCode code;
    std::string field;
  };
  const auto members = [](const std::string& text) { return document("," + text); };
  const Wrong table[] = {
      {"", ErrorCode::kINVALID_JSON, "checkpoint_json"},
      {"[]", ErrorCode::kINVALID_JSON, "checkpoint_json"},
      {"{", ErrorCode::kINVALID_JSON, "checkpoint_json"},
      {members(R"("cursor":1,"items_processed":0,"x":")" + std::string(5'000, 'x') + '"'),
       ErrorCode::kTOO_LARGE, "checkpoint_json"},
      {R"({"cursor":1,"items_processed":0})", ErrorCode::kINVALID_ARGUMENT, "step_uuid"},
      {R"({"step_uuid":"x","cursor":1,"items_processed":0})", ErrorCode::kINVALID_ARGUMENT,
       "step_uuid"},
      {R"({"step_uuid":null,"cursor":1,"items_processed":0})", ErrorCode::kINVALID_ARGUMENT,
       "step_uuid"},
      {members(R"("items_processed":0)"), ErrorCode::kINVALID_ARGUMENT, "cursor"},
      {members(R"("cursor":1)"), ErrorCode::kINVALID_ARGUMENT, "items_processed"},
      {members(R"("cursor":1,"items_processed":-1)"), ErrorCode::kINVALID_ARGUMENT,
       "items_processed"},
      {members(R"("cursor":1,"items_processed":1.0)"), ErrorCode::kINVALID_ARGUMENT,
       "items_processed"},
      {members(R"("cursor":1,"items_processed":"1")"), ErrorCode::kINVALID_ARGUMENT,
       "items_processed"},
      {members(R"("cursor":1,"items_processed":18446744073709551616)"),
       ErrorCode::kINVALID_ARGUMENT, "items_processed"},
      {members(R"("cursor":1,"cursor":2,"items_processed":0)"), ErrorCode::kINVALID_ARGUMENT,
       "cursor"},
  };
  for (const Wrong& wrong : table) {
    const base::Error error = refused(wrong.text);
    EXPECT_EQ(error.code, wrong.code) << wrong.text;
    EXPECT_EQ(error.field, wrong.field) << wrong.text;
  }
  EXPECT_THAT(refused(members(R"("cursor":1,"items_processed":-1)")).message,
              testing::AllOf(testing::HasSubstr("-1"), testing::HasSubstr("integer from 0")));
}

TEST(CheckpointJson, TheContinuationSeesWhatWasHandedIn) {
  const auto read = read_checkpoint(
      document(R"(,"cursor":{"row":7},"items_processed":3,"accumulated_results":[1])"), 4'096);
  EXPECT_EQ(continuation_checkpoint_json(*read),
            R"({"step_uuid":"01020304-0506-4708-890a-0b0c0d0e0f10","cursor":{"row":7},)"
            R"("items_processed":3,"accumulated_results":[1]})");
}

TEST(CheckpointJson, ALaterAttemptAlsoSeesTimesAndTheHistory) {
  constexpr std::int64_t kTimeUs = 1'771'239'845'123'456;
  store::CheckpointRecord record;
  record.cursor_json = "8";
  record.items_processed = UINT64_MAX;
  record.stored_at_us = kTimeUs;
  record.history = {{"7", kTimeUs - 1'123'456}, {"8", kTimeUs}};
  EXPECT_EQ(stored_checkpoint_json(record),
            R"({"cursor":8,"items_processed":18446744073709551615,)"
            R"("timestamp":"2026-02-16T11:04:05.123456Z","accumulated_results":null,"history":[)"
            R"({"cursor":7,"timestamp":"2026-02-16T11:04:04Z"},)"
            R"({"cursor":8,"timestamp":"2026-02-16T11:04:05.123456Z"}]})");
}

}  // namespace
}  // namespace tasker::worker
