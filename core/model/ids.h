// Ids inside one store. Opaque: only a store back end knows how they are made.
#pragma once

#include <compare>
#include <cstdint>

namespace tasker::model {

enum class TaskId : std::int64_t {};
enum class TemplateId : std::int64_t {};
enum class WorkerId : std::int64_t {};
enum class SubscriberId : std::int64_t {};

/// A (namespace, callable) pair, interned by the store: small and dense, so that it can index an
/// array.
enum class HandlerId : std::uint32_t {};

/// A step: its task and its place in that task.
struct StepKey {
  TaskId task{};
  std::uint32_t index = 0;
  auto operator<=>(const StepKey&) const = default;
};

}  // namespace tasker::model
