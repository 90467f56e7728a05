#include "core/events/waiter.h"

namespace tasker::events {

void Waiter::wake() {
  if (!coroutine_) {
    wakeup_.signal();
  } else if (scheduler_ != nullptr) {
    scheduler_->post(coroutine_);
  } else {
    coroutine_.resume();
  }
}

void WaiterList::push_back(Waiter& waiter) {
  waiter.previous_ = last_;
  waiter.next_ = nullptr;
  waiter.queued_ = true;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
  ++size_;
}

void WaiterList::remove(Waiter& waiter) {
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
  waiter.queued_ = false;
  --size_;
}

void WakeList::settle_front(WaiterList& list, ChannelStatus outcome) {
  settle(list, *list.front(), outcome);
}

void WakeList::settle_all(WaiterList& list, ChannelStatus outcome) {
  while (!list.empty()) settle_front(list, outcome);
}

void WakeList::settle(WaiterList& list, Waiter& waiter, ChannelStatus outcome) {
  if (!waiter.queued()) return;
  list.remove(waiter);
  waiter.settle(outcome);
  waiter.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
}

void WakeList::wake_all() {
  for (Waiter* waiter = first_; waiter != nullptr;) {
    Waiter* const next = waiter->next_;
    waiter->wake();
    waiter = next;
  }
}

}  // namespace tasker::events
