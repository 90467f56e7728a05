// The pointer that comes with a callback: its finalizer runs exactly once.
#pragma once

#include <utility>

#include "include/tasker/tasker.h"

namespace tasker::c {

/// Threads: one at a time.
class UserData {
 public:
  UserData() = default;
  UserData(void* data, tasker_finalizer finalizer) : data_(data), finalizer_(finalizer) {}
  UserData(UserData&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        finalizer_(std::exchange(other.finalizer_, nullptr)) {}
  UserData& operator=(UserData&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(finalizer_, other.finalizer_);
    return *this;
  }
  ~UserData() { finalize(); }

  void* get() const { return data_; }
  void finalize() {
    if (const auto finalizer = std::exchange(finalizer_, nullptr)) finalizer(data_);
  }

 private:
  void* data_ = nullptr;
  tasker_finalizer finalizer_ = nullptr;
};

}  // namespace tasker::c
