// What the tests of this folder share: sizes that a sanitizer can bear, seeds, items that are
// counted, a clock by hand, a coroutine that runs by itself.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <charconv>
#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/events/channel.h"

namespace tasker::events {

#if defined(__SANITIZE_THREAD__)
inline constexpr std::uint64_t kSlowness = 20;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr std::uint64_t kSlowness = 5;
#else
inline constexpr std::uint64_t kSlowness = 1;
#endif

/// `count` of a plain run, less under a sanitizer.
inline constexpr std::uint64_t scaled(std::uint64_t count) { return count / kSlowness; }

inline const base::SystemClock& system_clock() {
  static const base::SystemClock clock;
  return clock;
}

/// TASKER_SEED, or a new seed; printed, so that a run can be repeated.
inline std::uint64_t test_seed() {
  std::uint64_t seed = base::Random::from_system().next() % 1'000'000'007;
  // tidy: allow(environment) only a test's own seed
  if (const char* text = std::getenv("TASKER_SEED"); text != nullptr) {
    const auto [end, code] = std::from_chars(text, text + std::strlen(text), seed);
    EXPECT_TRUE(code == std::errc{} && *end == '\0') << "TASKER_SEED=" << text;
  }
  // tidy: allow(print) a seed that is not shown can not be used again
  std::cout << "TASKER_SEED=" << seed << "\n";
  return seed;
}

/// Whether `predicate` turns true within a minute.
template <class Predicate>
bool eventually(Predicate predicate) {
  const std::int64_t give_up_us = system_clock().monotonic_us() + 60'000'000;
  while (!predicate()) {
    if (system_clock().monotonic_us() > give_up_us) return false;
    std::this_thread::yield();
  }
  return true;
}

class ManualClock final : public base::Clock {
 public:
  std::int64_t wall_us() const override { return now_us_; }
  std::int64_t monotonic_us() const override { return now_us_; }
  void advance(std::int64_t by_us) { now_us_ += by_us; }

 private:
  std::atomic<std::int64_t> now_us_{1'000'000};
};

/// An item that knows how many of its kind are alive; a moved-from one counts too.
class Counted {
 public:
  explicit Counted(std::uint64_t value = 0) : value_(value) { ++live(); }
  Counted(Counted&& other) noexcept : value_(std::exchange(other.value_, kMoved)) { ++live(); }
  Counted& operator=(Counted&& other) noexcept {
    value_ = std::exchange(other.value_, kMoved);
    return *this;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --live(); }

  std::uint64_t value() const { return value_; }
  bool moved_from() const { return value_ == kMoved; }

  static std::atomic<std::int64_t>& live() {
    static std::atomic<std::int64_t> count{0};
    return count;
  }

 private:
  static constexpr std::uint64_t kMoved = UINT64_MAX;
  std::uint64_t value_;
};

/// What NumberBooks reads: the producer and the number of a text.
inline std::string numbered(std::uint64_t producer, std::uint64_t number) {
  return std::to_string(producer) + " " + std::to_string(number);
}

/// One receiver's books of numbered() texts: each producer's numbers, from 1 on, have to come in
/// order. One thread adds, others may read.
class NumberBooks {
 public:
  static constexpr std::size_t kProducersMax = 8;

  /// @param gaps_allowed  whether numbers may be missing
  explicit NumberBooks(bool gaps_allowed) : gaps_allowed_(gaps_allowed) {}

  /// What stands behind the number does not matter.
  void add(std::string_view text) {
    std::uint64_t producer = 0;
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const char* const space = std::from_chars(text.data(), end, producer).ptr;
    std::from_chars(space + 1, end, number);
    std::uint64_t& last = last_.at(producer);
    in_order_ = in_order_ && (gaps_allowed_ ? number > last : number == last + 1);
    last = number;
    ++count_;
  }

  bool in_order() const { return in_order_; }
  std::uint64_t count() const { return count_; }

 private:
  const bool gaps_allowed_;
  std::array<std::uint64_t, kProducersMax> last_{};
  std::atomic<bool> in_order_{true};
  std::atomic<std::uint64_t> count_{0};
};

template <class T>
std::unique_ptr<Channel<T>> open_channel(std::size_t capacity, FullPolicy full = FullPolicy::kWait,
                                         const base::Clock& clock = system_clock()) {
  auto channel = Channel<T>::open({.capacity = capacity, .full = full}, clock);
  EXPECT_TRUE(channel) << channel.error().message;
  return std::move(*channel);
}

/// A coroutine that starts at once and cleans up after itself.
struct Detached {
  // NOLINTNEXTLINE(readability-identifier-naming): the language asks for this name
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

}  // namespace tasker::events
