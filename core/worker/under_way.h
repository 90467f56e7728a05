// Counts what is between two owners, so that somebody can wait until nothing is.
#pragma once

#include <atomic>
#include <cstdint>

namespace tasker::worker {

/// Counts itself in for as long as it lives.
class UnderWay {
 public:
  explicit UnderWay(std::atomic<std::uint32_t>& count) : count_(count) { ++count_; }
  ~UnderWay() {
    if (--count_ == 0) count_.notify_all();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  std::atomic<std::uint32_t>& count_;
};

}  // namespace tasker::worker
