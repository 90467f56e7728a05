// What one writes by hand: a deque under a mutex, its receiver takes all there is by a swap.
#include <condition_variable>
#include <deque>
#include <mutex>

#include "bench/native/channel_bench.h"

namespace tasker::bench {
namespace {

class DequeQueue {
 public:
  void send(Item item) { send_group({&item, 1}); }

  void send_group(std::span<Item> items) {
    std::unique_lock lock(mutex_);
    for (std::size_t next = 0; next < items.size();) {
      not_full_.wait(lock, [this] { return items_.size() < kChannelCapacity; });
      const bool was_empty = items_.empty();
      for (; next < items.size() && items_.size() < kChannelCapacity; ++next) {
        items_.push_back(items[next]);
      }
      if (was_empty) not_empty_.notify_one();
    }
  }

  template <class F>
  void receive(F f) {
    taken_.clear();
    {
      std::unique_lock lock(mutex_);
      not_empty_.wait(lock, [this] { return !items_.empty(); });
      taken_.swap(items_);
    }
    not_full_.notify_all();
    for (const Item& item : taken_) f(item);
  }

  Item receive_one() {
    Item item;
    {
      std::unique_lock lock(mutex_);
      not_empty_.wait(lock, [this] { return !items_.empty(); });
      item = items_.front();
      items_.pop_front();
    }
    not_full_.notify_one();
    return item;
  }

 private:
  std::mutex mutex_;
  std::condition_variable not_full_;
  std::condition_variable not_empty_;
  std::deque<Item> items_;
  std::deque<Item> taken_;
};

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  return tasker::bench::run_channel_bench<tasker::bench::DequeQueue>(argc, argv);
}
