// Waits for the answer of a call that the core answers later.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/result.h"
#include "doors/c/steps_object.h"

namespace tasker::c {

/// Calls `begin` with a function that takes the answer, once and from any thread, and waits for it.
/// CLOSED when the object ends without an answer.
template <class Value>
base::Result<Value> await(
    const std::shared_ptr<StepsObject>& object,
    const std::function<void(std::function<void(base::Result<Value>)>)>& begin) {
  struct Answer {
    std::atomic<bool> is_there{false};
    std::optional<base::Result<Value>> value;
  };
  const auto answer = std::make_shared<Answer>();
  begin([answer, waiting = std::weak_ptr<StepsObject>(object)](base::Result<Value> value) {
    answer->value = std::move(value);
    answer->is_there = true;
    if (const auto alive = waiting.lock()) alive->tell_waiters();
  });
  object->wait_until([&] { return answer->is_there.load(); });
  if (answer->is_there) return std::move(*answer->value);
  return base::fail(base::ErrorCode::kCLOSED, "closed while it waited");
}

}  // namespace tasker::c
