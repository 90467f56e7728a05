// The work of the scenario `event-bus`, the same for every system: one publisher, subscribers that
// add up a number each.
//
//   bench_event_bus_NAME --publishes N --subscribers N
//
// A system is a class that is made with a list of counters, one for each subscriber, and publishes
// a text.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/native/output.h"

namespace tasker::bench {

inline constexpr std::string_view kEventName = "step.execution.completed";
inline constexpr std::string_view kPayload =
    R"({"step_uuid":"01a20388-e069-75b1-9b18-594f2154f050","attempt":1,"duration_ms":12.5})";

/// What is published by systems that have no type of their own for it.
struct Message {
  std::string_view name;
  std::string_view payload;
};

/// Of one subscriber.
struct Counter {
  std::uint64_t calls = 0;
  std::uint64_t sum = 0;

  void add(std::string_view payload) {
    ++calls;
    sum += calls + payload.size() - kPayload.size();
  }
};

struct PublishOptions {
  std::uint64_t publishes = 2'000'000;
  std::uint64_t warmup = 100'000;
  std::size_t subscribers = 1;
};

/// `arguments` are the system's own.
template <class System, class... Arguments>
void run_publish(const PublishOptions& options, const Arguments&... arguments) {
  // Some libraries leave out what threads cost as long as there is only one.
  std::thread([] {}).join();
  std::vector<Counter> counters(options.subscribers);
  System measured(counters, arguments...);
  for (std::uint64_t i = 0; i < options.warmup; ++i) measured.publish();
  for (Counter& counter : counters) counter = {};
  const auto start = SteadyClock::now();
  for (std::uint64_t i = 0; i < options.publishes; ++i) measured.publish();
  const double elapsed_s = seconds_between(start, SteadyClock::now());
  Work work{.tasks = options.publishes};
  for (const Counter& counter : counters) {
    work.steps += counter.calls;
    work.checksum += counter.sum;
  }
  print_elapsed(elapsed_s, work);
}

/// Reads the command line; `add_options` may add to it.
template <class AddOptions>
PublishOptions read_publish_options(CLI::App& app, int argc, char** argv, AddOptions add_options) {
  PublishOptions options;
  app.add_option("--publishes", options.publishes, "publishes measured");
  app.add_option("--warmup", options.warmup, "publishes before them");
  app.add_option("--subscribers", options.subscribers, "subscribers");
  add_options(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return options;
}

/// The program's main, for a system without options of its own.
template <class System>
int run_event_bus_bench(int argc, char** argv) {
  CLI::App app("Publishing an event, measured");
  run_publish<System>(read_publish_options(app, argc, argv, [](CLI::App&) {}));
  return 0;
}

}  // namespace tasker::bench
