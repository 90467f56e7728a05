// Ten times what can be handled, for a second or for as many as TASKER_OVERLOAD_SECONDS says: a
// channel and a bus's queues stay as large as they are, and what they lose is what they count.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "core/base/logger.h"
#include "core/events/channel.h"
#include "core/events/event_bus.h"
#include "core/events/events_test_support.h"
#include "tests/soak/resident_memory.h"

namespace tasker::soak {
namespace {

using events::ChannelStatus;
using events::FullPolicy;
using events::kNever;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kProducers = 4;
constexpr std::uint64_t kHandledPerSecond = 10'000;
constexpr std::uint64_t kOverload = 10;
constexpr std::size_t kCapacity = 1'000;
constexpr std::size_t kItemBytes = 512;
// More than what there is after a quarter of the time: what is lost in a tenth of a second would
// need that much.
constexpr std::uint64_t kGrowthBytesMax = 4U << 20;

std::chrono::seconds duration() {
  std::int64_t seconds = 1;
  if (const char* text = std::getenv("TASKER_OVERLOAD_SECONDS"); text != nullptr) {
    const auto [end, code] = std::from_chars(text, text + std::strlen(text), seconds);
    EXPECT_TRUE(code == std::errc{} && *end == '\0' && seconds > 0) << text;
  }
  return std::chrono::seconds(std::max<std::int64_t>(seconds, 1));
}

/// Holds its thread to so many calls a second, a few together. Who was held up makes up for it.
class Pace {
 public:
  explicit Pace(std::uint64_t per_second) : per_second_(per_second) {}

  void step() {
    if (++steps_ % kTogether == 0)
      std::this_thread::sleep_until(start_ +
                                    std::chrono::microseconds(1'000'000) * steps_ / per_second_);
  }

 private:
  static constexpr std::uint64_t kTogether = 20;

  const std::uint64_t per_second_;
  const SteadyClock::time_point start_ = SteadyClock::now();
  std::uint64_t steps_ = 0;
};

/// The slow side.
class Handler {
 public:
  explicit Handler(FullPolicy policy) : books_(policy != FullPolicy::kWait) {}

  void handle(std::string_view text) {
    books_.add(text);
    pace_.step();
  }
  const events::NumberBooks& books() const { return books_; }

 private:
  events::NumberBooks books_;
  Pace pace_{kHandledPerSecond};
};

/// Calls `offer(text)` from all producers, at their pace, until the time is over; returns how many
/// calls that were. Watches the memory meanwhile.
template <class Offer>
std::uint64_t overload(std::string_view what, Offer offer) {
  const auto start = SteadyClock::now();
  const auto length = duration();
  std::atomic<std::uint64_t> offered{0};
  std::vector<std::thread> producers;
  for (std::uint64_t producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&, producer] {
      Pace pace(kHandledPerSecond * kOverload / kProducers);
      for (std::uint64_t number = 1; SteadyClock::now() < start + length; ++number) {
        std::string text = events::numbered(producer, number) + ' ';
        text.resize(kItemBytes, 'x');
        offer(std::move(text));
        ++offered;
        pace.step();
      }
    });
  }
  std::this_thread::sleep_until(start + length / 4);
  const std::uint64_t warm = resident_bytes();
  std::uint64_t most = warm;
  constexpr int kSamples = 20;
  for (int sample = 1; sample <= kSamples; ++sample) {
    std::this_thread::sleep_until(start + length / 4 + length * 3 / 4 * sample / kSamples);
    most = std::max(most, resident_bytes());
  }
  for (std::thread& producer : producers) producer.join();
  std::cout << what << ": " << length.count() << " s, " << offered << " offered, resident "
            << warm / 1024 << " KiB, at most " << most / 1024 << " KiB later\n";
  EXPECT_LT(most, warm + kGrowthBytesMax);
  return offered;
}

struct Case {
  const char* name;
  FullPolicy policy;
};

class Overload : public ::testing::TestWithParam<Case> {
 protected:
  FullPolicy policy() const { return GetParam().policy; }

  /// What was lost of `offered`, by the counters, has to be what did not come.
  void check(const Handler& handler, std::uint64_t offered, std::uint64_t lost) const {
    std::cout << "  handled " << handler.books().count() << ", lost " << lost << "\n";
    EXPECT_TRUE(handler.books().in_order());
    EXPECT_EQ(handler.books().count() + lost, offered);
    if (policy() == FullPolicy::kWait)
      EXPECT_EQ(lost, 0U);
    else
      EXPECT_GT(lost, handler.books().count()) << "this was no overload";
  }
};

TEST_P(Overload, OfAChannelNeedsNoMemoryAndLosesWhatItCounts) {
  auto channel = events::open_channel<std::string>(kCapacity, policy());
  Handler handler(policy());
  std::thread receiver([&] {
    while (auto text = channel->recv()) handler.handle(*text);
  });
  const std::uint64_t offered = overload("channel", [&](std::string text) {
    const ChannelStatus status = channel->send(std::move(text));
    EXPECT_TRUE(status == ChannelStatus::kOk ||
                (status == ChannelStatus::kFull && policy() == FullPolicy::kRefuse));
  });
  channel->close_sending();
  receiver.join();
  const events::ChannelCounters counters = channel->counters();
  check(handler, offered, counters.dropped + counters.refused);
  EXPECT_LE(counters.depth_max, kCapacity);
  EXPECT_EQ(counters.send_waits > 0, policy() == FullPolicy::kWait);
}

TEST_P(Overload, OfABusQueueNeedsNoMemoryLosesWhatItCountsAndHarmsNoOther) {
  events::EventBus bus({}, events::system_clock(), base::make_null_logger());
  auto type = bus.register_event("page.printed");
  ASSERT_TRUE(type);
  Handler handler(policy());
  std::atomic<std::uint64_t> others{0};
  auto other = bus.subscribe_queued("*", {.queue = {.capacity = kCapacity}, .wait_us_max = kNever},
                                    [&](const events::Event&) { ++others; });
  auto slow = bus.subscribe_queued(
      "page.*", {.queue = {.capacity = kCapacity, .full = policy()}, .wait_us_max = kNever},
      [&](const events::Event& event) { handler.handle(event.payload); });
  ASSERT_TRUE(other && slow);
  const std::uint64_t offered =
      overload("bus", [&](const std::string& text) { EXPECT_TRUE(bus.publish(**type, text)); });
  EXPECT_TRUE(bus.close(kNever));
  check(handler, offered, slow->counters().lost);
  EXPECT_LE(slow->counters().queue.depth_max, kCapacity);
  EXPECT_EQ(others, offered);
  EXPECT_EQ(other->counters().lost, 0U);
}

INSTANTIATE_TEST_SUITE_P(Policies, Overload,
                         ::testing::Values(Case{"wait", FullPolicy::kWait},
                                           Case{"refuse", FullPolicy::kRefuse},
                                           Case{"drop_oldest", FullPolicy::kDropOldest}),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace tasker::soak
