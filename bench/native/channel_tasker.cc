// Tasker's channel.
#include "bench/native/channel_bench.h"
#include "core/events/channel.h"

namespace tasker::bench {
namespace {

class TaskerQueue {
 public:
  TaskerQueue() {
    auto channel = events::Channel<Item>::open({.capacity = kChannelCapacity}, clock_);
    if (!channel) die("channel", channel.error().message);
    channel_ = std::move(*channel);
  }

  void send(Item item) { expect_ok(channel_->send(Item(item))); }
  void send_group(std::span<Item> items) { expect_ok(channel_->send_batch(items).status); }

  template <class F>
  void receive(F f) {
    batch_.clear();
    expect_ok(channel_->recv_batch(kChannelCapacity, batch_));
    for (const Item& item : batch_) f(item);
  }

  Item receive_one() {
    auto item = channel_->recv();
    expect_ok(item.status());
    return *item;
  }

 private:
  static void expect_ok(events::ChannelStatus status) {
    if (status != events::ChannelStatus::kOk) die("channel", channel_status_name(status));
  }

  base::SystemClock clock_;
  std::unique_ptr<events::Channel<Item>> channel_;
  events::Batch<Item> batch_;
};

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  return tasker::bench::run_channel_bench<tasker::bench::TaskerQueue>(argc, argv);
}
