#include "core/engine/step_result_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "core/base/json.h"
#include "core/engine/crash_types.h"

namespace tasker::engine {
namespace {

using base::ErrorCode;
using base::Status;
using simdjson::ondemand::json_type;
using simdjson::ondemand::object;
using simdjson::ondemand::value;

constexpr std::size_t kKeptBytesMax = 1U << 20;
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

tl::unexpected<base::Error> refuse(std::string_view path, value& given, std::string_view expected) {
  std::string_view raw;
  if (simdjson::to_json_string(given).get(raw) != simdjson::SUCCESS) raw = "a value";
  return base::fail(ErrorCode::kINVALID_ARGUMENT,
                    fmt::format("{} is `{}`; expected {}", path, base::shown(raw), expected),
                    std::string(path));
}

json_type type_of(value& given) {
  json_type type{};
  return given.type().get(type) == simdjson::SUCCESS ? type : json_type::null;
}

Status read_bool(std::string_view path, value& given, std::optional<bool>& into) {
  if (type_of(given) == json_type::null) return {};
  bool flag = false;
  if (type_of(given) != json_type::boolean || given.get_bool().get(flag) != simdjson::SUCCESS) {
    return refuse(path, given, "true or false");
  }
  into = flag;
  return {};
}

/// A number from 0, times `factor`, no larger than kMillisecondsMax.
Status read_milliseconds(std::string_view path, value& given, double factor,
                         std::optional<double>& into) {
  if (type_of(given) == json_type::null) return {};
  double number = 0;
  if (type_of(given) != json_type::number || given.get_double().get(number) != simdjson::SUCCESS ||
      number < 0) {
    return refuse(path, given, "a number from 0");
  }
  into = std::min(number * factor, kMillisecondsMax);
  return {};
}

Status expect_string(std::string_view path, value& given, bool& is_there) {
  const json_type type = type_of(given);
  if (type != json_type::string && type != json_type::null) return refuse(path, given, "a string");
  is_there = type == json_type::string;
  return {};
}

std::string_view between_quotes(std::string_view token) {
  token.remove_prefix(std::min<std::size_t>(1, token.size()));
  return token.substr(0, token.find('"'));
}

struct Member {
  using Read = Status (*)(std::string_view path, value& given, Envelope& into);

  constexpr Member(std::string_view whole_path, Read reader)
      : path(whole_path), name(whole_path.substr(whole_path.rfind('.') + 1)), read(reader) {}

  std::string_view path;  ///< whole path, for errors
  std::string_view name;  ///< its last part
  Read read;
};

/// Reads the members of the table, each at most once. Others are passed over.
template <std::size_t kCount>
Status read_members(object& from, const std::array<Member, kCount>& table, Envelope& into) {
  std::array<bool, kCount> seen{};
  for (auto field : from) {
    std::string_view name;
    // Half a surrogate pair is legal JSON, but no name that is known here.
    if (field.unescaped_key().get(name) != simdjson::SUCCESS) continue;
    for (std::size_t i = 0; i < kCount; ++i) {
      if (table[i].name != name) continue;
      if (std::exchange(seen[i], true)) {
        return base::fail(ErrorCode::kINVALID_JSON, fmt::format("{} is given twice", table[i].path),
                          std::string(table[i].path));
      }
      value given;
      if (field.value().get(given) != simdjson::SUCCESS) break;
      if (Status read = table[i].read(table[i].path, given, into); !read) return read;
      break;
    }
  }
  return {};
}

/// An object or null; `raw` is its text when it is an object.
template <std::size_t kCount>
Status read_object(std::string_view path, value& given, const std::array<Member, kCount>& table,
                   std::string_view& raw, Envelope& into) {
  if (type_of(given) == json_type::null) return {};
  object members;
  if (type_of(given) != json_type::object || given.get_object().get(members) != simdjson::SUCCESS) {
    return refuse(path, given, "an object or null");
  }
  bool has_members = false;
  if (members.raw_json().get(raw) != simdjson::SUCCESS ||
      members.reset().get(has_members) != simdjson::SUCCESS) {
    return base::fail(ErrorCode::kINVALID_JSON, fmt::format("{} can not be read", path),
                      std::string(path));
  }
  return has_members ? read_members(members, table, into) : Status();
}

constexpr std::array<Member, 3> kMetadataMembers = {{
    {"metadata.retryable",
     [](std::string_view path, value& given, Envelope& into) {
       return read_bool(path, given, into.metadata_retryable);
     }},
    {"metadata.execution_time_ms",
     [](std::string_view path, value& given, Envelope& into) {
       return read_milliseconds(path, given, 1, into.execution_ms);
     }},
    {"metadata.retry_after_seconds",
     [](std::string_view path, value& given, Envelope& into) {
       return read_milliseconds(path, given, 1000, into.retry_after_ms);
     }},
}};

constexpr std::array<Member, 3> kErrorMembers = {{
    {"error.message", [](std::string_view path, value& given,
                         Envelope& into) { return expect_string(path, given, into.has_message); }},
    {"error.error_type",
     [](std::string_view path, value& given, Envelope& into) {
       Status read = expect_string(path, given, into.has_error_type);
       // As written: a type that is known has nothing to escape.
       if (read && into.has_error_type) into.error_type = between_quotes(given.raw_json_token());
       return read;
     }},
    {"error.retryable",
     [](std::string_view path, value& given, Envelope& into) {
       return read_bool(path, given, into.error_retryable);
     }},
}};

bool is_retry_after(std::string_view name) {
  constexpr std::string_view kName = "retry-after";
  if (name.size() != kName.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
    if (c != kName[i]) return false;
  }
  return true;
}

/// Whole seconds. The header's other form, a date, is passed over: the step's own rule applies.
Status read_header(value& given, Envelope& into) {
  constexpr std::string_view kPath = "orchestration_metadata.headers.retry-after";
  if (type_of(given) != json_type::string) {
    return read_milliseconds(kPath, given, 1000, into.header_retry_after_ms);
  }
  std::string_view text;
  if (given.get_string().get(text) != simdjson::SUCCESS) return {};
  std::uint64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed_to, error] = std::from_chars(text.data(), end, seconds);
  if (error == std::errc() && parsed_to == end) {
    into.header_retry_after_ms = std::min(static_cast<double>(seconds) * 1000, kMillisecondsMax);
  }
  return {};
}

Status read_headers(std::string_view path, value& given, Envelope& into) {
  if (type_of(given) == json_type::null) return {};
  object headers;
  if (type_of(given) != json_type::object || given.get_object().get(headers) != simdjson::SUCCESS) {
    return refuse(path, given, "an object or null");
  }
  for (auto field : headers) {
    std::string_view name;
    value content;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS || !is_retry_after(name)) continue;
    if (field.value().get(content) != simdjson::SUCCESS) continue;
    if (Status read = read_header(content, into); !read) return read;
  }
  return {};
}

constexpr std::array<Member, 1> kHintMembers = {{
    {"orchestration_metadata.backoff_hint.delay_seconds",
     [](std::string_view path, value& given, Envelope& into) {
       return read_milliseconds(path, given, 1000, into.hint_retry_after_ms);
     }},
}};

constexpr std::array<Member, 2> kOrchestrationMembers = {{
    {"orchestration_metadata.headers", read_headers},
    {"orchestration_metadata.backoff_hint",
     [](std::string_view path, value& given, Envelope& into) {
       std::string_view raw;
       return read_object(path, given, kHintMembers, raw, into);
     }},
}};

constexpr std::array<Member, 8> kEnvelopeMembers = {{
    {"step_uuid",
     [](std::string_view path, value& given, Envelope&) {
       bool is_there = false;
       return expect_string(path, given, is_there);
     }},
    {"success", [](std::string_view path, value& given,
                   Envelope& into) { return read_bool(path, given, into.success); }},
    {"result",
     [](std::string_view path, value& given, Envelope& into) {
       if (simdjson::to_json_string(given).get(into.result) == simdjson::SUCCESS) return Status();
       return Status(refuse(path, given, "a JSON value"));
     }},
    {"status",
     [](std::string_view path, value& given, Envelope& into) {
       bool is_there = false;
       if (Status read = expect_string(path, given, is_there); !read || !is_there) return read;
       std::string_view text;
       into.is_status_completed =
           given.get_string().get(text) == simdjson::SUCCESS && text == "completed";
       return Status();
     }},
    {"metadata",
     [](std::string_view path, value& given, Envelope& into) {
       return read_object(path, given, kMetadataMembers, into.metadata, into);
     }},
    {"error",
     [](std::string_view path, value& given, Envelope& into) {
       return read_object(path, given, kErrorMembers, into.error, into);
     }},
    {"orchestration_metadata",
     [](std::string_view path, value& given, Envelope& into) {
       std::string_view raw;
       return read_object(path, given, kOrchestrationMembers, raw, into);
     }},
    {"domain_events",
     [](std::string_view path, value& given, Envelope& into) {
       if (type_of(given) == json_type::null) return Status();
       if (simdjson::to_json_string(given).get(into.events) == simdjson::SUCCESS) return Status();
       return Status(refuse(path, given, "an array or null"));
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

StepResult weigh(const Envelope& envelope) {
  StepResult result;
  result.success = envelope.success.value_or(envelope.is_status_completed);
  if (!envelope.result.empty()) result.result_json = envelope.result;
  result.metadata_json = envelope.metadata;
  result.execution_us = std::llround(envelope.execution_ms.value_or(0) * 1000);
  if (result.success) return result;
  const std::optional<bool> said =
      envelope.metadata_retryable ? envelope.metadata_retryable : envelope.error_retryable;
  result.retryable = said ? *said : crash_is_retryable(envelope.error_type).value_or(true);
  result.error_json = complete_error(envelope, result.retryable);
  for (const auto& wish :
       {envelope.retry_after_ms, envelope.header_retry_after_ms, envelope.hint_retry_after_ms}) {
    if (!result.retry_after_ms) result.retry_after_ms = whole(wish);
  }
  return result;
}

}  // namespace

struct StepResultReader::Parser {
  simdjson::ondemand::parser parser;
  std::string padded;
};

StepResultReader::StepResultReader() : parser_(std::make_unique<Parser>()) {}
StepResultReader::~StepResultReader() = default;

base::Result<StepResult> StepResultReader::read(std::string_view document, std::size_t bytes_max) {
  constexpr std::string_view kField = "result_json";
  // simdjson's lazy parser does not look into values that are passed over; this check does.
  if (Status checked = base::check_json_object(document, kField, {.bytes_max = bytes_max});
      !checked) {
    return base::fail(std::move(checked.error()));
  }
  std::string& padded = parser_->padded;
  padded.assign(document);
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  Envelope envelope;
  simdjson::ondemand::document parsed;
  object members;
  if (parser_->parser.iterate(padded.data(), document.size(), padded.size()).get(parsed) !=
          simdjson::SUCCESS ||
      parsed.get_object().get(members) != simdjson::SUCCESS) {
    return base::fail(ErrorCode::kINVALID_JSON, "result_json can not be read", std::string(kField));
  }
  Status read = read_members(members, kEnvelopeMembers, envelope);
  base::Result<StepResult> result =
      read ? base::Result<StepResult>(weigh(envelope)) : base::fail(std::move(read.error()));
  if (result && !envelope.events.empty()) {
    auto events = read_handler_events(envelope.events);
    if (events)
      result->events = std::move(*events);
    else
      result = base::fail(std::move(events.error()));
  }
  if (document.size() > kKeptBytesMax) parser_ = std::make_unique<Parser>();
  return result;
}

base::Result<StepResult> read_step_result(std::string_view document, std::size_t bytes_max) {
  return StepResultReader().read(document, bytes_max);
}

}  // namespace tasker::engine
