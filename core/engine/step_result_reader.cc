// Result documents of handlers (contract, 2.2): the small envelope is read, the payloads stay text.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "core/base/json.h"
#include "core/base/json_text.h"
#include "core/engine/crash_types.h"
#include "core/engine/outcome.h"

namespace tasker::engine {
namespace {

using base::ErrorCode;
using base::json_kind;
using base::JsonKind;
using base::Status;

constexpr double kMillisecondsMax = 1e15;
constexpr std::string_view kErrorType = "handler_error";

/// What the parts of a document say, before they are weighed against each other.
struct Envelope {
  std::optional<bool> success;
  bool is_status_completed = false;
  std::string_view result;
  std::string_view metadata;
  std::string_view error;
  std::string_view events;
  std::optional<bool> metadata_retryable;
  std::optional<bool> error_retryable;
  bool has_message = false;
  bool has_error_type = false;
  std::string_view error_type;
  std::optional<double> execution_ms;
  std::optional<double> retry_after_ms;
  std::optional<double> header_retry_after_ms;
  std::optional<double> hint_retry_after_ms;
};

tl::unexpected<base::Error> refuse(std::string_view path, std::string_view given,
                                   std::string_view expected) {
  return base::fail(ErrorCode::kINVALID_ARGUMENT,
                    fmt::format("{} is `{}`; expected {}", path, base::shown(given), expected),
                    std::string(path));
}

Status read_bool(std::string_view path, std::string_view given, std::optional<bool>& into) {
  if (json_kind(given) == JsonKind::kNull) return {};
  if (json_kind(given) != JsonKind::kBoolean) return refuse(path, given, "true or false");
  into = given == "true";
  return {};
}

/// A number from 0, times `factor`, no larger than kMillisecondsMax.
Status read_milliseconds(std::string_view path, std::string_view given, double factor,
                         std::optional<double>& into) {
  if (json_kind(given) == JsonKind::kNull) return {};
  const auto number = json_kind(given) == JsonKind::kNumber ? base::json_number_value(given)
                                                            : std::optional<double>();
  if (!number || *number < 0) return refuse(path, given, "a number from 0");
  into = std::min(*number * factor, kMillisecondsMax);
  return {};
}

Status expect_string(std::string_view path, std::string_view given, bool& is_there) {
  const JsonKind kind = json_kind(given);
  if (kind != JsonKind::kString && kind != JsonKind::kNull) return refuse(path, given, "a string");
  is_there = kind == JsonKind::kString;
  return {};
}

struct Member {
  using Read = Status (*)(std::string_view path, std::string_view given, Envelope& into);

  constexpr Member(std::string_view whole_path, Read reader)
      : path(whole_path), name(whole_path.substr(whole_path.rfind('.') + 1)), read(reader) {}

  std::string_view path;  ///< whole path, for errors
  std::string_view name;  ///< its last part
  Read read;
};

/// Reads the members of the table, each at most once. Others are passed over.
template <std::size_t kCount>
Status read_members(std::string_view object, const std::array<Member, kCount>& table,
                    Envelope& into) {
  std::array<bool, kCount> seen{};
  base::JsonTextReader reader(object);
  std::string unescaped;
  for (base::JsonTextReader::Member field; reader.next(field);) {
    const std::string_view name = base::json_string_view(field.name, unescaped);
    for (std::size_t i = 0; i < kCount; ++i) {
      if (name != table[i].name) continue;
      if (std::exchange(seen[i], true)) {
        return base::fail(ErrorCode::kINVALID_JSON, fmt::format("{} is given twice", table[i].path),
                          std::string(table[i].path));
      }
      if (Status read = table[i].read(table[i].path, field.value, into); !read) return read;
      break;
    }
  }
  return {};
}

/// An object or null; `raw` is its text when it is an object.
template <std::size_t kCount>
Status read_object(std::string_view path, std::string_view given,
                   const std::array<Member, kCount>& table, std::string_view& raw, Envelope& into) {
  if (json_kind(given) == JsonKind::kNull) return {};
  if (json_kind(given) != JsonKind::kObject) return refuse(path, given, "an object or null");
  raw = given;
  return read_members(given, table, into);
}

constexpr std::array<Member, 3> kMetadataMembers = {{
    {"metadata.retryable",
     [](std::string_view path, std::string_view given, Envelope& into) {
       return read_bool(path, given, into.metadata_retryable);
     }},
    {"metadata.execution_time_ms",
     [](std::string_view path, std::string_view given, Envelope& into) {
       return read_milliseconds(path, given, 1, into.execution_ms);
     }},
    {"metadata.retry_after_seconds",
     [](std::string_view path, std::string_view given, Envelope& into) {
       return read_milliseconds(path, given, 1000, into.retry_after_ms);
     }},
}};

constexpr std::array<Member, 3> kErrorMembers = {{
    {"error.message", [](std::string_view path, std::string_view given,
                         Envelope& into) { return expect_string(path, given, into.has_message); }},
    {"error.error_type",
     [](std::string_view path, std::string_view given, Envelope& into) {
       Status read = expect_string(path, given, into.has_error_type);
       // As written: a type that is known has nothing to escape.
       if (read && into.has_error_type) into.error_type = given.substr(1, given.size() - 2);
       return read;
     }},
    {"error.retryable",
     [](std::string_view path, std::string_view given, Envelope& into) {
       return read_bool(path, given, into.error_retryable);
     }},
}};

bool is_retry_after(std::string_view name) {
  constexpr std::string_view kName = "retry-after";
  return std::equal(name.begin(), name.end(), kName.begin(), kName.end(), [](char given, char c) {
    return (given >= 'A' && given <= 'Z' ? static_cast<char>(given + 32) : given) == c;
  });
}

/// Whole seconds. The header's other form, a date, is passed over: the step's own rule applies.
Status read_header(std::string_view given, Envelope& into) {
  constexpr std::string_view kPath = "orchestration_metadata.headers.retry-after";
  if (json_kind(given) != JsonKind::kString)
    return read_milliseconds(kPath, given, 1000, into.header_retry_after_ms);
  const std::string text = base::json_string_value(given);
  std::uint64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed_to, error] = std::from_chars(text.data(), end, seconds);
  if (error == std::errc() && parsed_to == end) {
    into.header_retry_after_ms = std::min(static_cast<double>(seconds) * 1000, kMillisecondsMax);
  }
  return {};
}

Status read_headers(std::string_view path, std::string_view given, Envelope& into) {
  if (json_kind(given) == JsonKind::kNull) return {};
  if (json_kind(given) != JsonKind::kObject) return refuse(path, given, "an object or null");
  base::JsonTextReader reader(given);
  for (base::JsonTextReader::Member field; reader.next(field);) {
    if (!is_retry_after(base::json_string_value(field.name))) continue;
    if (Status read = read_header(field.value, into); !read) return read;
  }
  return {};
}

constexpr std::array<Member, 1> kHintMembers = {{
    {"orchestration_metadata.backoff_hint.delay_seconds",
     [](std::string_view path, std::string_view given, Envelope& into) {
       return read_milliseconds(path, given, 1000, into.hint_retry_after_ms);
     }},
}};

constexpr std::array<Member, 2> kOrchestrationMembers = {{
    {"orchestration_metadata.headers", read_headers},
    {"orchestration_metadata.backoff_hint",
     [](std::string_view path, std::string_view given, Envelope& into) {
       std::string_view raw;
       return read_object(path, given, kHintMembers, raw, into);
     }},
}};

constexpr std::array<Member, 8> kEnvelopeMembers = {{
    {"step_uuid",
     [](std::string_view path, std::string_view given, Envelope&) {
       bool is_there = false;
       return expect_string(path, given, is_there);
     }},
    {"success", [](std::string_view path, std::string_view given,
                   Envelope& into) { return read_bool(path, given, into.success); }},
    {"result",
     [](std::string_view, std::string_view given, Envelope& into) {
       into.result = given;
       return Status();
     }},
    {"status",
     [](std::string_view path, std::string_view given, Envelope& into) {
       bool is_there = false;
       if (Status read = expect_string(path, given, is_there); !read || !is_there) return read;
       into.is_status_completed = base::json_string_value(given) == "completed";
       return Status();
     }},
    {"metadata",
     [](std::string_view path, std::string_view given, Envelope& into) {
       return read_object(path, given, kMetadataMembers, into.metadata, into);
     }},
    {"error",
     [](std::string_view path, std::string_view given, Envelope& into) {
       return read_object(path, given, kErrorMembers, into.error, into);
     }},
    {"orchestration_metadata",
     [](std::string_view path, std::string_view given, Envelope& into) {
       std::string_view raw;
       return read_object(path, given, kOrchestrationMembers, raw, into);
     }},
    {"domain_events",
     [](std::string_view, std::string_view given, Envelope& into) {
       if (json_kind(given) != JsonKind::kNull) into.events = given;
       return Status();
     }},
}};

/// The handler's error object with what it left out: message, error_type and the retryable that was
/// decided on.
std::string complete_error(const Envelope& envelope, bool retryable) {
  const std::string_view given = envelope.error.empty() ? "{}" : envelope.error;
  std::string missing;
  if (!envelope.has_message) missing += R"(,"message":"the handler failed without a message")";
  if (!envelope.has_error_type) missing += fmt::format(R"(,"error_type":"{}")", kErrorType);
  if (envelope.error_retryable != retryable)
    missing += fmt::format(R"(,"retryable":{})", retryable);
  if (missing.empty()) return std::string(given);
  missing[0] = '{';
  return base::merge_json_objects(given, missing + "}");
}

std::optional<std::int64_t> whole(std::optional<double> number) {
  if (!number) return std::nullopt;
  return std::llround(*number);
}

void weigh(const Envelope& envelope, StepResult& result) {
  result.success = envelope.success.value_or(envelope.is_status_completed);
  result.result_json = envelope.result.empty() ? "{}" : envelope.result;
  result.metadata_json = envelope.metadata;
  result.execution_us = std::llround(envelope.execution_ms.value_or(0) * 1000);
  result.error_json.clear();
  result.retryable = true;
  result.retry_after_ms.reset();
  if (result.success) return;
  const std::optional<bool> said =
      envelope.metadata_retryable ? envelope.metadata_retryable : envelope.error_retryable;
  result.retryable = said ? *said : crash_is_retryable(envelope.error_type).value_or(true);
  result.error_json = complete_error(envelope, result.retryable);
  for (const auto& wish :
       {envelope.retry_after_ms, envelope.header_retry_after_ms, envelope.hint_retry_after_ms}) {
    if (!result.retry_after_ms) result.retry_after_ms = whole(wish);
  }
}

}  // namespace

Status read_step_result(base::JsonText document, std::size_t bytes_max, StepResult& into) {
  if (Status checked = base::check_json_object(document, "result_json", {.bytes_max = bytes_max});
      !checked)
    return checked;
  Envelope envelope;
  if (Status read = read_members(document.text(), kEnvelopeMembers, envelope); !read) return read;
  into.events.clear();
  if (!envelope.events.empty()) {
    auto events = read_handler_events(envelope.events);
    if (!events) return base::fail(std::move(events.error()));
    into.events = std::move(*events);
  }
  weigh(envelope, into);
  return {};
}

base::Result<StepResult> read_step_result(base::JsonText document, std::size_t bytes_max) {
  StepResult result;
  if (Status read = read_step_result(document, bytes_max, result); !read)
    return base::fail(std::move(read.error()));
  return result;
}

}  // namespace tasker::engine
