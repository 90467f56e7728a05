#include "core/worker/timestamp.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>

namespace tasker::worker {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kDayUs = 86'400 * kSecondUs;

void put_digits(char* to, unsigned value, int digits) {
  for (int place = digits - 1; place >= 0; --place) {
    to[place] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

int fraction_digits(unsigned micros, TimeSpelling spelling) {
  if (spelling == TimeSpelling::kStepResponse || spelling == TimeSpelling::kDomainEvent) return 6;
  if (micros == 0) return 0;
  return micros % 1000 == 0 ? 3 : 6;
}

}  // namespace

void append_time(std::string& out, std::int64_t time_us, TimeSpelling spelling) {
  std::int64_t days = time_us / kDayUs;
  std::int64_t in_day_us = time_us % kDayUs;
  if (in_day_us < 0) {
    in_day_us += kDayUs;
    --days;
  }
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
  const auto seconds = static_cast<unsigned>(in_day_us / kSecondUs);
  const auto micros = static_cast<unsigned>(in_day_us % kSecondUs);

  char text[27] = "0000-00-00T00:00:00.";
  const int year = static_cast<int>(date.year());
  const bool four_digits = year >= 0 && year <= 9999;
  if (four_digits) put_digits(text, static_cast<unsigned>(year), 4);
  put_digits(text + 5, static_cast<unsigned>(date.month()), 2);
  put_digits(text + 8, static_cast<unsigned>(date.day()), 2);
  if (spelling == TimeSpelling::kStepEvent) text[10] = ' ';
  put_digits(text + 11, seconds / 3600, 2);
  put_digits(text + 14, seconds / 60 % 60, 2);
  put_digits(text + 17, seconds % 60, 2);
  const int digits = fraction_digits(micros, spelling);
  put_digits(text + 20, digits == 3 ? micros / 1000 : micros, digits);
  std::size_t length = digits == 0 ? 19 : 20 + static_cast<std::size_t>(digits);
  if (spelling == TimeSpelling::kTaskResponse || spelling == TimeSpelling::kStepResponse) {
    text[length++] = 'Z';
  }
  if (four_digits) {
    out.append(text, length);
  } else {
    out += fmt::format("{:+}", year);
    out.append(text + 4, length - 4);
  }
  if (spelling == TimeSpelling::kDomainEvent) out += "000+00:00";
}

}  // namespace tasker::worker
