// moodycamel::BlockingConcurrentQueue, received in bulk. It has no bound of its own, so a semaphore
// of the same library counts the free places.
#include <concurrentqueue/blockingconcurrentqueue.h>
#include <concurrentqueue/lightweightsemaphore.h>

#include "bench/native/channel_bench.h"

namespace tasker::bench {
namespace {

class MoodycamelQueue {
 public:
  void send(Item item) {
    places_.wait();
    queue_.enqueue(item);
  }

  void send_group(std::span<Item> items) {
    while (!items.empty()) {
      const auto count = static_cast<std::size_t>(
          places_.waitMany(static_cast<moodycamel::LightweightSemaphore::ssize_t>(items.size())));
      queue_.enqueue_bulk(items.data(), count);
      items = items.subspan(count);
    }
  }

  template <class F>
  void receive(F f) {
    const std::size_t count = queue_.wait_dequeue_bulk(taken_.data(), taken_.size());
    places_.signal(static_cast<moodycamel::LightweightSemaphore::ssize_t>(count));
    for (std::size_t i = 0; i < count; ++i) f(taken_[i]);
  }

  Item receive_one() {
    Item item;
    queue_.wait_dequeue(item);
    places_.signal();
    return item;
  }

 private:
  moodycamel::BlockingConcurrentQueue<Item> queue_{kChannelCapacity};
  moodycamel::LightweightSemaphore places_{
      static_cast<moodycamel::LightweightSemaphore::ssize_t>(kChannelCapacity)};
  std::vector<Item> taken_ = std::vector<Item>(kChannelCapacity);
};

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  return tasker::bench::run_channel_bench<tasker::bench::MoodycamelQueue>(argc, argv);
}
