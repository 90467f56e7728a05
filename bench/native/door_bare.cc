#include "bench/native/door_bare.h"

#include <fmt/format.h>

#include "bench/native/door_event.h"
#include "bench/native/output.h"

namespace tasker::bench {

namespace {

constexpr std::int64_t kEvents = 1024;
constexpr std::string_view kSeqMember = R"("seq":")";

}  // namespace

BareDoor::BareDoor() {
  events_.reserve(kEvents);
  for (std::int64_t seq = 1; seq <= kEvents; ++seq) events_.push_back(door_event_json(seq));
  const std::size_t member = events_[0].find(kSeqMember);
  if (member == std::string::npos) die("step event", "a context without seq: " + events_[0]);
  seq_at_ = member + kSeqMember.size();
}

std::string_view BareDoor::poll(std::size_t count) {
  text_ = '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text_ += ',';
    std::string& event = events_[static_cast<std::size_t>(seq_++ % kEvents)];
    fmt::format_to_n(event.data() + seq_at_, kSeqDigits, "{:0{}}", seq_, kSeqDigits);
    text_ += event;
  }
  text_ += ']';
  return text_;
}

void BareDoor::complete(std::string_view, std::string_view result) {
  result_ = result;
  result_bytes_ += result_.size();
}

}  // namespace tasker::bench
