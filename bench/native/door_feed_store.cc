// The store of the door benchmarks' builds of both doors: linked in the place of the SQLite back
// end, it hands out ready-made steps without end and forgets what becomes of them. Everything above
// it is the real thing: writer thread, dispatcher, completions, metrics, door.
//
// TASKER_BENCH_FEED=endless (default): as many steps as the worker has room for.
// TASKER_BENCH_FEED=paced: one step at a time, 3 to 13 ms after the last one was completed.
// TASKER_BENCH_FEED=nothing: none.
// TASKER_BENCH_FEED=counted: the steps 1 to TASKER_BENCH_STEPS, at most TASKER_BENCH_IN_FLIGHT at a
// time; what becomes of them is written to the file TASKER_BENCH_TALLY (see door_tally.h).
// TASKER_BENCH_COMMIT_US (default 0): how long a commit takes, asleep as one waits for a disk.
#include <fmt/format.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include "bench/native/door_event.h"
#include "bench/native/door_tally.h"
#include "core/base/random.h"
#include "core/store/sqlite/sqlite_store.h"

namespace tasker::bench {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using base::Uuid;

constexpr std::int64_t kPauseShortestUs = 3'000;
// Ten milliseconds wide, so that steps fall evenly between the ticks of a 10 ms poll.
constexpr std::int64_t kPauseSpreadUs = 10'000;

tl::unexpected<base::Error> nothing_there() {
  return fail(ErrorCode::kNOT_FOUND, "the feeding store keeps nothing");
}

/// A clock that says when the next step is due, as a descriptor.
class Timer {
 public:
  Timer() : fd_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {}
  ~Timer() { close(fd_); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  int fd() const { return fd_; }
  void start(std::int64_t pause_us) {
    itimerspec when{};
    when.it_value.tv_sec = pause_us / 1'000'000;
    when.it_value.tv_nsec = pause_us % 1'000'000 * 1'000;
    due_ = false;
    timerfd_settime(fd_, 0, &when, nullptr);
  }
  void acknowledge() {
    std::uint64_t expirations = 0;
    if (read(fd_, &expirations, sizeof expirations) == sizeof expirations) due_ = true;
  }
  /// Whether it went off since it was started; once.
  bool take_due() { return due_.exchange(false); }

 private:
  const int fd_;
  std::atomic<bool> due_{false};
};

class TimerWatch final : public store::ChangeWatch {
 public:
  explicit TimerWatch(std::shared_ptr<Timer> timer) : timer_(std::move(timer)) {}
  int fd() const override { return timer_->fd(); }
  void acknowledge() override { timer_->acknowledge(); }

 private:
  const std::shared_ptr<Timer> timer_;
};

/// One template, its tasks as they are asked for, and nothing else.
template <class Interface>
class FeedReads : public Interface {
 public:
  Result<store::StoredTemplate> find_template(std::string_view, std::string_view,
                                              std::string_view) override {
    return door_template();
  }
  Result<store::StoredTemplate> load_template(model::TemplateId) override {
    return door_template();
  }
  Result<std::vector<store::StoredTemplate>> list_templates() override {
    return std::vector{door_template()};
  }
  Result<std::vector<store::HandlerRecord>> list_handlers() override {
    return std::vector<store::HandlerRecord>{
        {kDoorHandler, std::string(kDoorNamespace), std::string(kDoorCallable)}};
  }
  Result<store::TaskRecord> find_task(const Uuid&) override { return nothing_there(); }
  /// Called once for each step, by the writer's thread, right after the commit that claimed it:
  /// the moment from which a wake-up's latency counts.
  Result<store::TaskHeader> load_task_header(model::TaskId id) override {
    return door_task(static_cast<std::int64_t>(id), monotonic_us());
  }
  Result<store::TaskPage> list_tasks(const store::TaskFilter&) override {
    return store::TaskPage{};
  }
  Result<std::optional<store::TaskRecord>> find_by_idempotency_key(std::string_view,
                                                                   std::string_view,
                                                                   std::string_view) override {
    return std::nullopt;
  }
  Result<std::vector<store::StepRecord>> list_steps(model::TaskId, bool) override {
    return nothing_there();
  }
  Result<store::StepRecord> load_step(model::StepKey) override { return nothing_there(); }
  Result<std::vector<std::string>> load_results(model::TaskId,
                                                std::span<const std::uint32_t>) override {
    return nothing_there();
  }
  Result<std::vector<store::AttemptRecord>> list_attempts(model::StepKey) override {
    return std::vector<store::AttemptRecord>{};
  }
  Result<std::optional<store::CheckpointRecord>> load_checkpoint(model::StepKey) override {
    return std::nullopt;
  }
  Result<std::vector<store::WorkerRecord>> list_workers() override {
    return std::vector<store::WorkerRecord>{};
  }
  Result<std::vector<store::LostClaim>> list_lost_claims(
      const std::function<bool(const store::WorkerRecord&)>&, std::uint32_t) override {
    return std::vector<store::LostClaim>{};
  }
  Result<std::optional<std::int64_t>> next_due() override { return std::nullopt; }
  Result<std::uint64_t> revocations() override { return std::uint64_t{0}; }
  Result<std::vector<bool>> holds_claims(model::WorkerId,
                                         std::span<const store::HeldClaim> claims) override {
    return std::vector<bool>(claims.size(), true);
  }
  Result<std::uint64_t> newest_event() override { return std::uint64_t{0}; }
  Result<store::StoredEvent> load_event(std::uint64_t) override { return nothing_there(); }
  Result<std::vector<store::SubscriberRecord>> list_subscribers() override {
    return std::vector<store::SubscriberRecord>{};
  }
  Result<store::DeadDeliveryPage> list_dead_deliveries(const store::DeadDeliveryFilter&) override {
    return store::DeadDeliveryPage{};
  }
  Result<store::StoreInfo> info() override {
    store::StoreInfo info;
    info.backend = "feed";
    return info;
  }
  Result<std::vector<std::string>> check_integrity() override { return std::vector<std::string>{}; }
};

class FeedReader final : public FeedReads<store::Reader> {};

enum class Feed { kEndless, kPaced, kNothing, kCounted };

class FeedStore final : public FeedReads<store::Store> {
 public:
  FeedStore(Feed feed, std::int64_t commit_us, std::unique_ptr<DoorTally> tally)
      : feed_(feed), commit_us_(commit_us), tally_(std::move(tally)) {}

  Result<store::WriteOutcome> write(store::WriteBatch& batch) override {
    if (commit_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds(commit_us_));
    store::WriteOutcome outcome;
    outcome.completions.assign(batch.completions.size(), store::CompletionOutcome::kRecorded);
    outcome.releases.assign(batch.releases.size(), true);
    for (const store::Completion& completion : batch.completions)
      outcome.finished.push_back({completion.step.task, model::TaskState::kComplete});
    if (tally_) tally_->record(batch);
    const std::int16_t executor = batch.budget.executor_of(kDoorHandler);
    const bool is_mine = executor >= 0;
    // What is counted comes back with its completion, whether or not the worker asks for more.
    if (is_mine && (batch.claim || tally_)) {
      claim(batch, batch.budget.room[static_cast<std::size_t>(executor)], outcome);
    }
    if (feed_ == Feed::kPaced && is_mine && (last_ == 0 || !batch.completions.empty()))
      start_pause();
    return outcome;
  }

  Result<PutTemplate> put_template(const model::TaskTemplate&, std::int64_t) override {
    return PutTemplate{door_template(), false};
  }
  Result<model::WorkerId> register_worker(const store::WorkerInfo&) override {
    return model::WorkerId{1};
  }
  Result<bool> renew_lease(model::WorkerId, std::int64_t) override { return true; }
  Status unregister_worker(model::WorkerId) override { return {}; }
  Status describe_handlers(model::WorkerId, std::string_view) override { return {}; }
  Status cancel_task(const Uuid&, std::int64_t) override { return nothing_there(); }
  Result<std::uint32_t> retry_task(const Uuid&, std::int64_t) override { return nothing_there(); }
  Result<model::SubscriberId> put_subscriber(const store::SubscriberSettings&,
                                             std::int64_t) override {
    return nothing_there();
  }
  Result<bool> acquire_subscriber(model::SubscriberId, model::WorkerId, std::int64_t) override {
    return nothing_there();
  }
  Status release_subscriber(model::SubscriberId, model::WorkerId, std::uint64_t) override {
    return nothing_there();
  }
  Status remove_subscriber(std::string_view) override { return nothing_there(); }
  Result<std::uint64_t> retry_dead_deliveries(std::string_view,
                                              std::optional<std::uint64_t>) override {
    return nothing_there();
  }
  Result<std::uint64_t> drop_dead_deliveries(std::string_view,
                                             std::optional<std::uint64_t>) override {
    return nothing_there();
  }
  Result<store::RemovedEvents> remove_passed_events(std::int64_t, std::uint64_t,
                                                    std::uint32_t) override {
    return store::RemovedEvents{};
  }
  Result<std::unique_ptr<store::Reader>> open_reader() override {
    return std::make_unique<FeedReader>();
  }
  Result<std::unique_ptr<store::ChangeWatch>> watch_changes() override {
    return std::make_unique<TimerWatch>(timer_);
  }

 private:
  void claim(const store::WriteBatch& batch, std::uint32_t& room, store::WriteOutcome& outcome) {
    const std::uint32_t count = how_many(room);
    outcome.claims.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i)
      outcome.claims.push_back(door_claim(tally_ ? tally_->next() : ++last_, batch.now_us));
    room -= count;
  }

  std::uint32_t how_many(std::uint32_t room) {
    switch (feed_) {
      case Feed::kEndless:
        return room;
      case Feed::kPaced:
        return timer_->take_due() ? 1 : 0;
      case Feed::kNothing:
        return 0;
      case Feed::kCounted:
        return tally_->due(room);
    }
    return 0;
  }

  void start_pause() {
    timer_->start(kPauseShortestUs + static_cast<std::int64_t>(random_.below(
                                         static_cast<std::uint64_t>(kPauseSpreadUs))));
  }

  const Feed feed_;
  const std::int64_t commit_us_;
  const std::unique_ptr<DoorTally> tally_;  // of kCounted
  const std::shared_ptr<Timer> timer_ = std::make_shared<Timer>();
  base::Random random_{1};
  std::int64_t last_ = 0;  // number of the task that was claimed last
};

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any here
  return value ? value : "";
}

/// The whole number, 0 or more, that an environment variable holds; 0 when it is not set.
Result<std::int64_t> number(const char* name) {
  const std::string_view text = variable(name);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc() && end == text.data() + text.size() && value >= 0;
  if (!text.empty() && !is_whole)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} is \"{}\"; expected a whole number", name, text), name);
  return value;
}

Result<std::unique_ptr<DoorTally>> open_tally() {
  auto steps = number("TASKER_BENCH_STEPS");
  if (!steps) return tl::unexpected(steps.error());
  auto warmup = number("TASKER_BENCH_WARMUP");
  if (!warmup) return tl::unexpected(warmup.error());
  auto in_flight = number("TASKER_BENCH_IN_FLIGHT");
  if (!in_flight) return tl::unexpected(in_flight.error());
  return DoorTally::open(std::string(variable("TASKER_BENCH_TALLY")),
                         {.steps = *steps, .warmup = *warmup, .in_flight = *in_flight});
}

}  // namespace

/// The store that the environment asks for.
static Result<std::unique_ptr<store::Store>> open_feed() {
  const std::string_view wanted = variable("TASKER_BENCH_FEED");
  const Feed feed = wanted == "paced"     ? Feed::kPaced
                    : wanted == "nothing" ? Feed::kNothing
                    : wanted == "counted" ? Feed::kCounted
                                          : Feed::kEndless;
  auto commit_us = number("TASKER_BENCH_COMMIT_US");
  if (!commit_us) return tl::unexpected(commit_us.error());
  std::unique_ptr<DoorTally> tally;
  if (feed == Feed::kCounted) {
    auto opened = open_tally();
    if (!opened) return tl::unexpected(opened.error());
    tally = std::move(*opened);
  }
  return std::make_unique<FeedStore>(feed, *commit_us, std::move(tally));
}

}  // namespace tasker::bench

namespace tasker::store::sqlite {

base::Result<std::unique_ptr<Store>> open(const Options&, std::shared_ptr<base::Logger>) {
  return bench::open_feed();
}

}  // namespace tasker::store::sqlite
