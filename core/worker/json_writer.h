// Writes JSON objects and arrays straight into a string: payloads go in as the text they are.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/json.h"
#include "core/base/uuid.h"
#include "core/worker/timestamp.h"

namespace tasker::worker {

/// One JSON object, opened at construction and closed by close(). Member names are plain ASCII
/// without quotes or backslashes. Threads: one at a time.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  void close() { out_ += '}'; }

  /// Appends the name; the caller appends the value to the same string.
  void name(std::string_view name) {
    // One growth for each member: events are written by the thousand.
    const std::size_t at = out_.size();
    out_.resize(at + name.size() + (first_ ? 3 : 4));
    char* to = out_.data() + at;
    if (!std::exchange(first_, false)) *to++ = ',';
    *to++ = '"';
    to = std::copy(name.begin(), name.end(), to);
    *to++ = '"';
    *to = ':';
  }
  void text(std::string_view member, std::string_view value) {
    name(member);
    base::append_json_string(out_, value);
  }
  void text_or_null(std::string_view member, const std::optional<std::string>& value) {
    if (value) {
      text(member, *value);
    } else {
      null(member);
    }
  }
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) void number(std::string_view member, Integer value) {
    name(member);
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    out_.append(digits, end);
  }
  template <std::integral Integer>
  void number_or_null(std::string_view member, const std::optional<Integer>& value) {
    if (value) {
      number(member, *value);
    } else {
      null(member);
    }
  }
  void flag(std::string_view member, bool value) { raw(member, value ? "true" : "false"); }
  void null(std::string_view member) { raw(member, "null"); }
  /// `json` is JSON text; empty stands for null.
  void raw(std::string_view member, std::string_view json) {
    name(member);
    out_ += json.empty() ? std::string_view("null") : json;
  }
  void uuid(std::string_view member, const base::Uuid& value) {
    name(member);
    out_ += '"';
    value.append_to(out_);
    out_ += '"';
  }
  void uuid_or_null(std::string_view member, const std::optional<base::Uuid>& value) {
    if (value) {
      uuid(member, *value);
    } else {
      null(member);
    }
  }
  /// Null for a time of 0, which stands for "not yet".
  void time(std::string_view member, std::int64_t time_us, TimeSpelling spelling) {
    if (time_us == 0) return null(member);
    name(member);
    out_ += '"';
    append_time(out_, time_us, spelling);
    out_ += '"';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

/// Appends a JSON array: `write_one(element)` appends one element.
template <class Range, class WriteOne>
void append_json_array(std::string& out, const Range& range, WriteOne write_one) {
  out += '[';
  bool first = true;
  for (const auto& element : range) {
    if (!first) out += ',';
    first = false;
    write_one(element);
  }
  out += ']';
}

}  // namespace tasker::worker
