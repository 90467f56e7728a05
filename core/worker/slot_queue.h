// A queue whose places keep their memory: what is put in changes places with what was there before.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace tasker::worker {

/// `T` is swappable and default-constructible. Threads: one at a time.
template <class T>
class SlotQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::span<T> items() { return {slots_.data(), size_}; }

  /// Puts `value` at the end, and what its place held into `value`.
  void exchange(T& value) {
    if (size_ == slots_.size()) slots_.emplace_back();
    using std::swap;
    swap(slots_[size_], value);
    ++size_;
  }
  /// Takes all that is in `other`, in its order.
  void take_all(SlotQueue& other) {
    if (empty()) {
      std::swap(slots_, other.slots_);
      std::swap(size_, other.size_);
      return;
    }
    for (T& value : other.items()) exchange(value);
    other.size_ = 0;
  }
  /// Drops the first `count`; their memory stays.
  void drop_first(std::size_t count) {
    std::rotate(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(count),
                slots_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ -= count;
  }
  void clear() { size_ = 0; }

 private:
  std::vector<T> slots_;
  std::size_t size_ = 0;
};

}  // namespace tasker::worker
