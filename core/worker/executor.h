// Where handlers run, and what a worker is told of each handler.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tasker::worker {

/// The core only keeps their steps apart: one dispatch channel and one room for each.
enum class Executor : std::uint8_t { kMain, kThreads, kProcess };

inline constexpr std::size_t kExecutorCount = 3;
inline constexpr std::array<Executor, kExecutorCount> kExecutors = {
    Executor::kMain, Executor::kThreads, Executor::kProcess};
inline constexpr std::uint32_t kExecutorRoomMax = 100'000;

constexpr std::size_t index_of(Executor executor) { return static_cast<std::size_t>(executor); }

/// main, threads, process.
std::string_view executor_name(Executor executor);
std::optional<Executor> parse_executor(std::string_view name);

/// A handler whose steps a worker takes.
struct HandlerSpec {
  std::string name;  ///< callable, 1 to 500 bytes
  Executor executor = Executor::kMain;
  std::optional<std::uint32_t> concurrent_max;  ///< 1..100 000 of its steps at once; else no limit
  std::optional<std::uint32_t> deadline_ms;     ///< 1..86 400 000
  std::string why;           ///< why it runs there, for people; at most 1 000 bytes
  bool keeps_known = false;  ///< what was said of the name before stays; else it is replaced

  /// A name alone.
  static HandlerSpec named(std::string name) {
    return {std::move(name), Executor::kMain, {}, {}, {}, true};
  }
};

/// How a step goes to its handler, as the worker's handlers say.
struct Route {
  static constexpr std::int32_t kUnregistered = -1;

  Executor executor = Executor::kMain;
  std::int32_t registration = kUnregistered;  ///< which of the worker's handlers, counted from 0
  std::uint32_t deadline_ms = 0;              ///< 0: the worker's own
};

}  // namespace tasker::worker
