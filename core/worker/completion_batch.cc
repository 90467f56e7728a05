#include "core/worker/completion_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>
#include <utility>
#include <vector>

#include "core/base/json.h"

namespace tasker::worker {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using simdjson::SUCCESS;

namespace {

constexpr const char* kField = "completions_json";
constexpr std::size_t kBytesMax = 256U << 20;
constexpr std::uint32_t kDepthMax = 130;  // a result's own depth, its object and the array

/// An element: what it completes, or why it could not be read.
struct CompletionText {
  std::string event_id;  ///< as given; empty when it was not there
  Result<base::Uuid> id;
  std::string_view result_json;  ///< borrows from the text
};

/// Reads the members of one element.
class ElementReader {
 public:
  ElementReader(std::size_t index, std::string_view original, const simdjson::padded_string& copy)
      : index_(index), original_(original), copy_(copy) {}

  CompletionText read(simdjson::ondemand::value element) {
    simdjson::ondemand::object members;
    if (element.get_object().get(members) != SUCCESS) {
      refuse({}, "an object with event_id and result");
    } else {
      for (auto member : members)
        if (!add(member)) break;
    }
    if (!error_ && !id_) refuse(".event_id", "a UUID");
    if (!error_ && result_.empty()) refuse(".result", "a result document");
    CompletionText read{std::move(event_id_), {}, result_};
    if (error_)
      read.id = fail(std::move(*error_));
    else
      read.id = *id_;
    return read;
  }

 private:
  void refuse(std::string_view member, std::string_view expected) {
    const std::string field = fmt::format("completions[{}]{}", index_, member);
    error_ =
        Error{ErrorCode::kINVALID_ARGUMENT, fmt::format("{}; expected {}", field, expected), field};
  }

  template <class Member>
  bool add(Member& member) {
    std::string_view name;
    simdjson::ondemand::value value;
    if (member.unescaped_key().get(name) != SUCCESS) return refused_member("a member name");
    const bool is_id = name == "event_id";
    if (!is_id && name != "result") return refused_member("event_id and result alone");
    if (is_id ? id_.has_value() : !result_.empty()) return refused_member("each member once");
    if (member.value().get(value) != SUCCESS) return refused_member("a value");
    return is_id ? add_id(value) : add_result(value);
  }

  bool refused_member(std::string_view expected) {
    refuse({}, expected);
    return false;
  }

  bool add_id(simdjson::ondemand::value value) {
    std::string_view text;
    if (value.get_string().get(text) == SUCCESS) {
      event_id_ = text;
      id_ = base::parse_uuid(text);
    }
    if (!id_) refuse(".event_id", "a UUID");
    return id_.has_value();
  }

  bool add_result(simdjson::ondemand::value value) {
    std::string_view text;
    if (simdjson::to_json_string(value).get(text) != SUCCESS) {
      refuse(".result", "a result document");
      return false;
    }
    result_ = original_.substr(static_cast<std::size_t>(text.data() - copy_.data()), text.size());
    return true;
  }

  const std::size_t index_;
  const std::string_view original_;
  const simdjson::padded_string& copy_;
  std::string event_id_;
  std::optional<base::Uuid> id_;
  std::string_view result_;
  std::optional<Error> error_;
};

Result<std::vector<CompletionText>> read_completions(std::string_view json) {
  if (auto checked =
          base::check_json(json, kField, {.bytes_max = kBytesMax, .depth_max = kDepthMax});
      !checked)
    return fail(checked.error());
  const simdjson::padded_string copy(json);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::array array;
  if (parser.iterate(copy).get(document) != SUCCESS || document.get_array().get(array) != SUCCESS)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} is {}; expected an array", kField, base::shown(json)), kField);
  std::vector<CompletionText> read;
  for (auto element : array) {
    if (read.size() == kCompletionsMax)
      return fail(ErrorCode::kINVALID_ARGUMENT,
                  fmt::format("{} has more than {} elements", kField, kCompletionsMax), kField);
    simdjson::ondemand::value value;
    if (element.get(value) != SUCCESS)
      return fail(ErrorCode::kINVALID_JSON, fmt::format("{} can not be read", kField), kField);
    read.push_back(ElementReader(read.size(), json, copy).read(value));
  }
  return read;
}

void append_refusal(std::string& out, std::size_t index, std::string_view event_id,
                    const Error& error) {
  out += out.empty() ? '[' : ',';
  out += fmt::format(R"({{"index":{},"event_id":)", index);
  base::append_json_string(out, event_id);
  out += fmt::format(R"(,"error":{}}})", error.to_json());
}

}  // namespace

Result<std::string> complete_step_events_json(Worker& worker, std::string_view json) {
  return complete_step_events_json(
      [&worker](const base::Uuid& id, std::string_view result) {
        return worker.complete_step_event(id, result);
      },
      json);
}

Result<std::string> complete_step_events_json(const CompleteOne& complete, std::string_view json) {
  const auto completions = read_completions(json);
  if (!completions) return fail(completions.error());
  std::string refusals;
  for (std::size_t i = 0; i < completions->size(); ++i) {
    const CompletionText& completion = (*completions)[i];
    base::Status status;
    if (completion.id)
      status = complete(*completion.id, completion.result_json);
    else
      status = fail(completion.id.error());
    if (!status) append_refusal(refusals, i, completion.event_id, status.error());
  }
  if (!refusals.empty()) refusals += ']';
  return refusals;
}

}  // namespace tasker::worker
