#include "core/worker/timestamp.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <optional>

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

/// Takes text off its front, piece by piece; a piece that does not fit leaves it failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::optional<unsigned> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool one_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::size_t skip_digits() {
    std::size_t count = 0;
    while (count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') ++count;
    rest_.remove_prefix(count);
    return count;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool scan_date(Scanner& scanner) {
  const auto year = scanner.digits(4);
  if (!year || !scanner.one_of("-")) return false;
  const auto month = scanner.digits(2);
  if (!month || !scanner.one_of("-")) return false;
  const auto day = scanner.digits(2);
  return day && std::chrono::year_month_day(std::chrono::year(static_cast<int>(*year)),
                                            std::chrono::month(*month), std::chrono::day(*day))
                    .ok();
}

bool scan_time(Scanner& scanner) {
  const auto hour = scanner.digits(2);
  if (!hour || *hour > 23 || !scanner.one_of(":")) return false;
  const auto minute = scanner.digits(2);
  if (!minute || *minute > 59 || !scanner.one_of(":")) return false;
  const auto second = scanner.digits(2);
  if (!second || *second > 60) return false;
  if (!scanner.one_of(".")) return true;
  const std::size_t digits = scanner.skip_digits();
  return digits >= 1 && digits <= 9;
}

bool scan_zone(Scanner& scanner) {
  if (scanner.at_end() || scanner.one_of("Zz")) return true;
  if (!scanner.one_of("+-")) return false;
  const auto hours = scanner.digits(2);
  if (!hours || *hours > 23 || !scanner.one_of(":")) return false;
  const auto minutes = scanner.digits(2);
  return minutes && *minutes <= 59;
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

bool is_date_time(std::string_view text) {
  Scanner scanner(text);
  return scan_date(scanner) && scanner.one_of("Tt ") && scan_time(scanner) && scan_zone(scanner) &&
         scanner.at_end();
}

}  // namespace tasker::worker
