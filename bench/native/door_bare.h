// A door with no worker behind it: it hands out step events that are ready-made and adds up what it
// is given back. What a round trip costs here is the runtime's, the JSON's and nobody else's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tasker::bench {

/// Threads: one at a time.
class BareDoor {
 public:
  BareDoor();

  /// JSON array of the next `count` step events, 1 to 4096; valid until the next call.
  std::string_view poll(std::size_t count);
  /// Takes a copy of a result, as every door has to.
  void complete(std::string_view event_id, std::string_view result);
  /// Bytes of all results so far.
  std::uint64_t result_bytes() const { return result_bytes_; }

 private:
  // As many different ones as a busy worker holds: a runtime is fast with texts that it has seen.
  std::vector<std::string> events_;
  std::size_t seq_at_ = 0;  // place of the number's digits in an event
  std::int64_t seq_ = 0;
  std::string text_;
  std::string result_;
  std::uint64_t result_bytes_ = 0;
};

}  // namespace tasker::bench
