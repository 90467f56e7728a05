#include "core/base/text_format.h"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

#include "core/base/uuid.h"

namespace tasker::base {
namespace {

/// Reads fields of a fixed width from the front of a text; once something did not fit, nothing
/// does.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  bool accept(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) { fits_ = accept(any_of) && fits_; }

  int number(std::size_t digits, int least, int most) {
    const std::string_view field = rest_.substr(0, digits);
    fits_ = fits_ && field.size() == digits && std::all_of(field.begin(), field.end(), is_digit);
    if (!fits_) return least;
    int value = 0;
    for (const char digit : field) value = value * 10 + (digit - '0');
    rest_.remove_prefix(digits);
    fits_ = value >= least && value <= most;
    return value;
  }

  void digits(std::size_t most) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_digit);
    const auto count = static_cast<std::size_t>(end - rest_.begin());
    fits_ = fits_ && count > 0 && count <= most;
    rest_.remove_prefix(count);
  }

  void require(bool holds) { fits_ = fits_ && holds; }
  bool at_end() const { return rest_.empty(); }
  bool all_fit() const { return fits_ && rest_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
  bool fits_ = true;
};

void read_date(Fields& fields) {
  const int year = fields.number(4, 0, 9999);
  fields.expect("-");
  const int month = fields.number(2, 1, 12);
  fields.expect("-");
  const int day = fields.number(2, 1, 31);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  fields.require(date.ok());
}

void read_hours_and_minutes(Fields& fields) {
  fields.number(2, 0, 23);
  fields.expect(":");
  fields.number(2, 0, 59);
}

void read_clock(Fields& fields, std::size_t fraction_digits_max = std::string_view::npos) {
  read_hours_and_minutes(fields);
  fields.expect(":");
  fields.number(2, 0, 60);  // a leap second
  if (fields.accept(".")) fields.digits(fraction_digits_max);
}

void read_zone(Fields& fields) {
  if (fields.accept("Zz")) return;
  fields.expect("+-");
  read_hours_and_minutes(fields);
}

void read_time(Fields& fields) {
  read_clock(fields);
  read_zone(fields);
}

bool is_address(int family, std::string_view text) {
  in6_addr address{};
  return text.find('\0') == std::string_view::npos &&
         inet_pton(family, std::string(text).c_str(), &address) == 1;
}

}  // namespace

bool has_format(std::string_view text, std::string_view format) {
  Fields fields(text);
  if (format == "date") {
    read_date(fields);
    return fields.all_fit();
  }
  if (format == "time") {
    read_time(fields);
    return fields.all_fit();
  }
  if (format == "date-time") {
    read_date(fields);
    fields.expect("Tt");
    read_time(fields);
    return fields.all_fit();
  }
  if (format == "uuid") return parse_uuid(text).has_value();
  if (format == "ipv4") return is_address(AF_INET, text);
  if (format == "ipv6") return is_address(AF_INET6, text);
  return true;
}

bool is_date_time(std::string_view text) {
  Fields fields(text);
  read_date(fields);
  fields.expect("Tt ");
  read_clock(fields, 9);
  if (!fields.at_end()) read_zone(fields);
  return fields.all_fit();
}

}  // namespace tasker::base
