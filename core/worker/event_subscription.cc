#include "core/worker/event_subscription.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "core/events/event_pattern.h"
#include "core/worker/json_members.h"
#include "core/worker/json_writer.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kPatternsMax = 64;
constexpr std::string_view kDefaultErrorType = "subscriber_error";

struct NumberMember {
  std::string_view name;
  std::uint32_t EventSubscription::*member;
  std::int64_t max;
};
constexpr NumberMember kNumbers[] = {
    {"in_flight_max", &EventSubscription::in_flight_max, 1'024},
    {"max_attempts", &EventSubscription::max_attempts, 100},
    {"backoff_base_ms", &EventSubscription::backoff_base_ms, 3'600'000},
    {"backoff_max_ms", &EventSubscription::backoff_max_ms, 86'400'000},
    {"timeout_ms", &EventSubscription::timeout_ms, 86'400'000},
};

Result<std::vector<std::string>> read_patterns(const JsonMember& member) {
  const simdjson::padded_string copy(member.json);
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (parser.parse(copy).get_array().get(array) != simdjson::SUCCESS || array.size() == 0 ||
      array.size() > kPatternsMax)
    return fail(member.refusal(fmt::format("an array of 1 to {} patterns", kPatternsMax)));
  std::vector<std::string> patterns;
  for (const simdjson::dom::element element : array) {
    std::string_view text;
    const std::string path = fmt::format("{}[{}]", member.path, patterns.size());
    if (element.get_string().get(text) != simdjson::SUCCESS)
      return fail(ErrorCode::kINVALID_ARGUMENT,
                  fmt::format("{} is `{}`; expected a pattern of event names", path,
                              base::shown(simdjson::minify(element))),
                  path);
    if (auto good = events::check_event_pattern(text); !good)
      return fail(ErrorCode::kINVALID_ARGUMENT,
                  fmt::format("{} is `{}`; expected a pattern of event names such as parcel.*",
                              path, base::shown(text)),
                  path);
    patterns.emplace_back(text);
  }
  return patterns;
}

Status read_from(const JsonMember& member, EventSubscription& subscription) {
  auto text = member.as_string();
  if (!text) return fail(text.error());
  if (*text != "next" && *text != "oldest") return fail(member.refusal("next or oldest"));
  subscription.from_oldest = *text == "oldest";
  return {};
}

}  // namespace

Status check_subscriber_name(std::string_view name) {
  const bool is_plain = std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (!name.empty() && name.size() <= kNameBytesMax && is_plain &&
      simdjson::validate_utf8(name.data(), name.size()))
    return {};
  return fail(ErrorCode::kINVALID_ARGUMENT,
              fmt::format("subscriber is \"{}\"; expected 1 to {} bytes of UTF-8 without control "
                          "characters",
                          base::shown(name), kNameBytesMax),
              "subscriber");
}

Result<EventSubscription> read_event_subscription(std::string_view json) {
  const auto members =
      JsonMembers::read(json, "",
                        {"subscriber", "events", "from", "in_flight_max", "max_attempts",
                         "backoff_base_ms", "backoff_max_ms", "timeout_ms"});
  if (!members) return fail(members.error());
  EventSubscription subscription;
  const JsonMember* name = members->find("subscriber");
  auto subscriber = name == nullptr ? Result<std::string>(std::string()) : name->as_string();
  if (!subscriber) return fail(subscriber.error());
  if (auto good = check_subscriber_name(*subscriber); !good) return fail(good.error());
  subscription.subscriber = std::move(*subscriber);
  const JsonMember* patterns = members->find("events");
  if (patterns == nullptr)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                "events is missing; expected an array of patterns of event names", "events");
  auto events = read_patterns(*patterns);
  if (!events) return fail(events.error());
  subscription.events = std::move(*events);
  if (const JsonMember* from = members->find("from"))
    if (auto read = read_from(*from, subscription); !read) return fail(read.error());
  for (const NumberMember& number : kNumbers) {
    const JsonMember* given = members->find(number.name);
    if (given == nullptr) continue;
    const auto value = given->as_integer(1, number.max);
    if (!value) return fail(value.error());
    subscription.*number.member = static_cast<std::uint32_t>(*value);
  }
  return subscription;
}

DeliveryFailure make_delivery_failure(std::string_view message, std::string_view error_type,
                                      bool retryable) {
  DeliveryFailure failure;
  failure.retryable = retryable;
  JsonObject object(failure.error_json);
  object.text("message", message);
  object.text("error_type", error_type);
  object.flag("retryable", retryable);
  object.close();
  return failure;
}

Result<DeliveryFailure> read_delivery_failure(std::string_view json) {
  const auto members = JsonMembers::read(json, "", {"message", "error_type", "retryable"});
  if (!members) return fail(members.error());
  const auto text_of = [&](std::string_view name, std::string_view fallback) {
    const JsonMember* member = members->find(name);
    return member == nullptr ? Result<std::string>(std::string(fallback)) : member->as_string();
  };
  const auto message = text_of("message", "the subscriber failed without a message");
  if (!message) return fail(message.error());
  const auto type = text_of("error_type", kDefaultErrorType);
  if (!type) return fail(type.error());
  bool retryable = true;
  if (const JsonMember* member = members->find("retryable")) {
    if (member->json != "true" && member->json != "false")
      return fail(member->refusal("true or false"));
    retryable = member->json == "true";
  }
  return make_delivery_failure(*message, *type, retryable);
}

}  // namespace tasker::worker
