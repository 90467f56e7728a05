#include "doors/c/requests.h"

#include <fmt/format.h>

#include <utility>

namespace tasker::c {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;

Result<std::uint64_t> Requests::begin() {
  Lock lock(mutex_);
  if (closed_) return fail(ErrorCode::kCLOSED, "the worker is closed");
  if (open_ >= kRequestsMax)
    return fail(ErrorCode::kFULL,
                fmt::format("{} requests are open; expected their replies to be polled", open_));
  ++open_;
  return ++last_;
}

void Requests::forget() {
  Lock lock(mutex_);
  --open_;
}

std::string Requests::reply_text(std::uint64_t request, const Result<std::string>& result) {
  if (result) return fmt::format(R"({{"request":{},"result":{}}})", request, *result);
  return fmt::format(R"({{"request":{},"error":{}}})", request, result.error().to_json());
}

void Requests::reply(std::string text) {
  {
    Lock lock(mutex_);
    if (closed_) return;
    replies_.push_back(std::move(text));
  }
  announce_();
}

void Requests::poll(std::size_t max, const std::function<void(std::string_view)>& deliver) {
  Lock lock(mutex_);
  std::size_t count = 0;
  std::size_t bytes = 2;
  for (; count < max && count < replies_.size(); ++count) bytes += replies_[count].size() + 1;
  if (count == 0) return;
  std::string out;
  out.reserve(bytes);
  out += '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    out += replies_[i];
  }
  out += ']';
  deliver(out);
  replies_.erase(replies_.begin(), replies_.begin() + static_cast<std::ptrdiff_t>(count));
  open_ -= count;
}

bool Requests::has_replies() const {
  Lock lock(mutex_);
  return !replies_.empty();
}

bool Requests::has_open() const {
  Lock lock(mutex_);
  return open_ > 0;
}

void Requests::close() {
  Lock lock(mutex_);
  closed_ = true;
  replies_.clear();
}

}  // namespace tasker::c
