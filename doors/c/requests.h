// Requests that were begun and not waited for, and their replies.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "core/base/result.h"

namespace tasker::c {

/// Threads: any.
class Requests {
 public:
  /// Begun and not polled; bounds the memory of a user that never polls.
  static constexpr std::size_t kRequestsMax = 65'536;

  explicit Requests(std::function<void()> announce) : announce_(std::move(announce)) {}

  /// A number for a new request. FULL; CLOSED.
  base::Result<std::uint64_t> begin();
  /// A request that could not be begun after all.
  void forget();
  /// The reply to a request whose result is JSON text.
  static std::string reply_text(std::uint64_t request, const base::Result<std::string>& result);
  /// The end of a request.
  void reply(std::string text);

  /// Calls `deliver` with a JSON array of up to `max` replies, in the order of their ends, unless
  /// none waits. What it throws goes through, and the replies stay.
  void poll(std::size_t max, const std::function<void(std::string_view)>& deliver);
  bool has_replies() const;
  /// Begun, and its reply not polled yet.
  bool has_open() const;

  /// Replies that still come are dropped.
  void close();

 private:
  const std::function<void()> announce_;
  mutable base::Mutex mutex_;
  std::uint64_t last_ TASKER_GUARDED_BY(mutex_) = 0;
  std::size_t open_ TASKER_GUARDED_BY(mutex_) = 0;
  std::deque<std::string> replies_ TASKER_GUARDED_BY(mutex_);
  bool closed_ TASKER_GUARDED_BY(mutex_) = false;
};

}  // namespace tasker::c
