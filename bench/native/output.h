// What every C++ program of the benchmarks does at its edges: stop on failure, print its figures.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace tasker::bench {

/// Ends the program with exit code 1 and one line on standard error. A measurement that failed has
/// no figures. Any thread.
[[noreturn]] inline void die(std::string_view what, std::string_view why) {
  fmt::print(stderr, "error: {}: {}\n", what, why);
  std::_Exit(1);
}

using SteadyClock = std::chrono::steady_clock;

inline double microseconds_between(SteadyClock::time_point from, SteadyClock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

inline double seconds_between(SteadyClock::time_point from, SteadyClock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// What was done, so that the runner can check that nothing was left out.
struct Work {
  std::uint64_t tasks = 0;
  std::uint64_t steps = 0;     ///< handler calls, or commits and rows where there are no handlers
  std::uint64_t checksum = 0;  ///< sum of the tasks' numbers over all steps
};

/// One line of JSON on standard output: samples in microseconds.
inline void print_samples(const std::vector<double>& samples_us, const Work& work) {
  fmt::print("{{\"samples_us\":[{:.3f}],\"work\":{{\"tasks\":{},\"steps\":{},\"checksum\":{}}}}}\n",
             fmt::join(samples_us, ","), work.tasks, work.steps, work.checksum);
}

/// One line of JSON on standard output: how long all of the work took.
inline void print_elapsed(double elapsed_s, const Work& work) {
  fmt::print("{{\"elapsed_s\":{:.6f},\"work\":{{\"tasks\":{},\"steps\":{},\"checksum\":{}}}}}\n",
             elapsed_s, work.tasks, work.steps, work.checksum);
}

}  // namespace tasker::bench
