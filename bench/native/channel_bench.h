// The work of the scenario `channel`, the same for every queue: two producers send 64-byte items to
// one consumer through room for 1,000, or a waiting receiver is woken.
//
//   bench_channel_NAME throughput   items a second, singly or in groups handed over in one call
//   bench_channel_NAME wake         from before a send to a sleeping receiver that has the item
//
// A queue is a class with send(Item), send_group(std::span<Item>), receive(f), which waits for at
// least one item and calls f for each, and receive_one(). All of them wait when the queue is full
// or empty.
#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "bench/native/output.h"

namespace tasker::bench {

inline constexpr std::size_t kChannelCapacity = 1000;
inline constexpr std::uint64_t kProducers = 2;

/// The numbers are 1, 2, … of all producers together, each producer's in rising order.
struct Item {
  std::uint64_t number = 0;
  std::uint64_t producer = 0;
  std::array<std::uint64_t, 6> payload{};
};
static_assert(sizeof(Item) == 64);

struct ThroughputOptions {
  std::uint64_t items = 4'000'000;
  std::uint64_t warmup = 400'000;
  std::size_t group = 1;  ///< items in one call of the sender
};

/// Sends the numbers up to `items` that are `producer` + 1 modulo kProducers.
template <class Queue>
void produce(Queue& queue, std::uint64_t producer, std::uint64_t items, std::size_t group) {
  std::vector<Item> waiting;
  waiting.reserve(group);
  for (std::uint64_t number = producer + 1; number <= items; number += kProducers) {
    if (group == 1) {
      queue.send(Item{.number = number, .producer = producer});
      continue;
    }
    waiting.push_back(Item{.number = number, .producer = producer});
    if (waiting.size() == group || number + kProducers > items) {
      queue.send_group(waiting);
      waiting.clear();
    }
  }
}

/// Passes the items 1 to `items` through the queue.
template <class Queue>
Work pass_items(Queue& queue, std::uint64_t items, std::size_t group) {
  std::vector<std::thread> producers;
  for (std::uint64_t producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&, producer] { produce(queue, producer, items, group); });
  }
  Work work{.tasks = items};
  std::array<std::uint64_t, kProducers> last{};
  while (work.steps < items) {
    queue.receive([&](const Item& item) {
      if (item.number <= last[item.producer]) die("order", "an item came before an earlier one");
      last[item.producer] = item.number;
      ++work.steps;
      work.checksum += item.number;
    });
  }
  for (auto& producer : producers) producer.join();
  return work;
}

template <class Queue>
void run_throughput(const ThroughputOptions& options) {
  Queue queue;
  pass_items(queue, options.warmup, options.group);
  const auto start = SteadyClock::now();
  const Work work = pass_items(queue, options.items, options.group);
  print_elapsed(seconds_between(start, SteadyClock::now()), work);
}

struct ChannelWakeOptions {
  std::uint64_t rounds = 300;
  std::uint32_t idle_ms = 2;
};

/// Each round, after a pause in which the receiver falls asleep, one item.
template <class Queue>
void run_wake(const ChannelWakeOptions& options) {
  Queue queue;
  SteadyClock::time_point sent;
  std::vector<double> samples_us;
  samples_us.reserve(options.rounds);
  Work work{.tasks = options.rounds};
  std::atomic<std::uint64_t> answered{0};
  std::thread receiver([&] {
    for (std::uint64_t round = 1; round <= options.rounds; ++round) {
      const Item item = queue.receive_one();
      samples_us.push_back(microseconds_between(sent, SteadyClock::now()));
      ++work.steps;
      work.checksum += item.number;
      answered = round;
    }
  });
  for (std::uint64_t round = 1; round <= options.rounds; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(options.idle_ms));
    while (answered != round - 1) std::this_thread::yield();
    sent = SteadyClock::now();
    queue.send(Item{.number = round});
  }
  receiver.join();
  print_samples(samples_us, work);
}

/// The program's main.
template <class Queue>
int run_channel_bench(int argc, char** argv) {
  CLI::App app("A bounded queue, measured");
  app.require_subcommand(1);
  ThroughputOptions throughput;
  auto* throughput_command = app.add_subcommand("throughput", "items a second");
  throughput_command->add_option("--items", throughput.items, "items measured");
  throughput_command->add_option("--warmup", throughput.warmup, "items before them");
  throughput_command->add_option("--group", throughput.group, "items in one call of the sender")
      ->check(CLI::Range(1, 1000));
  ChannelWakeOptions wake;
  auto* wake_command = app.add_subcommand("wake", "wake-up of a sleeping receiver");
  wake_command->add_option("--rounds", wake.rounds, "wake-ups measured");
  wake_command->add_option("--idle-ms", wake.idle_ms, "pause before each");
  CLI11_PARSE(app, argc, argv);
  if (throughput_command->parsed()) run_throughput<Queue>(throughput);
  if (wake_command->parsed()) run_wake<Queue>(wake);
  return 0;
}

}  // namespace tasker::bench
