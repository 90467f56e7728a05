#include "core/base/error.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace tasker::base {
namespace {

struct Row {
  std::string_view name;
  int number;
  bool retryable;
  std::string_view meaning;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
#define TASKER_ERROR(name, number, retryable, meaning) {#name, number, retryable, meaning},
#include "contract/errors.def"
#undef TASKER_ERROR
  };
  return all;
}

TEST(ErrorCode, EveryRowOfTheListIsKnownByItsNumber) {
  ASSERT_FALSE(rows().empty());
  for (const Row& row : rows()) {
    const auto code = static_cast<ErrorCode>(row.number);
    EXPECT_EQ(code_name(code), row.name);
    EXPECT_EQ(code_meaning(code), row.meaning);
    EXPECT_EQ(code_retryable(code), row.retryable) << row.name;
  }
}

TEST(ErrorCode, NumbersAndNamesAreUnique) {
  std::set<int> numbers;
  std::set<std::string_view> names;
  for (const Row& row : rows()) {
    EXPECT_TRUE(numbers.insert(row.number).second) << row.number;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }
}

TEST(ErrorCode, AnUnlistedNumberIsUnknownAndNotRetryable) {
  for (const int number : {0, 9999}) {
    const auto code = static_cast<ErrorCode>(number);
    EXPECT_EQ(code_name(code), "UNKNOWN");
    EXPECT_FALSE(code_meaning(code).empty());
    EXPECT_FALSE(code_retryable(code));
  }
}

TEST(ErrorJson, HasEveryMemberThatIsSet) {
  const Error error{ErrorCode::kSTORE_FULL, "the disk of \"a\\b\" is full\n", "store_path", "13"};
  EXPECT_EQ(error.to_json(), R"({"code":"STORE_FULL","message":"the disk of \"a\\b\" is full\n",)"
                             R"("field":"store_path","retryable":true,"detail":"13"})");
}

TEST(ErrorJson, LeavesEmptyFieldAndDetailOut) {
  const Error error{ErrorCode::kFENCED, "too late"};
  EXPECT_EQ(error.to_json(), R"({"code":"FENCED","message":"too late","retryable":false})");
}

TEST(ErrorJson, IsJsonWhateverBytesTheMembersHold) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::string json =
      Error{ErrorCode::kINTERNAL, every_byte, every_byte, every_byte}.to_json();
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(json).error(), simdjson::SUCCESS) << json;
}

TEST(Shown, LeavesShortPlainTextAsItIs) {
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("a `b` \"c\" \\d"), "a `b` \"c\" \\d");
}

TEST(Shown, KeepsEightyCharactersAndCutsTheEightyFirst) {
  const std::string eighty(80, 'x');
  EXPECT_EQ(shown(eighty), eighty);
  EXPECT_EQ(shown(eighty + "x"), eighty + "…");
}

TEST(Shown, CountsCharactersAndCutsBetweenThem) {
  std::string eighty;
  for (int i = 0; i < 80; ++i) eighty += "\U0001F600";
  EXPECT_EQ(shown(eighty), eighty);
  EXPECT_EQ(shown(eighty + "é"), eighty + "…");
}

TEST(Shown, EscapesWhatWouldBreakALine) {
  EXPECT_EQ(shown("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(shown(std::string_view("\0\x1b\x7f", 3)), "\\u0000\\u001b\\u007f");
  EXPECT_EQ(shown("\u0085\u2028\u2029"), "\\u0085\\u2028\\u2029");
}

TEST(Shown, ReplacesMalformedUtf8) {
  EXPECT_EQ(shown("a\xFF"
                  "b"),
            "a\uFFFDb");
  EXPECT_EQ(shown("\xE2\x82"), "\uFFFD");
  EXPECT_EQ(shown("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
}

TEST(Result, CarriesAValueOrTheWholeError) {
  const auto half = [](int number) -> Result<int> {
    if (number % 2 != 0) return fail(ErrorCode::kINVALID_ARGUMENT, "odd", "number", "detail");
    return number / 2;
  };
  ASSERT_TRUE(half(4));
  EXPECT_EQ(*half(4), 2);
  const Result<int> odd = half(3);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().code, ErrorCode::kINVALID_ARGUMENT);
  EXPECT_EQ(odd.error().message, "odd");
  EXPECT_EQ(odd.error().field, "number");
  EXPECT_EQ(odd.error().detail, "detail");
}

TEST(Result, AnErrorPassesFromOneResultToAnother) {
  const auto outer = []() -> Status { return fail(Error{ErrorCode::kCLOSED, "closed"}); };
  const Status status = outer();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kCLOSED);
}

}  // namespace
}  // namespace tasker::base
