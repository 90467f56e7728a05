// The limits: the same items through a ring on one thread, which nobody else can see; and a futex.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/native/channel_bench.h"

namespace tasker::bench {
namespace {

/// Room for 1,000 items, filled and emptied by turns.
void run_ring(const ThroughputOptions& options) {
  std::vector<Item> ring(kChannelCapacity);
  Work work{.tasks = options.items};
  const auto start = SteadyClock::now();
  for (std::uint64_t first = 1; first <= options.items; first += ring.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(ring.size(), options.items - first + 1);
    for (std::uint64_t i = 0; i < count; ++i) {
      ring[i] = Item{.number = first + i, .producer = i % kProducers};
    }
    // Without this the compiler would pass on the numbers and leave out the items.
    asm volatile("" : : "r"(ring.data()) : "memory");
    for (std::uint64_t i = 0; i < count; ++i) {
      ++work.steps;
      work.checksum += ring[i].number;
    }
  }
  print_elapsed(seconds_between(start, SteadyClock::now()), work);
}

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
  return syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

/// A word that the receiver sleeps on, and nothing else.
class FutexWord {
 public:
  void send(Item item) {
    number_ = static_cast<std::uint32_t>(item.number);
    futex(number_, FUTEX_WAKE_PRIVATE, 1);
  }

  Item receive_one() {
    const std::uint32_t last = last_;
    while (number_ == last) futex(number_, FUTEX_WAIT_PRIVATE, last);
    last_ = number_;
    return Item{.number = last_};
  }

 private:
  std::atomic<std::uint32_t> number_{0};
  std::uint32_t last_ = 0;
};

int run(int argc, char** argv) {
  CLI::App app("What a bounded queue is measured against");
  app.require_subcommand(1);
  ThroughputOptions throughput;
  auto* ring_command = app.add_subcommand("throughput", "items a second");
  ring_command->add_option("--items", throughput.items, "items measured");
  ChannelWakeOptions wake;
  auto* wake_command = app.add_subcommand("wake", "wake-up by a futex");
  wake_command->add_option("--rounds", wake.rounds, "wake-ups measured");
  wake_command->add_option("--idle-ms", wake.idle_ms, "pause before each");
  CLI11_PARSE(app, argc, argv);
  if (ring_command->parsed()) run_ring(throughput);
  if (wake_command->parsed()) run_wake<FutexWord>(wake);
  return 0;
}

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) { return tasker::bench::run(argc, argv); }
