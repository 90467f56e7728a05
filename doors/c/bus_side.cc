#include "doors/c/bus_side.h"

#include <fmt/format.h>

#include <algorithm>

#include "doors/c/buffer.h"

namespace tasker::c {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;

namespace {

constexpr std::size_t kSidesMax = 65'536;

}  // namespace

BusSide::BusSide(std::shared_ptr<worker::BusPort> port)
    : port_(std::move(port)), news_("port of the event bus", [this] { return has_news(); }) {
  port_->set_wakeup([this] { news_.announce(); });
}

bool BusSide::has_news() {
  {
    Lock lock(mutex_);
    if (!undelivered_.empty()) return true;
  }
  return port_->has_news();
}

void BusSide::poll(std::size_t max, std::uint64_t subscription, tasker_buffer* out) {
  bool again = false;
  {
    Lock lock(mutex_);
    again = !undelivered_.empty();
    if (!again) port_->poll(max, subscription, undelivered_);
    tasker_buffer taken = TASKER_BUFFER_INIT;
    if (!undelivered_.empty()) give(&taken, undelivered_);
    undelivered_.clear();
    *out = taken;
  }
  // The port was not polled: it may count on the poll that it rang for.
  if (again) port_->set_wakeup([this] { news_.announce(); });
  news_.settle();
}

void BusSide::shut() {
  port_->set_wakeup({});
  news_.shut();
  port_->close();
}

void BusSide::close() {
  shut();
  news_.close();
}

Result<std::uint64_t> BusSides::add(std::shared_ptr<BusSide> side) {
  Lock lock(mutex_);
  if (shut_) return fail(ErrorCode::kCLOSED, "the worker is closed");
  if (sides_.size() >= kSidesMax)
    return fail(ErrorCode::kFULL, fmt::format("{} ports of the event bus are open", sides_.size()));
  sides_.emplace(last_ + 1, std::move(side));
  return ++last_;
}

Result<std::shared_ptr<BusSide>> BusSides::find(std::uint64_t number) const {
  Lock lock(mutex_);
  const auto found = sides_.find(number);
  if (found != sides_.end()) return found->second;
  return fail(ErrorCode::kNOT_FOUND,
              fmt::format("bus is {}; the worker has no open port of that number", number), "bus");
}

void BusSides::remove(std::uint64_t number) {
  Sides::node_type removed;
  Lock lock(mutex_);
  removed = sides_.extract(number);
}

bool BusSides::inside_callback() const {
  Lock lock(mutex_);
  return std::ranges::any_of(
      sides_, [](const auto& entry) { return entry.second->news().inside_callback(); });
}

void BusSides::shut() {
  Sides all;
  {
    Lock lock(mutex_);
    shut_ = true;
    all = sides_;
  }
  for (const auto& [number, side] : all) side->shut();
}

void BusSides::close() {
  Sides all;
  {
    Lock lock(mutex_);
    all.swap(sides_);
  }
  for (const auto& [number, side] : all) side->close();
}

}  // namespace tasker::c
