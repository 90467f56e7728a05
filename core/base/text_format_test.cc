#include "core/base/text_format.h"

#include <gtest/gtest.h>

#include <vector>

namespace tasker::base {
namespace {

struct Case {
  std::string_view format;
  std::vector<std::string_view> good;
  std::vector<std::string_view> bad;
};

TEST(TextFormat, ATextIsOfAFormatOrIsNot) {
  const std::vector<Case> cases = {
      {"date",
       {"2024-02-29", "1999-12-31", "0001-01-01"},
       {"", "2023-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "24-04-01", "2024-4-1",
        "2024-04-01 ", "2024-04-01T", "2024/04/01", "-024-04-01"}},
      {"time",
       {"00:00:00Z", "23:59:60z", "12:30:15.123456+05:30", "12:30:15-00:00"},
       {"24:00:00Z", "12:60:00Z", "12:00:61Z", "12:00Z", "12:00:00", "12:00:00.Z", "12:00:00+5:30",
        "12:00:00+24:00", "12:00:00ZZ"}},
      {"date-time",
       {"2024-02-29T12:00:00Z", "2024-02-29t12:00:00.5+01:00"},
       {"2024-02-29", "2024-02-29 12:00:00Z", "2023-02-29T12:00:00Z", "yesterday"}},
      {"uuid",
       {"01900000-0000-7000-8000-00000000000f", "01900000-0000-7000-8000-00000000000F"},
       {"01900000000070008000000000000000", "01900000-0000-7000-8000-00000000000g", ""}},
      {"ipv4", {"127.0.0.1"}, {"127.0.0", "256.0.0.1", "::1", {"127.0.0.1\0", 10}, ""}},
      {"ipv6", {"::1", "fe80::1:2"}, {"127.0.0.1", "fe80::1::2", "::1%lo", ""}},
      {"colour", {"", "green"}, {}},
  };
  for (const Case& each : cases) {
    for (const std::string_view text : each.good)
      EXPECT_TRUE(has_format(text, each.format)) << each.format << ": " << text;
    for (const std::string_view text : each.bad)
      EXPECT_FALSE(has_format(text, each.format)) << each.format << ": " << text;
  }
}

TEST(IsDateTime, TakesEveryZoneAndNone) {
  for (const char* text : {"2026-02-16T11:04:05Z", "2026-02-16T11:04:05", "2026-02-16 11:04:05.5",
                           "2026-02-16T11:04:05.123456789+00:00", "2024-02-29t23:59:60-08:30"}) {
    EXPECT_TRUE(is_date_time(text)) << text;
  }
}

TEST(IsDateTime, RefusesWhatIsNoDateAndTime) {
  for (const char* text :
       {"", "2026-02-16", "2026-02-16T11:04", "2026-02-30T11:04:05Z", "2023-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-02-16T24:00:00Z", "2026-02-16T11:60:05Z",
        "2026-02-16T11:04:61Z", "2026-02-16T11:04:05.Z", "2026-02-16T11:04:05.1234567890Z",
        "2026-02-16T11:04:05+0100", "2026-02-16T11:04:05Z ", "2026-02-16T11:04:05+24:00", "now",
        "2026/02/16T11:04:05Z"}) {
    EXPECT_FALSE(is_date_time(text)) << text;
  }
}

}  // namespace
}  // namespace tasker::base
