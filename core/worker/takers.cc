#include "core/worker/takers.h"

#include <algorithm>

namespace tasker::worker {

TakerPtr Takers::add(Executor executor, std::string name) {
  auto taker = std::make_shared<Taker>(++last_id_, executor, std::move(name));
  takers_.emplace(taker->id, taker);
  ++live_[index_of(executor)];
  return taker;
}

Taker* Takers::find(AttachmentId id) const {
  const auto found = takers_.find(id);
  return found == takers_.end() ? nullptr : found->second.get();
}

TakerPtr Takers::remove(AttachmentId id) {
  const auto found = takers_.find(id);
  if (found == takers_.end()) return nullptr;
  TakerPtr taker = std::move(found->second);
  takers_.erase(found);
  return taker;
}

void Takers::becomes_idle(Taker& taker) {
  taker.woken = false;
  const bool can_be_woken = taker.has_wakeup || taker.waiting > 0;
  if (taker.ended || !can_be_woken || std::exchange(taker.idle, true)) return;
  idle_[index_of(taker.executor)].push_back(&taker);
}

void Takers::stops_being_idle(Taker& taker) {
  taker.woken = false;
  if (!std::exchange(taker.idle, false)) return;
  auto& idle = idle_[index_of(taker.executor)];
  idle.erase(std::find(idle.begin(), idle.end(), &taker));
}

void Takers::wake(Executor executor, std::size_t count, ToWake& to_wake) {
  auto& idle = idle_[index_of(executor)];
  for (; count > 0 && !idle.empty(); --count) {
    const auto least = std::min_element(
        idle.begin(), idle.end(), [](const Taker* a, const Taker* b) { return a->held < b->held; });
    Taker& taker = **least;
    idle.erase(least);
    taker.idle = false;
    taker.woken = true;
    if (taker.waiting > 0) taker.arrived.notify_all();
    if (taker.has_wakeup) to_wake.push_back(takers_.at(taker.id));
  }
}

bool Takers::end(Taker& taker) {
  if (std::exchange(taker.ended, true)) return false;
  const bool was_woken = taker.woken;
  stops_being_idle(taker);
  --live_[index_of(taker.executor)];
  taker.arrived.notify_all();
  return was_woken;
}

}  // namespace tasker::worker
