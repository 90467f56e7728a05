// Waits for the answer of a call that the core answers later.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/result.h"
#include "doors/c/worker_object.h"

namespace tasker::c {

/// Calls `begin` with a function that takes the answer, once and from any thread, and waits for it.
/// CLOSED when the worker is stopped without an answer.
template <class Value>
base::Result<Value> await(
    const Use& used, const std::function<void(std::function<void(base::Result<Value>)>)>& begin) {
  struct Answer {
    std::atomic<bool> is_there{false};
    std::optional<base::Result<Value>> value;
  };
  const auto answer = std::make_shared<Answer>();
  begin([answer, object = std::weak_ptr<WorkerObject>(used.shared())](base::Result<Value> value) {
    answer->value = std::move(value);
    answer->is_there = true;
    if (const auto alive = object.lock()) alive->tell_waiters();
  });
  used->wait_until([&] { return answer->is_there.load(); });
  if (answer->is_there) return std::move(*answer->value);
  return base::fail(base::ErrorCode::kCLOSED, "the worker is closed");
}

}  // namespace tasker::c
