#include "core/base/json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "core/base/random.h"

namespace tasker::base {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string as_json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string every_byte() {
  std::string text;
  for (int byte = 0; byte < 256; ++byte) text += static_cast<char>(byte);
  return text;
}

TEST(CheckJson, AcceptsEveryKindOfDocument) {
  for (const std::string_view text :
       {"null", "true", "false", "0", "-0", "1.5e+10", "\"\"", "[]", "{}", " \t\r\n[ 1 , 2 ] \n",
        R"({"a":{"b":[1,{"c":null}]},"a":"\u0000\\\/\"\b\f\n\r\t\uD83D\uDE00","é":"日本"})"}) {
    const Status status = check_json(text, "text");
    EXPECT_TRUE(status) << text << ": " << (status ? "" : status.error().message);
  }
}

TEST(CheckJson, AcceptsWhatJsonStringifyWritesThoughSimdjsonDoesNot) {
  for (const std::string_view text : {"36893488147419103232", "-9223372036854775809", "1e400",
                                      R"("\ud800")", R"("\udc00\ud800x")"}) {
    EXPECT_TRUE(check_json(text, "text")) << text;
  }
}

TEST(CheckJson, RefusesWhatIsNotOneDocument) {
  for (const std::string_view text : {"",
                                      " ",
                                      "nul",
                                      "nulL",
                                      "True",
                                      "tru",
                                      "undefined",
                                      "NaN",
                                      "Infinity",
                                      "-",
                                      "+1",
                                      "01",
                                      "-01",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "0x1",
                                      "1_0",
                                      "1 2",
                                      "[1 2]",
                                      "[1,]",
                                      "[,1]",
                                      "[",
                                      "]",
                                      "[}",
                                      "{]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":1 \"b\":2}",
                                      "{1:2}",
                                      "{}{}",
                                      "[1]x",
                                      "\"",
                                      "\"\\",
                                      "\"\\x41\"",
                                      "\"\\u12\"",
                                      "\"\\u12g4\"",
                                      "\"\t\"",
                                      "\"a\nb\"",
                                      "// c\n1",
                                      "[1]/**/",
                                      "\xEF\xBB\xBF{}"}) {
    const Status status = check_json(text, "text");
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().code, ErrorCode::kINVALID_JSON) << text;
    EXPECT_EQ(status.error().field, "text");
  }
}

TEST(CheckJson, RefusesARawNulByteAnywhere) {
  for (const std::string& text :
       {std::string("\0", 1), std::string("{}\0", 3), std::string("\"\0\"", 3),
        std::string("[1\0]", 4), std::string("\"\\\0\"", 4)}) {
    EXPECT_FALSE(check_json(text, "text")) << testing::PrintToString(text);
  }
}

TEST(CheckJson, TellsFieldPlaceAndExpectation) {
  const struct {
    std::string_view text;
    std::string_view message;
  } cases[] = {
      {"{\"a\":1 \"b\":2}",
       "result is not JSON: at byte 7 found `\"` where `,` or `}` is expected"},
      {"[1,2", "result is not JSON: at byte 4 the text ends where `,` or `]` is expected"},
      {"[nope]",
       "result is not JSON: at byte 1 found `n` where `true`, `false` or `null` is expected"},
      {"{\"é\":日}", "result is not JSON: at byte 6 found `日` where a value is expected"},
      {"\"a\nb\"",
       "result is not JSON: at byte 2 found `\\n` where an escape instead of a control character "
       "is "
       "expected"},
      {"\"ab\xFF\"", "result is not UTF-8: malformed sequence at byte 3"},
  };
  for (const auto& one : cases) {
    const Status status = check_json(one.text, "result");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, one.message);
  }
  const Status unnamed = check_json("", "");
  ASSERT_FALSE(unnamed);
  EXPECT_EQ(unnamed.error().message,
            "the text is not JSON: at byte 0 the text ends where a value is expected");
}

TEST(CheckJson, RefusesMalformedUtf8InAndOutOfStrings) {
  for (const std::string_view text : {"\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"",
                                      "\"\xE2\x82\"", "\xFF", "[1]\x80"}) {
    const Status status = check_json(text, "text");
    ASSERT_FALSE(status) << testing::PrintToString(text);
    EXPECT_EQ(status.error().code, ErrorCode::kINVALID_JSON);
  }
}

TEST(CheckJson, KeepsTheLimitOfBytes) {
  const JsonLimits limits{.bytes_max = 10, .depth_max = 5};
  EXPECT_TRUE(check_json("\"12345678\"", "text", limits));
  const Status over = check_json("\"123456789\"", "text", limits);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::kTOO_LARGE);
  EXPECT_EQ(over.error().message, "text has 11 bytes; at most 10 are allowed");
}

TEST(CheckJson, KeepsTheDefaultLimitOfBytes) {
  const std::size_t max = JsonLimits{}.bytes_max;
  const std::string at_limit = '"' + std::string(max - 2, 'x') + '"';
  EXPECT_TRUE(check_json(at_limit, "text"));
  const Status over = check_json(at_limit + ' ', "text");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::kTOO_LARGE);
}

TEST(CheckJson, KeepsTheLimitOfDepth) {
  const std::size_t max = JsonLimits{}.depth_max;
  EXPECT_TRUE(check_json(nested(max), "text"));
  const Status over = check_json(nested(max + 1), "text");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::kTOO_LARGE);
  EXPECT_EQ(over.error().message,
            "text is nested too deep at byte 128; at most 128 levels are allowed");
  const JsonLimits one{.bytes_max = 100, .depth_max = 1};
  EXPECT_TRUE(check_json("{\"a\":1}", "text", one));
  EXPECT_FALSE(check_json("{\"a\":{}}", "text", one));
  EXPECT_FALSE(check_json("{}", "text", {.bytes_max = 100, .depth_max = 0}));
}

TEST(CheckJson, DepthCostsNoStack) {
  constexpr std::uint32_t kDepth = 1'000'000;
  EXPECT_TRUE(check_json(nested(kDepth), "text", {.bytes_max = 1U << 24, .depth_max = kDepth}));
}

/// Whether simdjson accepts it; nullopt where the two are meant to differ.
std::optional<bool> simdjson_accepts(simdjson::dom::parser& parser, const std::string& text) {
  switch (parser.parse(text).error()) {
    case simdjson::SUCCESS:
      return true;
    case simdjson::NUMBER_ERROR:
    case simdjson::STRING_ERROR:
      return std::nullopt;
    default:
      return false;
  }
}

TEST(CheckJson, AgreesWithSimdjsonOnRandomChangesOfADocument) {
  constexpr std::uint64_t kSeed = 20260102;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  Random random(kSeed);
  simdjson::dom::parser parser;
  const std::string original =
      R"({"a":[1,-2.5e3,true,false,null,"x\n\u00e9é"],"b":{"c":{},"d":[[],{}]}, "e" : 0 })";
  constexpr std::string_view kBytes("{}[],:\"\\ 01-.eEtrufalsn\n\t\xC3\xA9\0", 28);
  int accepted = 0;
  int refused = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text = original;
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      const std::size_t at = random.below(text.size());
      const char byte = kBytes[random.below(kBytes.size())];
      const std::uint64_t kind = random.below(3);
      if (kind == 0) text[at] = byte;
      if (kind == 1) text.insert(at, 1, byte);
      if (kind == 2) text.erase(at, 1 + random.below(4));
    }
    const std::optional<bool> expected = simdjson_accepts(parser, text);
    if (!expected) continue;
    ASSERT_EQ(check_json(text, "text").has_value(), *expected) << text;
    ++(*expected ? accepted : refused);
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(CheckJsonObject, AcceptsAnObjectWithSpaceAroundIt) {
  EXPECT_TRUE(check_json_object(" \r\n\t{\"a\":1} ", "context"));
}

TEST(CheckJsonObject, RefusesEveryOtherKindAndBrokenObjects) {
  for (const std::string_view text : {"null", "[]", "[{}]", "\"{}\"", "1", "true", "{", ""}) {
    const Status status = check_json_object(text, "context");
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().code, ErrorCode::kINVALID_JSON);
    EXPECT_EQ(status.error().field, "context");
  }
  const Status list = check_json_object(" [1]", "context");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().message, "context is `[1]`; a JSON object is expected");
}

TEST(AppendJsonString, EscapesOnlyWhatJsonDemands) {
  EXPECT_EQ(as_json_string(""), "\"\"");
  EXPECT_EQ(as_json_string("plain / text é \x7F \u2028"), "\"plain / text é \x7F \u2028\"");
  EXPECT_EQ(as_json_string("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(as_json_string(std::string_view("\0\x01\x1F", 3)), R"("\u0000\u0001\u001f")");
}

TEST(AppendJsonString, AppendsToWhatIsThere) {
  std::string out = "[";
  append_json_string(out, "a\"b");
  EXPECT_EQ(out, "[\"a\\\"b\"");
}

TEST(AppendJsonString, ReplacesMalformedUtf8) {
  EXPECT_EQ(as_json_string("a\xFF\"\xE2\x82z\xC3\xA9"), "\"a\uFFFD\\\"\uFFFDzé\"");
  EXPECT_TRUE(check_json(as_json_string(every_byte()), "text"));
}

TEST(AppendJsonString, IsReadBackAsWritten) {
  constexpr std::uint64_t kSeed = 20260103;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  Random random(kSeed);
  simdjson::dom::parser parser;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(40); i > 0; --i) {
      text += random.below(4) == 0 ? std::string("é\U0001F600").substr(random.below(2) * 2)
                                   : std::string(1, static_cast<char>(random.below(128)));
    }
    const std::string json = as_json_string(text);
    std::string_view back;
    ASSERT_EQ(parser.parse(json).get(back), simdjson::SUCCESS) << json;
    ASSERT_EQ(back, text);
  }
}

TEST(CheckJsonObject, OfACheckedTextOnlySizeAndKindAreLookedAt) {
  EXPECT_TRUE(check_json_object(JsonText::checked(R"({"a":1})"), "payload", {.bytes_max = 7}));
  const Status large =
      check_json_object(JsonText::checked(R"({"a":10})"), "payload", {.bytes_max = 7});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kTOO_LARGE);
  EXPECT_EQ(large.error().message, "payload has 8 bytes; at most 7 are allowed");
  const Status list = check_json_object(JsonText::checked("[1]"), "payload");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().message, "payload is `[1]`; a JSON object is expected");
}

}  // namespace
}  // namespace tasker::base
