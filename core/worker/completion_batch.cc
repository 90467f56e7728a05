#include "core/worker/completion_batch.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/base/json_text.h"

namespace tasker::worker {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::JsonKind;
using base::Result;

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

/// Reads one element of a checked text.
class ElementReader {
 public:
  explicit ElementReader(std::size_t index) : index_(index) {}

  CompletionText read(std::string_view element) {
    if (base::json_kind(element) != JsonKind::kObject) {
      refuse({}, "an object with event_id and result");
    } else {
      base::JsonTextReader members(element);
      for (base::JsonTextReader::Member member; members.next(member);)
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
  bool refuse(std::string_view member, std::string_view expected) {
    const std::string field = fmt::format("completions[{}]{}", index_, member);
    error_ =
        Error{ErrorCode::kINVALID_ARGUMENT, fmt::format("{}; expected {}", field, expected), field};
    return false;
  }

  bool add(const base::JsonTextReader::Member& member) {
    const std::string_view name = base::json_string_view(member.name, unescaped_);
    const bool is_id = name == "event_id";
    if (!is_id && name != "result") return refuse({}, "event_id and result alone");
    if (is_id ? id_.has_value() : !result_.empty()) return refuse({}, "each member once");
    if (is_id) return add_id(member.value);
    result_ = member.value;
    return true;
  }

  bool add_id(std::string_view value) {
    if (base::json_kind(value) == JsonKind::kString) {
      event_id_ = base::json_string_view(value, unescaped_);
      id_ = base::parse_uuid(event_id_);
    }
    return id_.has_value() || refuse(".event_id", "a UUID");
  }

  const std::size_t index_;
  std::string unescaped_;
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
  json.remove_prefix(json.find_first_not_of(" \n\r\t"));
  if (base::json_kind(json) != JsonKind::kArray)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} is {}; expected an array", kField, base::shown(json)), kField);
  std::vector<CompletionText> read;
  base::JsonTextReader elements(json);
  for (std::string_view element; elements.next(element);) {
    if (read.size() == kCompletionsMax)
      return fail(ErrorCode::kINVALID_ARGUMENT,
                  fmt::format("{} has more than {} elements", kField, kCompletionsMax), kField);
    read.push_back(ElementReader(read.size()).read(element));
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
      [&worker](const base::Uuid& id, base::JsonText result) {
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
      status = complete(*completion.id, base::JsonText::checked(completion.result_json));
    else
      status = fail(completion.id.error());
    if (!status) append_refusal(refusals, i, completion.event_id, status.error());
  }
  if (!refusals.empty()) refusals += ']';
  return refusals;
}

}  // namespace tasker::worker
