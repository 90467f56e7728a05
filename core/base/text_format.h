// The formats of strings that JSON Schema's `format` can name.
#pragma once

#include <string_view>

namespace tasker::base {

/// Whether `text` is of the format: `date` (of the calendar), `time` and `date-time` (RFC 3339),
/// `uuid`, `ipv4`, `ipv6`. Every text is of any other format. Threads: any.
bool has_format(std::string_view text, std::string_view format);

/// Whether `text` is a date and time as in RFC 3339, where the zone may be missing, a space may
/// stand for the T and a fraction has at most 9 digits. Days are checked against their month.
/// Threads: any.
bool is_date_time(std::string_view text);

}  // namespace tasker::base
