#include "core/base/json_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "core/base/random.h"

namespace tasker::base {
namespace {

std::size_t find_one_by_one(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '"' && text[at] != '\\' &&
         static_cast<unsigned char>(text[at]) >= 0x20)
    ++at;
  return std::min(at, text.size());
}

TEST(JsonScan, FindsWhatDoesNotStandForItselfAtAnyPlace) {
  for (const char found : {'"', '\\', '\0', '\x1f'}) {
    for (std::size_t size = 1; size <= 40; ++size) {
      for (std::size_t place = 0; place < size; ++place) {
        std::string text(size, 'x');
        text[place] = found;
        EXPECT_EQ(find_not_plain(text, 0), place);
        EXPECT_EQ(find_not_plain(text, place + 1), size);
      }
    }
  }
}

TEST(JsonScan, AgreesWithALookAtEachByte) {
  Random random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    // Neighbours of what is looked for are the bytes that a look at eight at once may mistake.
    const std::string_view nearby =
        round % 2 == 0 ? "!\"#[\\]\x1f\x20\x21\x7f\x80\xff" : "\x20!#az\x7f\x80\xa2\xdc\xff";
    const std::size_t size = random.below(40);
    for (std::size_t i = 0; i < size; ++i) text += nearby[random.below(nearby.size())];
    for (std::size_t at = 0; at <= size; ++at)
      ASSERT_EQ(find_not_plain(text, at), find_one_by_one(text, at)) << "round " << round;
  }
}

TEST(JsonScan, AByteSetHasWhatItWasGiven) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_EQ(kJsonSpace.has(c), c == ' ' || c == '\n' || c == '\r' || c == '\t');
  }
}

}  // namespace
}  // namespace tasker::base
