#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <variant>
#include <vector>

#include "core/events/actor.h"
#include "core/events/awaiting.h"
#include "core/events/events_test_support.h"

namespace tasker::events {
namespace {

using base::ErrorCode;

/// Adds an amount; 0 makes it fail, a negative one throw.
struct Deposit {
  std::int64_t amount = 0;
};
struct Query {
  Reply<std::int64_t> reply;
};
/// Holds the actor up until the test lets it go.
struct Block {
  std::atomic<bool>* entered;
  std::atomic<bool>* go_on;
};
/// Takes the request and never answers.
struct Ignore {
  Reply<std::int64_t> reply;
};
using Message = std::variant<Deposit, Query, Block, Ignore>;

class Account final : public ActorBehaviour<Message> {
 public:
  explicit Account(std::atomic<int>* stopped) : stopped_(stopped) {}

  base::Status receive(Message message) override {
    return std::visit(Overloaded{
                          [this](Deposit& deposit) -> base::Status {
                            if (deposit.amount < 0) throw std::runtime_error("a negative amount");
                            if (deposit.amount == 0)
                              return base::fail(ErrorCode::kINVALID_ARGUMENT, "zero");
                            balance_ += deposit.amount;
                            return {};
                          },
                          [this](Query& query) -> base::Status {
                            query.reply.answer(balance_);
                            return {};
                          },
                          [](Block& block) -> base::Status {
                            *block.entered = true;
                            while (!*block.go_on) std::this_thread::yield();
                            return {};
                          },
                          [](Ignore&) -> base::Status { return {}; },
                      },
                      message);
  }

  void stopping() override { ++*stopped_; }

 private:
  std::atomic<int>* stopped_;
  std::int64_t balance_ = 0;
};

class ActorTest : public testing::Test {
 protected:
  std::unique_ptr<Actor<Message>> start(ActorOptions options = {}) {
    options.name = "account";
    auto actor = Actor<Message>::start(
        std::move(options),
        [this] {
          ++made_;
          return std::make_unique<Account>(&stopped_);
        },
        system_clock());
    EXPECT_TRUE(actor) << actor.error().message;
    return std::move(*actor);
  }

  static std::int64_t soon() { return system_clock().monotonic_us() + 60'000'000; }

  static base::Result<std::int64_t> balance(Actor<Message>& actor) {
    return actor.request<std::int64_t>([](auto reply) { return Query{std::move(reply)}; }, soon());
  }

  /// Holds the actor up until let_go().
  void block(Actor<Message>& actor) {
    ASSERT_EQ(actor.send(Block{&entered_, &go_on_}), ChannelStatus::kOk);
    ASSERT_TRUE(eventually([&] { return entered_.load(); }));
  }
  void let_go() { go_on_ = true; }

  std::atomic<int> made_{0};
  std::atomic<int> stopped_{0};
  std::atomic<bool> entered_{false};
  std::atomic<bool> go_on_{false};
};

TEST_F(ActorTest, HandlesMessagesInOrderAndAnswersRequests) {
  auto actor = start();
  EXPECT_EQ(actor->send(Deposit{5}), ChannelStatus::kOk);
  EXPECT_EQ(actor->send(Deposit{7}), ChannelStatus::kOk);
  EXPECT_EQ(balance(*actor).value(), 12);
  EXPECT_EQ(actor->state(), ActorState::kRunning);
  EXPECT_TRUE(actor->stop(soon()));
  EXPECT_EQ(actor->state(), ActorState::kStopped);
  EXPECT_EQ(actor->counters().handled, 3U);
  EXPECT_EQ(stopped_, 1);
}

TEST_F(ActorTest, AnOrderlyStopHandlesWhatIsInside) {
  auto actor = start();
  block(*actor);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(actor->send(Deposit{1}), ChannelStatus::kOk);
  auto last = actor->ask<std::int64_t>([](auto reply) { return Query{std::move(reply)}; }, soon());
  std::thread stopper([&] { EXPECT_TRUE(actor->stop(soon())); });
  ASSERT_TRUE(eventually([&] { return actor->state() == ActorState::kDraining; }));
  EXPECT_EQ(actor->send(Deposit{1}), ChannelStatus::kClosed);
  let_go();
  stopper.join();
  EXPECT_EQ(last->wait_until(soon()).value(), 100);
  EXPECT_TRUE(actor->stop(0)) << "it is stopped already";
}

TEST_F(ActorTest, AStopWhoseDeadlinePassesThrowsAwayWhatIsInside) {
  auto actor = start();
  block(*actor);
  EXPECT_EQ(actor->send(Deposit{1}), ChannelStatus::kOk);
  auto lost = actor->ask<std::int64_t>([](auto reply) { return Query{std::move(reply)}; }, soon());
  std::thread releaser([&] {
    ASSERT_TRUE(eventually([&] { return actor->counters().mailbox.returned == 2; }));
    let_go();
  });
  const auto stopped = actor->stop(0);
  releaser.join();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kTIMED_OUT);
  EXPECT_EQ(lost->wait_until(soon()).error().code, ErrorCode::kCLOSED);
}

TEST_F(ActorTest, ARequestHearsItsDeadline) {
  auto actor = start();
  block(*actor);
  const auto now_us = system_clock().monotonic_us();
  auto answer = actor->request<std::int64_t>([](auto reply) { return Query{std::move(reply)}; },
                                             now_us + 1'000);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kTIMED_OUT);
  let_go();
  EXPECT_EQ(balance(*actor).value(), 0) << "an answer that comes too late harms nobody";
}

TEST_F(ActorTest, AFullMailboxRefusesByItsPolicy) {
  auto actor = start({.mailbox = {.capacity = 1, .full = FullPolicy::kRefuse}});
  block(*actor);
  EXPECT_EQ(actor->send(Deposit{1}), ChannelStatus::kOk);
  EXPECT_EQ(actor->send(Deposit{1}), ChannelStatus::kFull);
  const auto answer = balance(*actor);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kFULL);
  let_go();
}

TEST_F(ActorTest, AMessageThatIsNotAnsweredTellsTheAsker) {
  auto actor = start();
  const auto answer =
      actor->request<std::int64_t>([](auto reply) { return Ignore{std::move(reply)}; }, soon());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kCLOSED);
}

TEST_F(ActorTest, AFailureMakesANewBehaviourThatGoesOnWithTheNextMessage) {
  auto actor = start({.supervision = {.backoff_first_us = 0}});
  EXPECT_EQ(actor->send(Deposit{5}), ChannelStatus::kOk);
  EXPECT_EQ(actor->send(Deposit{0}), ChannelStatus::kOk);
  EXPECT_EQ(actor->send(Deposit{3}), ChannelStatus::kOk);
  EXPECT_EQ(actor->send(Deposit{-1}), ChannelStatus::kOk);
  EXPECT_EQ(actor->send(Deposit{2}), ChannelStatus::kOk);
  EXPECT_EQ(balance(*actor).value(), 2);
  EXPECT_EQ(made_, 3);
  EXPECT_EQ(actor->counters().failures, 2U);
  EXPECT_EQ(actor->counters().restarts, 2U);
  EXPECT_TRUE(actor->stop(soon()));
  EXPECT_EQ(stopped_, 1) << "a behaviour that failed is not asked to stop";
}

TEST_F(ActorTest, TooManyFailuresEscalateAndCloseTheMailbox) {
  std::vector<std::string> escalated;
  auto actor =
      start({.supervision = {.restarts_max = 2, .backoff_first_us = 0},
             .on_escalate = [&](const base::Error& error) { escalated.push_back(error.message); }});
  block(*actor);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(actor->send(Deposit{-1}), ChannelStatus::kOk);
  auto lost = actor->ask<std::int64_t>([](auto reply) { return Query{std::move(reply)}; }, soon());
  let_go();
  EXPECT_EQ(lost->wait_until(soon()).error().code, ErrorCode::kCLOSED);
  EXPECT_TRUE(actor->stop(soon()));
  EXPECT_EQ(escalated, std::vector<std::string>{"account threw: a negative amount"});
  EXPECT_EQ(actor->state(), ActorState::kFailed);
  EXPECT_EQ(actor->send(Deposit{1}), ChannelStatus::kClosed);
  EXPECT_EQ(actor->counters().mailbox.returned, 1U);
  EXPECT_EQ(actor->counters().failures, 3U);
  EXPECT_EQ(stopped_, 0);
}

TEST_F(ActorTest, AStopEndsThePauseBeforeARestart) {
  auto actor = start({.supervision = {.backoff_first_us = 3'600'000'000'000,
                                      .backoff_max_us = 3'600'000'000'000}});
  EXPECT_EQ(actor->send(Deposit{0}), ChannelStatus::kOk);
  EXPECT_EQ(actor->send(Deposit{4}), ChannelStatus::kOk);
  ASSERT_TRUE(eventually([&] { return actor->state() == ActorState::kRestarting; }));
  auto last = actor->ask<std::int64_t>([](auto reply) { return Query{std::move(reply)}; }, soon());
  EXPECT_TRUE(actor->stop(soon()));
  EXPECT_EQ(last->wait_until(soon()).value(), 4);
}

TEST(ActorStart, AFactoryThatFailsEscalates) {
  std::atomic<int> escalated{0};
  const auto factories = std::to_array<Actor<Message>::Factory>(
      {[]() -> std::unique_ptr<ActorBehaviour<Message>> { throw std::runtime_error("no disk"); },
       []() -> std::unique_ptr<ActorBehaviour<Message>> { return nullptr; },
       []() -> std::unique_ptr<ActorBehaviour<Message>> { throw 7; }});
  for (const auto& factory : factories) {
    auto actor = Actor<Message>::start({.supervision = {.restarts_max = 1, .backoff_first_us = 0},
                                        .on_escalate = [&](const auto&) { ++escalated; }},
                                       factory, system_clock());
    ASSERT_TRUE(eventually([&] { return (*actor)->state() == ActorState::kFailed; }));
    EXPECT_EQ((*actor)->counters().failures, 2U);
  }
  EXPECT_EQ(escalated, 3);
}

TEST(ActorStart, RefusesOptionsOutOfRange) {
  const auto none = [] { return std::unique_ptr<ActorBehaviour<Message>>(); };
  const auto mailbox = Actor<Message>::start({.mailbox = {.capacity = 0}}, none, system_clock());
  ASSERT_FALSE(mailbox);
  EXPECT_EQ(mailbox.error().field, "capacity");
  const auto window =
      Actor<Message>::start({.supervision = {.window_us = 0}}, none, system_clock());
  ASSERT_FALSE(window);
  EXPECT_EQ(window.error().field, "window_us");
}

TEST(ActorState, HasANameForEach) {
  for (const auto state : {ActorState::kRunning, ActorState::kRestarting, ActorState::kDraining,
                           ActorState::kStopped, ActorState::kFailed}) {
    EXPECT_NE(actor_state_name(state), "unknown");
  }
}

struct Numbered {
  std::uint64_t producer = 0;
  std::uint64_t number = 0;
};

class Counter final : public ActorBehaviour<Numbered> {
 public:
  explicit Counter(std::array<std::uint64_t, 7>* last) : last_(last) {}
  base::Status receive(Numbered message) override {
    EXPECT_EQ(message.number, ++(*last_)[message.producer]);
    return {};
  }

 private:
  std::array<std::uint64_t, 7>* last_;
};

TEST(ActorThreads, AMillionMessagesFromSevenThreadsKeepTheirOrder) {
  constexpr std::uint64_t kEach = scaled(1'000'000) / 7;
  std::array<std::uint64_t, 7> last{};
  auto actor = Actor<Numbered>::start(
      {.mailbox = {.capacity = 1'000}}, [&] { return std::make_unique<Counter>(&last); },
      system_clock());
  std::vector<std::thread> producers;
  for (std::uint64_t producer = 0; producer < last.size(); ++producer) {
    producers.emplace_back([&, producer] {
      for (std::uint64_t number = 1; number <= kEach; ++number) {
        ASSERT_EQ((*actor)->send({producer, number}), ChannelStatus::kOk);
      }
    });
  }
  for (auto& thread : producers) thread.join();
  EXPECT_TRUE((*actor)->stop(kNever));
  for (const std::uint64_t count : last) EXPECT_EQ(count, kEach);
  EXPECT_EQ((*actor)->counters().handled, kEach * last.size());
}

TEST_F(ActorTest, ManyRequestsAtOnceGetTheirOwnAnswers) {
  auto actor = start({.mailbox = {.capacity = 4}});
  std::vector<std::thread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] {
      std::int64_t last = -1;
      for (std::uint64_t turn = 0; turn < scaled(4'000); ++turn) {
        ASSERT_EQ(actor->send(Deposit{1}), ChannelStatus::kOk);
        const auto now = balance(*actor);
        ASSERT_TRUE(now);
        EXPECT_GT(*now, last);
        last = *now;
      }
    });
  }
  for (auto& thread : askers) thread.join();
  EXPECT_EQ(balance(*actor).value(), static_cast<std::int64_t>(8 * scaled(4'000)));
}

Detached await_reply(PendingReply<std::int64_t>& pending, std::atomic<std::int64_t>& balance) {
  auto answer = co_await Awaiting<base::Result<std::int64_t>>(pending.slot()).recv();
  balance = answer && *answer ? **answer : -1;
}

TEST_F(ActorTest, AReplyCanBeAwaited) {
  auto actor = start();
  EXPECT_EQ(actor->send(Deposit{6}), ChannelStatus::kOk);
  auto pending =
      actor->ask<std::int64_t>([](auto reply) { return Query{std::move(reply)}; }, soon());
  std::atomic<std::int64_t> balance{0};
  await_reply(*pending, balance);
  EXPECT_TRUE(eventually([&] { return balance == 6; }));
  EXPECT_TRUE(actor->stop(soon()));
}

}  // namespace
}  // namespace tasker::events
