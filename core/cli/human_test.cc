#include "core/cli/human.h"

#include <gtest/gtest.h>

namespace tasker::cli {
namespace {

TEST(DurationText, ChoosesTheUnitThatFits) {
  EXPECT_EQ(duration_text(-5), "0 µs");
  EXPECT_EQ(duration_text(0), "0 µs");
  EXPECT_EQ(duration_text(850), "850 µs");
  EXPECT_EQ(duration_text(12'340), "12.3 ms");
  EXPECT_EQ(duration_text(123'400), "123 ms");
  EXPECT_EQ(duration_text(4'210'000), "4.21 s");
  EXPECT_EQ(duration_text(125'000'000), "2 min 5 s");
  EXPECT_EQ(duration_text(11'520'000'000), "3 h 12 min");
  EXPECT_EQ(duration_text(187'200'000'000), "2 d 4 h");
}

TEST(AgeText, TellsPastAndFuture) {
  constexpr std::int64_t kNowUs = 1'771'239'845'000'000;
  EXPECT_EQ(age_text(kNowUs, 0), "-");
  EXPECT_EQ(age_text(kNowUs, kNowUs - 999'999), "just now");
  EXPECT_EQ(age_text(kNowUs, kNowUs - 12'000'000), "12 s ago");
  EXPECT_EQ(age_text(kNowUs, kNowUs - 150'000'000), "2 min ago");
  EXPECT_EQ(age_text(kNowUs, kNowUs - 7'200'000'000), "2 h ago");
  EXPECT_EQ(age_text(kNowUs, kNowUs - 200'000'000'000), "2 d ago");
  EXPECT_EQ(age_text(kNowUs, kNowUs + 3'000'000), "in 3 s");
}

TEST(BytesText, CountsInPowersOf1024) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1024), "1.0 KiB");
  EXPECT_EQ(bytes_text(1'258'291), "1.2 MiB");
}

TEST(Counted, MatchesTheNounToTheNumber) {
  EXPECT_EQ(counted(0, "step"), "0 steps");
  EXPECT_EQ(counted(1, "step"), "1 step");
  EXPECT_EQ(counted(2, "step"), "2 steps");
}

TEST(Printable, LetsNoTextSteerTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mred"), "a\\u001b[31mred");
  EXPECT_EQ(printable("two\nlines\t"), "two\\nlines\\t");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J"),
            "\\u009b2J");
  EXPECT_EQ(printable("right\xE2\x80\xAEtfel"), "right\\u202etfel");
  EXPECT_EQ(printable("bad \xFF byte"), "bad \xEF\xBF\xBD byte");
  EXPECT_EQ(printable("plain é 語"), "plain é 語");
  EXPECT_EQ(printable_lines("two\nlines\x07"), "two\nlines\\u0007");
}

TEST(Fitted, CutsOnCharactersNotBytes) {
  EXPECT_EQ(text_width("é語x"), 3U);
  EXPECT_EQ(fitted("é語x", 3), "é語x");
  EXPECT_EQ(fitted("é語xyz", 3), "é語…");
  EXPECT_EQ(fitted("abc", 1), "…");
  EXPECT_EQ(fitted("abc", 0), "");
}

}  // namespace
}  // namespace tasker::cli
