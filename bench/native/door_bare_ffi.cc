// The bare door as a C library: calls of the shape of the C ABI's, so that an FFI pays the same for
// each argument.
#include <cstring>

#include "bench/native/door_bare.h"
#include "bench/native/door_event.h"

namespace {

tasker::bench::BareDoor& door() {
  static tasker::bench::BareDoor door;
  return door;
}

}  // namespace

#define BARE_API extern "C" __attribute__((visibility("default")))

BARE_API std::uint32_t bare_number(void) { return 1; }

BARE_API double bare_now_us(void) { return static_cast<double>(tasker::bench::monotonic_us()); }

/// As tasker_worker_poll_step_events_into; -6 (TOO_LARGE) when the events do not fit.
BARE_API std::int32_t bare_poll_into(std::uint64_t, std::uint32_t max_events, char* buffer,
                                     std::size_t capacity, std::size_t* out_size, void*) {
  const std::string_view text = door().poll(max_events);
  if (text.size() > capacity) return -6;
  std::memcpy(buffer, text.data(), text.size());
  *out_size = text.size();
  return 0;
}

/// As tasker_worker_complete_step_event.
BARE_API std::int32_t bare_complete(std::uint64_t, const char* event_id, std::size_t event_id_bytes,
                                    const char* result, std::size_t result_bytes, void*) {
  door().complete({event_id, event_id_bytes}, {result, result_bytes});
  return 0;
}

/// As tasker_worker_complete_step_events_json.
BARE_API std::int32_t bare_complete_many(std::uint64_t, const char* completions,
                                         std::size_t completions_bytes, void*, void*) {
  door().complete({}, {completions, completions_bytes});
  return 0;
}

BARE_API double bare_result_bytes(void) { return static_cast<double>(door().result_bytes()); }
