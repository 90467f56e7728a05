#include "core/worker/bus_port.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "core/base/json.h"
#include "core/worker/json_members.h"
#include "core/worker/json_writer.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;
using base::Status;
using events::FullPolicy;

constexpr std::size_t kPayloadBytesMax = std::size_t{1} << 20;
constexpr std::size_t kPollBytesMax = std::size_t{8} << 20;  // after which a poll takes no more
constexpr std::int64_t kCapacityMax = 1'048'576;
constexpr std::int64_t kWaitMsMax = 3'600'000;
constexpr std::int64_t kMicrosPerMs = 1'000;

std::string_view policy_name(FullPolicy policy) {
  switch (policy) {
    case FullPolicy::kWait:
      return "wait";
    case FullPolicy::kRefuse:
      return "refuse";
    case FullPolicy::kDropOldest:
      return "drop_oldest";
  }
  return "unknown";
}

Result<FullPolicy> read_policy(const JsonMember& member) {
  auto text = member.as_string();
  if (!text) return fail(std::move(text.error()));
  for (const FullPolicy policy : {FullPolicy::kWait, FullPolicy::kRefuse, FullPolicy::kDropOldest})
    if (*text == policy_name(policy)) return policy;
  return fail(member.refusal("\"wait\", \"refuse\" or \"drop_oldest\""));
}

Result<events::QueueOptions> read_options(std::string_view json) {
  events::QueueOptions options;
  if (json.empty()) return options;
  const auto members = JsonMembers::read(json, "options", {"capacity", "policy", "wait_ms"});
  if (!members) return fail(members.error());
  if (const JsonMember* const member = members->find("capacity")) {
    const auto capacity = member->as_integer(1, kCapacityMax);
    if (!capacity) return fail(capacity.error());
    options.queue.capacity = static_cast<std::size_t>(*capacity);
  }
  if (const JsonMember* const member = members->find("policy")) {
    const auto policy = read_policy(*member);
    if (!policy) return fail(policy.error());
    options.queue.full = *policy;
  }
  if (const JsonMember* const member = members->find("wait_ms")) {
    const auto wait_ms = member->as_integer(0, kWaitMsMax);
    if (!wait_ms) return fail(wait_ms.error());
    options.wait_us_max = *wait_ms * kMicrosPerMs;
  }
  return options;
}

void append_event(std::string& out, std::uint64_t subscription, const events::Event& event) {
  JsonObject object(out);
  object.number("subscription", subscription);
  object.text("event", event.name);
  if (event.depth > 1) object.number("depth", event.depth);
  if (base::check_json(event.payload, "payload", {.bytes_max = kPayloadBytesMax})) {
    object.raw("payload", event.payload);
  } else {
    object.text("payload_text", event.payload);
  }
  object.close();
}

/// Appends one element of an array, or, when that throws, nothing.
template <class Append>
void append_whole(std::string& out, Append append) {
  const std::size_t before = out.size();
  try {
    if (out.back() != '[') out += ',';
    append();
    out.reserve(out.size() + 1);  // for the closing bracket
  } catch (...) {
    out.resize(before);
    throw;
  }
}

}  // namespace

void BusPort::Doorbell::ring() {
  if (rung_.exchange(true)) return;
  Lock lock(mutex_);
  if (on_wakeup_) on_wakeup_();
}

void BusPort::Doorbell::set(std::function<void()> on_wakeup) {
  Lock lock(mutex_);
  on_wakeup_ = std::move(on_wakeup);
  rung_ = false;
}

class BusPort::Publisher : public events::ActorBehaviour<Job> {
 public:
  explicit Publisher(BusPort& port) : port_(port) {}
  Status receive(Job job) override {
    port_.run(std::move(job));
    return {};
  }

 private:
  BusPort& port_;
};

BusPort::BusPort(std::shared_ptr<events::EventBus> bus, const base::Clock& clock)
    : bus_(std::move(bus)), clock_(clock) {}

BusPort::~BusPort() { close(); }

Status BusPort::register_event(std::string_view name, std::string_view schema_json) {
  auto registered = bus_->register_event(name, schema_json);
  if (!registered) return fail(std::move(registered.error()));
  return {};
}

std::string BusPort::list_events_json() const {
  std::string out;
  append_json_array(out, bus_->list_events(), [&](const events::EventType* type) {
    const events::EventCounters counters = type->counters();
    JsonObject object(out);
    object.text("name", type->name());
    object.raw("schema", type->schema_text());
    object.number("published", counters.published);
    object.number("refused", counters.refused);
    object.number("filtered", counters.filtered);
    object.close();
  });
  return out;
}

Status BusPort::check_publish(std::string_view name, std::string_view payload_json) const {
  const auto type = bus_->find_event(name);
  if (!type) return fail(type.error());
  if (auto json = base::check_json(payload_json, "payload", {.bytes_max = kPayloadBytesMax}); !json)
    return json;
  return bus_->check_payload(**type, payload_json);
}

Status BusPort::publish(std::string_view name, std::string_view payload_json) {
  if (auto json = base::check_json(payload_json, "payload", {.bytes_max = kPayloadBytesMax}); !json)
    return json;
  return bus_->publish(name, payload_json, {.stop = closing_.get_token()});
}

Result<std::uint64_t> BusPort::publish_begin(std::string_view name, std::string_view payload_json,
                                             std::uint32_t depth) {
  if (depth < 1 || depth > kDepthMax)
    return fail(ErrorCode::kINVALID_STATE,
                fmt::format("event {} is published behind {} listeners; expected at most {}: do "
                            "they publish in a circle?",
                            base::shown(name), depth == 0 ? 0 : depth - 1, kDepthMax - 1),
                "depth");
  Lock ordered(publish_mutex_);
  bool must_wait = false;
  {
    Lock lock(mutex_);
    if (closed_) return fail(ErrorCode::kCLOSED, "the port of the event bus is closed");
    must_wait = publishes_waiting_ > 0;
  }
  if (must_wait) {
    if (auto checked = check_publish(name, payload_json); !checked) return fail(checked.error());
    return hand_over({0, WaitingPublish{std::string(name), std::string(payload_json), depth}});
  }
  if (auto json = base::check_json(payload_json, "payload", {.bytes_max = kPayloadBytesMax}); !json)
    return fail(json.error());
  std::vector<events::PendingSend> left;
  auto published = bus_->publish(name, payload_json, {.depth = depth, .left = &left});
  if (!published) return fail(published.error());
  if (left.empty()) return std::uint64_t{0};
  return hand_over({0, std::move(left)});
}

Result<std::uint64_t> BusPort::hand_over(Job job) {
  Lock publishing(publisher_mutex_);
  if (!publisher_) {
    events::ActorOptions options;
    options.name = "bus port";
    options.mailbox = {.capacity = kWaitingMax, .full = FullPolicy::kRefuse};
    auto started = events::Actor<Job>::start(
        std::move(options), [this] { return std::make_unique<Publisher>(*this); }, clock_);
    if (!started) return fail(started.error());
    publisher_ = std::move(*started);
  }
  std::uint64_t request = 0;
  {
    Lock lock(mutex_);
    if (closed_) return fail(ErrorCode::kCLOSED, "the port of the event bus is closed");
    // With those whose ends nobody has polled: neither grows without a bound.
    if (publishes_waiting_ + ends_.size() >= kWaitingMax)
      return fail(ErrorCode::kFULL, fmt::format("{} publishes wait for full queues", kWaitingMax));
    request = job.request = ++last_id_;
    ++publishes_waiting_;
  }
  if (publisher_->send(std::move(job)) == events::ChannelStatus::kOk) return request;
  Lock lock(mutex_);
  --publishes_waiting_;
  return fail(ErrorCode::kCLOSED, "the port of the event bus is closed");
}

void BusPort::run(Job job) {
  Status status;
  if (const auto* const publish = std::get_if<WaitingPublish>(&job.what)) {
    status = bus_->publish(publish->name, publish->payload,
                           {.depth = publish->depth, .stop = closing_.get_token()});
  } else {
    bus_->finish(std::get<std::vector<events::PendingSend>>(job.what), closing_.get_token());
  }
  std::string end;
  JsonObject object(end);
  object.number("published", job.request);
  if (!status) object.raw("error", status.error().to_json());
  object.close();
  {
    Lock lock(mutex_);
    --publishes_waiting_;
    ends_.push_back(std::move(end));
  }
  doorbell_->ring();
}

Result<std::uint64_t> BusPort::subscribe(std::string_view pattern, std::string_view options_json) {
  auto options = read_options(options_json);
  if (!options) return fail(options.error());
  options->on_arrival = [doorbell = doorbell_] { doorbell->ring(); };
  Lock lock(mutex_);
  if (closed_) return fail(ErrorCode::kCLOSED, "the port of the event bus is closed");
  auto subscription = bus_->open_queue(pattern, *options);
  if (!subscription) return fail(subscription.error());
  const std::uint64_t id = ++last_id_;
  subscriptions_.emplace(
      id, Subscribed{std::string(pattern), std::move(*options), std::move(*subscription)});
  return id;
}

Status BusPort::missing(std::uint64_t subscription) const {
  return fail(ErrorCode::kNOT_FOUND, fmt::format("there is no subscription {}", subscription),
              "subscription");
}

Status BusPort::unsubscribe(std::uint64_t subscription) {
  Subscriptions::node_type removed;
  {
    Lock lock(mutex_);
    removed = subscriptions_.extract(subscription);
  }
  if (removed.empty()) return missing(subscription);
  return {};
}

Result<std::string> BusPort::subscription_json(std::uint64_t subscription) const {
  Lock lock(mutex_);
  const auto found = subscriptions_.find(subscription);
  if (found == subscriptions_.end()) return fail(missing(subscription).error());
  const Subscribed& subscribed = found->second;
  const events::SubscriptionCounters counters = subscribed.subscription.counters();
  std::string out;
  JsonObject object(out);
  object.text("pattern", subscribed.pattern);
  object.number("capacity", subscribed.options.queue.capacity);
  object.text("policy", policy_name(subscribed.options.queue.full));
  object.number("depth", counters.queue.depth);
  object.number("depth_max", counters.queue.depth_max);
  object.number("delivered", counters.delivered);
  object.number("lost", counters.lost);
  object.close();
  return out;
}

std::size_t BusPort::take_ends(std::size_t max, std::string& out) {
  std::size_t taken = 0;
  for (; taken < max && !ends_.empty(); ++taken) {
    const std::string& end = ends_.front();
    append_whole(out, [&] { out += end; });
    ends_.pop_front();
  }
  return taken;
}

std::size_t BusPort::take_events(Subscribed& from, std::uint64_t id, std::size_t max,
                                 std::string& out) {
  std::size_t taken = 0;
  for (; taken < max && out.size() < kPollBytesMax; ++taken) {
    if (!from.in_hand) {
      auto event = from.subscription.queue()->try_recv();
      if (!event) break;
      from.in_hand.emplace(std::move(*event));
    }
    append_whole(out, [&] { append_event(out, id, from.in_hand->view()); });
    from.in_hand.reset();
  }
  return taken;
}

bool BusPort::poll(std::size_t max, std::uint64_t subscription, std::string& out) {
  const std::size_t before = out.size();
  // Before the look: what comes after it rings again.
  doorbell_->quiet();
  out.reserve(before + 2);
  out += '[';
  std::size_t taken = 0;
  try {
    Lock lock(mutex_);
    taken = take_ends(max, out);
    if (subscription != 0) {
      const auto only = subscriptions_.find(subscription);
      if (only != subscriptions_.end()) take_events(only->second, subscription, max - taken, out);
      taken = max;
    }
    // Whose turn comes first goes round, so that a busy subscription does not starve the others.
    auto from = subscriptions_.upper_bound(polled_last_);
    for (std::size_t i = 0; i < subscriptions_.size() && taken < max; ++i, ++from) {
      if (from == subscriptions_.end()) from = subscriptions_.begin();
      taken += take_events(from->second, from->first, max - taken, out);
      polled_last_ = from->first;
    }
  } catch (const std::bad_alloc&) {
    if (out.size() == before + 1) {
      out.resize(before);
      throw;
    }
  }
  const bool found = out.size() > before + 1;
  if (found) {
    out += ']';
  } else {
    out.resize(before);
  }
  return found;
}

void BusPort::set_wakeup(std::function<void()> on_wakeup) {
  doorbell_->set(std::move(on_wakeup));
  // What came before nobody was told of; what comes now rings by itself.
  if (has_news()) doorbell_->ring();
}

bool BusPort::has_news() const {
  if (doorbell_->rung()) return true;
  Lock lock(mutex_);
  return !ends_.empty() || std::ranges::any_of(subscriptions_, [](const auto& entry) {
    return entry.second.in_hand || entry.second.subscription.counters().queue.depth > 0;
  });
}

void BusPort::close() {
  Subscriptions ended;
  {
    Lock lock(mutex_);
    closed_ = true;
    ended.swap(subscriptions_);
  }
  ended.clear();
  closing_.request_stop();
  doorbell_->set({});
  Lock publishing(publisher_mutex_);
  if (publisher_) (void)publisher_->stop(clock_.monotonic_us());
}

}  // namespace tasker::worker
