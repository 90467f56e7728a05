#include "doors/c/news.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace tasker::c {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;
using base::Status;

namespace {

constexpr std::int64_t kMicrosPerMs = 1'000;

// An eventfd that is not read below its maximum takes a 1 at once; EINTR cannot come without
// blocking.
void signal(int descriptor) {
  const std::uint64_t one = 1;
  (void)!write(descriptor, &one, sizeof one);
}

void clear(int descriptor) {
  std::uint64_t count = 0;
  (void)!read(descriptor, &count, sizeof count);
}

}  // namespace

void News::raise() {
  raised_ = true;
  if (descriptor_ >= 0 && !std::exchange(readable_, true)) signal(descriptor_);
  changed_.notify_all();
  if (!wakeup_.on_wakeup) return;
  call_due_ = true;
  callback_.notify_all();
}

tl::unexpected<base::Error> News::closed() const {
  return fail(ErrorCode::kCLOSED, fmt::format("the {} is closed", what_));
}

void News::announce() {
  Lock lock(mutex_);
  // A poll may have been quicker than the announcement.
  if (!closed_ && still_waits_()) raise();
}

void News::settle() {
  Lock lock(mutex_);
  if (!raised_ || closed_ || still_waits_()) return;
  raised_ = false;
  if (std::exchange(readable_, false)) clear(descriptor_);
}

void News::poke() {
  Lock lock(mutex_);
  changed_.notify_all();
}

News::Waited News::wait(std::int64_t timeout_ms, const std::function<bool()>& over) {
  Lock lock(mutex_);
  bool is_over = false;
  const bool met =
      changed_.wait_for(mutex_, timeout_ms * kMicrosPerMs, [&]() TASKER_REQUIRES(mutex_) {
        is_over = over();
        return raised_ || closed_ || is_over;
      });
  if (closed_) return Waited::kClosed;
  if (raised_) return Waited::kNews;
  return met && is_over ? Waited::kOver : Waited::kTimedOut;
}

Result<int> News::descriptor() {
  Lock lock(mutex_);
  if (closed_) return closed();
  if (descriptor_ >= 0) return descriptor_;
  const int made = eventfd(raised_ ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made < 0)
    return fail(ErrorCode::kTOO_LARGE,
                fmt::format("no descriptor is left: {}", std::generic_category().message(errno)));
  readable_ = raised_;
  descriptor_ = made;
  return made;
}

bool News::inside_callback() const {
  Lock lock(mutex_);
  return calling_ && caller_ == std::this_thread::get_id();
}

Status News::set_wakeup(Wakeup& wakeup) {
  if (inside_callback())
    return fail(ErrorCode::kINVALID_STATE, "a wake-up callback may not replace itself");
  Lock exchange_lock(exchange_mutex_);
  Lock lock(mutex_);
  if (closed_) return closed();
  if (wakeup.on_wakeup && !thread_.joinable()) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      return fail(ErrorCode::kTOO_LARGE,
                  fmt::format("no thread is left for the wake-up: {}", error.what()));
    }
    caller_ = thread_.get_id();
  }
  Wakeup old;
  std::swap(old, wakeup_);
  call_due_ = false;
  callback_.wait(mutex_, [this]() TASKER_REQUIRES(mutex_) { return !calling_; });
  if (closed_) {
    std::swap(old, wakeup_);
    return closed();
  }
  wakeup_ = std::move(wakeup);
  wakeup = std::move(old);
  call_due_ = raised_;
  callback_.notify_all();
  return {};
}

void News::run() {
  Lock lock(mutex_);
  for (;;) {
    callback_.wait(mutex_, [this]() TASKER_REQUIRES(mutex_) { return call_due_ || closed_; });
    if (closed_) return;
    call_due_ = false;
    const tasker_wakeup_callback on_wakeup = wakeup_.on_wakeup;
    void* const data = wakeup_.data.get();
    if (!on_wakeup) continue;
    calling_ = true;
    mutex_.unlock();
    on_wakeup(data);
    mutex_.lock();
    calling_ = false;
    callback_.notify_all();
  }
}

void News::shut() {
  Lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  callback_.notify_all();
}

void News::close() {
  shut();
  std::thread ending;
  Wakeup last;
  {
    Lock exchange_lock(exchange_mutex_);
    Lock lock(mutex_);
    std::swap(ending, thread_);
  }
  if (ending.joinable()) ending.join();
  Lock lock(mutex_);
  std::swap(last, wakeup_);
  if (descriptor_ >= 0) (void)::close(std::exchange(descriptor_, -1));
}

}  // namespace tasker::c
