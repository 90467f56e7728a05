#include "core/worker/housekeeper.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace tasker::worker {

namespace {

// Tasks that another process finishes are found by looking, and only while somebody waits for one.
constexpr std::int64_t kWaitersEveryUs = 250'000;

}  // namespace

Housekeeper::Housekeeper(Duties duties, std::unique_ptr<store::ChangeWatch> watch,
                         std::int64_t renew_every_us, const base::Clock& clock)
    : duties_(std::move(duties)),
      watch_(std::move(watch)),
      renew_every_us_(renew_every_us),
      clock_(clock),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      next_renewal_us_(clock.monotonic_us() + renew_every_us) {}

Housekeeper::~Housekeeper() {
  stop();
  close(wake_fd_);
}

void Housekeeper::start() {
  base::Lock lock(stop_mutex_);
  thread_ = std::thread([this] { run(); });
}

void Housekeeper::stop() {
  base::Lock lock(stop_mutex_);
  if (!thread_.joinable()) return;
  stopping_ = true;
  wake();
  thread_.join();
}

void Housekeeper::wake() {
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then the thread wakes anyway.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

void Housekeeper::deadline_changed() {
  look_at_deadlines_ = true;
  wake();
}

void Housekeeper::set_next_due(std::int64_t due_wall_us) {
  if (next_due_wall_us_.exchange(due_wall_us) != due_wall_us) wake();
}

void Housekeeper::waiters_changed() {
  if (!look_at_waiters_.exchange(true)) wake();
}

int Housekeeper::pause_ms() {
  const std::int64_t now_us = clock_.monotonic_us();
  std::int64_t wait_us = next_renewal_us_ - now_us;
  if (next_deadline_us_ != 0) wait_us = std::min(wait_us, next_deadline_us_ - now_us);
  if (next_waiters_us_ != 0) wait_us = std::min(wait_us, next_waiters_us_ - now_us);
  if (const std::int64_t due_us = next_due_wall_us_; due_us != 0)
    wait_us = std::min(wait_us, due_us - clock_.wall_us());
  const std::int64_t ms = (std::max<std::int64_t>(wait_us, 0) + 999) / 1'000;
  return static_cast<int>(std::min<std::int64_t>(ms, std::numeric_limits<int>::max()));
}

void Housekeeper::run() {
  while (!stopping_) {
    std::array<pollfd, 2> fds{pollfd{wake_fd_, POLLIN, 0},
                              pollfd{watch_ ? watch_->fd() : -1, POLLIN, 0}};
    poll(fds.data(), fds.size(), pause_ms());
    if (stopping_) return;
    if (fds[0].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t taken = read(wake_fd_, &count, sizeof count);
    }
    if (fds[1].revents != 0) {
      watch_->acknowledge();
      duties_.store_changed();
    }
    const std::int64_t now_us = clock_.monotonic_us();
    if (look_at_deadlines_.exchange(false) ||
        (next_deadline_us_ != 0 && next_deadline_us_ <= now_us))
      next_deadline_us_ = duties_.deadlines();
    if (const std::int64_t due_us = next_due_wall_us_; due_us != 0 && due_us <= clock_.wall_us()) {
      // The commit that follows tells the next one.
      std::int64_t expected = due_us;
      next_due_wall_us_.compare_exchange_strong(expected, 0);
      duties_.back_off_due();
    }
    if (look_at_waiters_.exchange(false) || (next_waiters_us_ != 0 && next_waiters_us_ <= now_us))
      next_waiters_us_ = duties_.check_waiters() ? now_us + kWaitersEveryUs : 0;
    if (next_renewal_us_ <= now_us) {
      next_renewal_us_ = now_us + renew_every_us_;
      duties_.renew_lease();
    }
  }
}

}  // namespace tasker::worker
