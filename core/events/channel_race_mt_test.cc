// Closes, stops and deadlines against everything else a channel does, from seeds: TASKER_SEED=<n>
// repeats a run's choices.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "core/events/awaiting.h"
#include "core/events/channel.h"
#include "core/events/events_test_support.h"

namespace tasker::events {
namespace {

constexpr std::uint64_t kTrials = scaled(100'000);
constexpr std::uint64_t kDeadlineTrials = scaled(1'500);

/// Lets several threads begin a trial at the same moment, a hundred thousand times.
class StartLine {
 public:
  explicit StartLine(std::uint64_t runners) : runners_(runners) {}

  void wait() {
    const std::uint64_t round = round_;
    if (++arrived_ == runners_) {
      arrived_ = 0;
      ++round_;
      return;
    }
    for (int spins = 0; round_ == round; ++spins) {
      if (spins > 100) std::this_thread::yield();
    }
  }

 private:
  const std::uint64_t runners_;
  std::atomic<std::uint64_t> arrived_{0};
  std::atomic<std::uint64_t> round_{0};
};

void spin(std::uint64_t turns) {
  for (std::atomic<std::uint64_t> i{0}; i < turns; ++i) {
  }
}

/// What went in and what came out, whatever way.
struct Books {
  std::vector<std::uint64_t> accepted;
  std::vector<std::uint64_t> taken;

  void add(const Books& other) {
    accepted.insert(accepted.end(), other.accepted.begin(), other.accepted.end());
    taken.insert(taken.end(), other.taken.begin(), other.taken.end());
  }
};

using TestChannel = Channel<Counted>;

/// One trial's channel, and how its waits end.
struct Trial {
  std::unique_ptr<TestChannel> channel;
  std::stop_source stop;
  std::int64_t deadline_us = kNever;
};

/// One side's call; items are numbered from `first`.
struct Call {
  const char* name;
  void (*run)(Trial&, std::uint64_t first, Books&);
};

void note_sent(ChannelStatus status, std::uint64_t number, Books& books) {
  if (status == ChannelStatus::kOk) books.accepted.push_back(number);
}

void note_received(const Received<Counted>& received, Books& books) {
  if (received) books.taken.push_back(received->value());
}

void call_send(Trial& trial, std::uint64_t first, Books& books) {
  for (std::uint64_t number = first; number < first + 3; ++number) {
    note_sent(trial.channel->send_until(Counted(number), trial.deadline_us, trial.stop.get_token()),
              number, books);
  }
}

void call_try_send(Trial& trial, std::uint64_t first, Books& books) {
  for (std::uint64_t number = first; number < first + 3; ++number) {
    note_sent(trial.channel->try_send(Counted(number)), number, books);
  }
}

void call_send_batch(Trial& trial, std::uint64_t first, Books& books) {
  std::vector<Counted> items;
  for (std::uint64_t number = first; number < first + 4; ++number) items.emplace_back(number);
  const SentBatch sent =
      trial.channel->send_batch(items, trial.deadline_us, trial.stop.get_token());
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].moved_from(), i < sent.sent);
    if (i < sent.sent) books.accepted.push_back(first + i);
  }
}

void call_recv(Trial& trial, std::uint64_t, Books& books) {
  for (int i = 0; i < 3; ++i) {
    note_received(trial.channel->recv_until(trial.deadline_us, trial.stop.get_token()), books);
  }
}

void call_try_recv(Trial& trial, std::uint64_t, Books& books) {
  for (int i = 0; i < 3; ++i) note_received(trial.channel->try_recv(), books);
}

void call_recv_batch(Trial& trial, std::uint64_t, Books& books) {
  Batch<Counted> batch;
  for (int i = 0; i < 2; ++i) {
    (void)trial.channel->recv_batch(2, batch, trial.deadline_us, trial.stop.get_token());
  }
  for (const Counted& item : batch) books.taken.push_back(item.value());
}

Detached await_sends(Trial& trial, std::uint64_t first, Books& books, std::atomic<bool>& ended) {
  const Awaiting<Counted> channel(*trial.channel, trial.stop.get_token());
  for (std::uint64_t number = first; number < first + 3; ++number) {
    note_sent(co_await channel.send(Counted(number)), number, books);
  }
  ended = true;
}

Detached await_receives(Trial& trial, Books& books, std::atomic<bool>& ended) {
  const Awaiting<Counted> channel(*trial.channel, trial.stop.get_token());
  for (int i = 0; i < 3; ++i) note_received(co_await channel.recv(), books);
  ended = true;
}

void call_await_send(Trial& trial, std::uint64_t first, Books& books) {
  std::atomic<bool> ended{false};
  await_sends(trial, first, books, ended);
  while (!ended) std::this_thread::yield();
}

void call_await_recv(Trial& trial, std::uint64_t, Books& books) {
  std::atomic<bool> ended{false};
  await_receives(trial, books, ended);
  while (!ended) std::this_thread::yield();
}

constexpr std::array<Call, 8> kCalls{{{"send", call_send},
                                      {"try_send", call_try_send},
                                      {"send_batch", call_send_batch},
                                      {"await_send", call_await_send},
                                      {"recv", call_recv},
                                      {"try_recv", call_try_recv},
                                      {"recv_batch", call_recv_batch},
                                      {"await_recv", call_await_recv}}};

void end_close_sending(Trial& trial, Books&) { trial.channel->close_sending(); }

void end_close_receiving(Trial& trial, Books& books) {
  for (const Counted& item : trial.channel->close_receiving()) {
    books.taken.push_back(item.value());
  }
}

void end_stop(Trial& trial, Books&) { trial.stop.request_stop(); }

struct End {
  const char* name;
  void (*run)(Trial&, Books&);
};

constexpr std::array<End, 3> kEnds{{{"close_sending", end_close_sending},
                                    {"close_receiving", end_close_receiving},
                                    {"stop", end_stop}}};

/// What a seed decides of one trial.
struct Plan {
  std::size_t capacity;
  FullPolicy policy;
  std::uint64_t filled;
  std::array<std::uint64_t, 3> delays;
  std::size_t left = 0;
  std::size_t right = 0;
  std::size_t end = 0;

  explicit Plan(base::Random& random)
      : capacity(1 + random.below(3)),
        policy(random.below(4) == 0 ? FullPolicy::kDropOldest : FullPolicy::kWait),
        filled(random.below(capacity + 1)) {
    for (auto& delay : delays) delay = random.below(40) * random.below(8);
  }
};

Trial make_trial(const Plan& plan, Books& books) {
  Trial trial{.channel = open_channel<Counted>(plan.capacity, plan.policy), .stop = {}};
  for (std::uint64_t i = 0; i < plan.filled; ++i) {
    note_sent(trial.channel->try_send(Counted(900 + i)), 900 + i, books);
  }
  return trial;
}

/// Everything that was accepted came out once, was dropped and counted, or is still inside.
void check_books(Trial& trial, Books& books) {
  const ChannelCounters counters = trial.channel->counters();
  EXPECT_EQ(counters.senders_waiting + counters.receivers_waiting, 0U);
  EXPECT_EQ(counters.sent, books.accepted.size());
  EXPECT_EQ(counters.sent,
            counters.received + counters.dropped + counters.returned + counters.depth);
  for (const Counted& item : trial.channel->close_receiving()) books.taken.push_back(item.value());
  EXPECT_EQ(books.taken.size() + counters.dropped, books.accepted.size());
  std::ranges::sort(books.accepted);
  std::ranges::sort(books.taken);
  EXPECT_EQ(std::ranges::adjacent_find(books.taken), books.taken.end()) << "received twice";
  EXPECT_TRUE(std::ranges::includes(books.accepted, books.taken));
  trial.channel.reset();
  EXPECT_EQ(Counted::live(), 0);
}

/// Runs `trials` trials on three threads that stay: two calls and what ends them. `plan_trial`
/// chooses.
void run_trials(std::uint64_t seed, std::uint64_t trials,
                const std::function<void(Plan&, base::Random&)>& plan_trial) {
  base::Random random(seed);
  StartLine start(3);
  StartLine finish(3);
  Trial trial;
  std::optional<Plan> plan;
  std::array<Books, 3> books;
  std::atomic<bool> over{false};
  const auto side = [&](std::size_t index, std::size_t Plan::*call, std::uint64_t first) {
    for (;;) {
      start.wait();
      if (over) return;
      spin(plan->delays[index]);
      kCalls[(*plan).*call].run(trial, first, books[index]);
      finish.wait();
    }
  };
  std::thread left([&] { side(0, &Plan::left, 100); });
  std::thread right([&] { side(1, &Plan::right, 200); });
  for (std::uint64_t i = 0; i < trials && !testing::Test::HasFailure(); ++i) {
    plan.emplace(random);
    plan_trial(*plan, random);
    Books all;
    trial = make_trial(*plan, all);
    start.wait();
    spin(plan->delays[2]);
    kEnds[plan->end].run(trial, books[2]);
    finish.wait();
    for (auto& each : books) all.add(std::exchange(each, {}));
    check_books(trial, all);
    EXPECT_FALSE(testing::Test::HasFailure())
        << "trial " << i << ": " << kCalls[plan->left].name << ", " << kCalls[plan->right].name
        << ", " << kEnds[plan->end].name << ", capacity " << plan->capacity;
  }
  over = true;
  start.wait();
  left.join();
  right.join();
}

TEST(ChannelRaces, AnyTwoCallsAndAnEndLoseNothing) {
  run_trials(test_seed(), kTrials, [](Plan& plan, base::Random& random) {
    plan.left = random.below(kCalls.size());
    plan.right = random.below(kCalls.size());
    plan.end = random.below(kEnds.size());
  });
}

TEST(ChannelRaces, EachCallAgainstEachEndLosesNothing) {
  const std::uint64_t seed = test_seed();
  constexpr std::uint64_t kTrialsOfAPair = kTrials / (kCalls.size() * kEnds.size()) + 1;
  for (std::size_t call = 0; call < kCalls.size(); ++call) {
    for (std::size_t end = 0; end < kEnds.size(); ++end) {
      run_trials(seed + call * kEnds.size() + end, kTrialsOfAPair, [&](Plan& plan, base::Random&) {
        plan.left = call;
        plan.right = call;
        plan.end = end;
      });
    }
  }
}

/// The end of the wait is a deadline of a few microseconds, a partner comes at about that time, and
/// only then somebody closes.
TEST(ChannelRaces, ADeadlineAgainstAPartnerLosesNothing) {
  base::Random random(test_seed());
  constexpr std::array<std::size_t, 4> kWaiting{0, 2, 4, 6};
  for (std::uint64_t i = 0; i < kDeadlineTrials && !testing::Test::HasFailure(); ++i) {
    const Plan plan(random);
    Books all;
    Trial trial = make_trial(plan, all);
    trial.deadline_us = system_clock().monotonic_us() + static_cast<std::int64_t>(random.below(60));
    std::array<Books, 2> books;
    const std::size_t left = kWaiting[random.below(kWaiting.size())];
    const std::size_t right = kWaiting[random.below(kWaiting.size())];
    std::thread partner([&] { kCalls[right].run(trial, 200, books[1]); });
    kCalls[left].run(trial, 100, books[0]);
    partner.join();
    for (const auto& each : books) all.add(each);
    check_books(trial, all);
  }
}

TEST(ChannelRaces, BothSidesMayCloseAtOnce) {
  base::Random random(test_seed());
  StartLine start(2);
  Trial trial;
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> delay{0};
  std::thread other([&] {
    for (;;) {
      start.wait();
      if (over) return;
      spin(delay);
      trial.channel->close_sending();
      start.wait();
    }
  });
  for (std::uint64_t i = 0; i < kTrials && !testing::Test::HasFailure(); ++i) {
    const Plan plan(random);
    Books books;
    trial = make_trial(plan, books);
    delay = plan.delays[0];
    start.wait();
    spin(plan.delays[1]);
    end_close_receiving(trial, books);
    start.wait();
    EXPECT_EQ(books.taken.size(), plan.filled);
    check_books(trial, books);
  }
  over = true;
  start.wait();
  other.join();
}

}  // namespace
}  // namespace tasker::events
