#include "core/worker/transition_events.h"

#include <fmt/format.h>

#include <array>

namespace tasker::worker {
namespace {

struct Entry {
  std::string_view name;
  /// Members besides the common ones, each required: `"name":{schema},…`.
  std::string_view members;
};

constexpr std::string_view kTime = R"({"type":"string","format":"date-time"})";
constexpr std::string_view kCount = R"({"type":"integer","minimum":0})";

// By Transition. Besides these, a task's payloads hold what kTaskMembers lists, a step's also what
// kStepMembers does.
constexpr std::array<Entry, kTransitionCount> kEntries = {{
    {"task.created", R"("step_count":COUNT)"},
    {"task.completed", ""},
    {"task.blocked", ""},
    {"task.failed", ""},
    {"task.cancelled", ""},
    {"task.resolved", ""},
    {"task.retried", R"("steps_retried":COUNT)"},
    {"step.created", R"("state":{"enum":["pending","enqueued"]})"},
    {"step.enqueued", ""},
    {"step.claimed", ""},
    {"step.checkpointed", R"("items_processed":COUNT)"},
    {"step.completed", R"("execution_time_ms":COUNT)"},
    {"step.timed_out", R"("execution_time_ms":COUNT)"},
    {"step.lost", ""},
    {"step.waiting_for_retry",
     R"("execution_time_ms":COUNT,"retry_at":TIME,"error":{"type":"object"})"},
    {"step.failed", R"("execution_time_ms":COUNT,"error":{"type":"object"})"},
    {"step.handed_back", ""},
    {"step.cancelled", ""},
    {"step.retried", ""},
}};

constexpr std::string_view kTaskMembers =
    R"("sequence":{"type":"integer","minimum":1},"at":TIME,"worker_id":{"type":"string"},)"
    R"("task_uuid":{"type":"string"},"correlation_id":{"type":"string"},)"
    R"("namespace":{"type":"string"},"task_name":{"type":"string"},"version":{"type":"string"})";
constexpr std::string_view kStepMembers =
    R"("step_uuid":{"type":"string"},"step_name":{"type":"string"},)"
    R"("handler":{"type":"string"},"attempt":COUNT)";

std::string expanded(std::string_view members) {
  std::string out(members);
  const auto replace_all = [&out](std::string_view word, std::string_view by) {
    for (std::size_t at = 0; (at = out.find(word, at)) != std::string::npos; at += by.size())
      out.replace(at, word.size(), by);
  };
  replace_all("COUNT", kCount);
  replace_all("TIME", kTime);
  return out;
}

/// Appends the names of `members`, which all lie at one level, to a JSON list.
void append_names(std::string& out, std::string_view members) {
  int depth = 0;
  for (std::size_t at = 0; at < members.size(); ++at) {
    const char c = members[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"' || depth > 0) continue;
    const std::size_t end = members.find('"', at + 1);
    if (!out.empty()) out += ',';
    out += members.substr(at, end + 1 - at);
    at = end;
  }
}

const Entry& entry_of(Transition transition) {
  return kEntries[static_cast<std::size_t>(transition)];
}

}  // namespace

std::string_view transition_name(Transition transition) { return entry_of(transition).name; }

bool is_of_step(Transition transition) { return transition >= Transition::kStepCreated; }

std::string transition_schema(Transition transition) {
  std::string properties(kTaskMembers);
  if (is_of_step(transition)) properties.append(",").append(kStepMembers);
  const std::string_view own = entry_of(transition).members;
  if (!own.empty()) properties.append(",").append(own);
  std::string required;
  append_names(required, properties);
  return fmt::format(R"({{"type":"object","properties":{{{}}},"required":[{}]}})",
                     expanded(properties), required);
}

}  // namespace tasker::worker
