// oneTBB's concurrent_bounded_queue; it hands over one item at a time.
#include <oneapi/tbb/concurrent_queue.h>

#include "bench/native/channel_bench.h"

namespace tasker::bench {
namespace {

class TbbQueue {
 public:
  TbbQueue() { queue_.set_capacity(static_cast<std::ptrdiff_t>(kChannelCapacity)); }

  void send(Item item) { queue_.push(item); }
  void send_group(std::span<Item> items) {
    for (const Item& item : items) queue_.push(item);
  }

  template <class F>
  void receive(F f) {
    Item item = receive_one();
    std::size_t count = 0;
    do {
      f(item);
    } while (++count < kChannelCapacity && queue_.try_pop(item));
  }

  Item receive_one() {
    Item item;
    queue_.pop(item);
    return item;
  }

 private:
  oneapi::tbb::concurrent_bounded_queue<Item> queue_;
};

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  return tasker::bench::run_channel_bench<tasker::bench::TbbQueue>(argc, argv);
}
