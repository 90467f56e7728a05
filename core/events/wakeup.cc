#include "core/events/wakeup.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace tasker::events {
namespace {

constexpr std::uint32_t kIdle = 0;
constexpr std::uint32_t kAsleep = 1;
constexpr std::uint32_t kSignalled = 2;

// One sleep, so that a deadline far away does not overflow a timespec.
constexpr std::int64_t kSleepUsMax = 3'600'000'000;

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
              std::atomic<std::uint32_t>::is_always_lock_free);

/// Returns at any time; the caller looks at the word again.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, const timespec* timeout) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, timeout, nullptr, 0);
}

void futex_wake_one(std::atomic<std::uint32_t>* word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace

bool Wakeup::wait_until(const base::Clock& clock, std::int64_t deadline_us) {
  std::uint32_t seen = kIdle;
  if (!state_.compare_exchange_strong(seen, kAsleep) && seen == kSignalled) return true;
  while (state_.load() != kSignalled) {
    if (deadline_us == kNever) {
      futex_wait(state_, kAsleep, nullptr);
      continue;
    }
    const std::int64_t now_us = clock.monotonic_us();
    if (now_us >= deadline_us) return state_.load() == kSignalled;
    const std::int64_t sleep_us = std::min(deadline_us - now_us, kSleepUsMax);
    const timespec timeout{.tv_sec = static_cast<time_t>(sleep_us / 1'000'000),
                           .tv_nsec = static_cast<long>(sleep_us % 1'000'000 * 1000)};
    futex_wait(state_, kAsleep, &timeout);
  }
  return true;
}

void Wakeup::signal() {
  // Past the exchange the object may be gone; its address alone is handed to the kernel, which
  // wakes nobody or somebody who looks again.
  std::atomic<std::uint32_t>* const word = &state_;
  if (state_.exchange(kSignalled) == kAsleep) futex_wake_one(word);
}

}  // namespace tasker::events
