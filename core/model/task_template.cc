#include "core/model/task_template.h"

#include <array>

namespace tasker::model {
namespace {

constexpr std::array<std::string_view, 5> kStepTypeNames = {
    "standard", "decision", "deferred_convergence", "batchable", "batch_worker"};
constexpr std::array<std::string_view, 5> kBackoffNames = {"none", "fixed", "linear", "exponential",
                                                           "fibonacci"};

template <class Enum, std::size_t kCount>
std::string_view name_of(const std::array<std::string_view, kCount>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < kCount ? names[index] : "unknown";
}

template <class Enum, std::size_t kCount>
std::optional<Enum> parse(const std::array<std::string_view, kCount>& names,
                          std::string_view name) {
  for (std::size_t i = 0; i < kCount; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view step_type_name(StepType type) { return name_of(kStepTypeNames, type); }

std::optional<StepType> parse_step_type(std::string_view name) {
  return parse<StepType>(kStepTypeNames, name);
}

std::string_view backoff_name(Backoff backoff) { return name_of(kBackoffNames, backoff); }

std::optional<Backoff> parse_backoff(std::string_view name) {
  return parse<Backoff>(kBackoffNames, name);
}

std::string template_key(const TaskTemplate& task_template) {
  return task_template.namespace_name + "/" + task_template.name + ":" + task_template.version;
}

}  // namespace tasker::model
