// The publishes that a thread is inside of: a listener may publish, and its listeners again, but
// not without end.
#pragma once

#include <cstdint>

namespace tasker::events {

/// Lives on the stack for the time of a publish. Threads: the one that made it.
class PublishFrame {
 public:
  /// `bus` is an address that tells buses apart.
  explicit PublishFrame(const void* bus)
      : bus_(bus), previous_(innermost), depth_(depth_in(bus) + 1) {
    innermost = this;
  }
  ~PublishFrame() { innermost = previous_; }
  PublishFrame(const PublishFrame&) = delete;
  PublishFrame& operator=(const PublishFrame&) = delete;

  /// 1 for a publish that is inside no other of the same bus.
  std::uint32_t depth() const { return depth_; }

  /// How many publishes of `bus` the calling thread is inside of.
  static std::uint32_t depth_in(const void* bus) {
    for (const PublishFrame* frame = innermost; frame != nullptr; frame = frame->previous_) {
      if (frame->bus_ == bus) return frame->depth_;
    }
    return 0;
  }

 private:
  const void* bus_;
  const PublishFrame* previous_;
  std::uint32_t depth_;

  // tidy: allow(thread-local) depth belongs to a thread's stack, and listeners do not pass it on
  static inline thread_local const PublishFrame* innermost = nullptr;
};

}  // namespace tasker::events
