// Tasker's bus: plain, by name, with a schema, with each middleware, with a queue.
#include <memory>
#include <optional>

#include "bench/native/event_bus_bench.h"
#include "core/events/event_bus.h"
#include "core/events/middleware.h"

namespace tasker::bench {
namespace {

constexpr std::string_view kSchema = R"({
  "type": "object",
  "required": ["step_uuid", "attempt"],
  "properties": {
    "step_uuid": {"type": "string", "minLength": 36, "maxLength": 36},
    "attempt": {"type": "integer", "minimum": 1},
    "duration_ms": {"type": "number", "minimum": 0}
  }
})";

template <class T>
T expect(base::Result<T> result, const char* what) {
  if (!result) die(what, result.error().message);
  return std::move(*result);
}

void expect_ok(const base::Status& status, const char* what) {
  if (!status) die(what, status.error().message);
}

class TaskerBus {
 public:
  TaskerBus(std::vector<Counter>& counters, const std::string& chosen)
      : by_name_(chosen == "by-name"),
        bus_({}, clock_, base::make_null_logger()),
        type_(
            *expect(bus_.register_event(kEventName, chosen == "schema" ? kSchema : ""), "event")) {
    add_middleware(chosen);
    for (Counter& counter : counters) {
      subscriptions_.push_back(
          expect(bus_.subscribe(kEventName,
                                [&counter](const events::Event& e) { counter.add(e.payload); }),
                 "subscribe"));
    }
    if (chosen == "queue") {
      subscriptions_.push_back(expect(
          bus_.open_queue(kEventName,
                          {.queue = {.capacity = 1000, .full = events::FullPolicy::kDropOldest}}),
          "queue"));
    }
  }

  void publish() {
    expect_ok(by_name_ ? bus_.publish(kEventName, kPayload) : bus_.publish(type_, kPayload),
              "publish");
  }

 private:
  void add_middleware(const std::string& chosen) {
    std::optional<events::Middleware> middleware;
    if (chosen == "filter") {
      middleware = events::filter_events([](const events::Event& e) { return !e.payload.empty(); });
    } else if (chosen == "enrich") {
      middleware = events::enrich_events([](const events::Event& e) -> base::Result<std::string> {
        return std::string(e.payload);
      });
    } else if (chosen == "time") {
      middleware = events::time_events(
          clock_, [this](const events::Event&, std::int64_t us) { spent_us_ += us; });
    } else if (chosen == "sample") {
      middleware = events::sample_events(1);
    }
    if (middleware) expect_ok(bus_.add_middleware("*", *middleware), "middleware");
  }

  const bool by_name_;
  base::SystemClock clock_;
  std::int64_t spent_us_ = 0;
  events::EventBus bus_;
  events::EventType& type_;
  std::vector<events::Subscription> subscriptions_;
};

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  using tasker::bench::PublishOptions;
  CLI::App app("Publishing an event, measured");
  std::string chosen = "plain";
  const PublishOptions options =
      tasker::bench::read_publish_options(app, argc, argv, [&](CLI::App& added) {
        added.add_option("--with", chosen, "what is added to a plain publish")
            ->check(CLI::IsMember(
                {"plain", "by-name", "schema", "filter", "enrich", "time", "sample", "queue"}));
      });
  tasker::bench::run_publish<tasker::bench::TaskerBus>(options, chosen);
  return 0;
}
