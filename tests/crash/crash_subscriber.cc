// A subscriber process for the crash tests:
//
//   crash_subscriber STORE JOURNAL HANDLER_US_MAX SEED
//
// Takes the durable events of the store as the subscriber `books`, notes each in the journal, takes
// up to HANDLER_US_MAX microseconds, and acknowledges it, or fails it for another try. Ends in
// order at SIGTERM.
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "tests/crash/crash_program.h"

namespace tasker::crash {
namespace {

constexpr int kThreads = 2;
constexpr std::int64_t kWaitUs = 100'000;
constexpr const char* kSubscription =
    R"({"subscriber":"books","events":["*"],"from":"oldest","in_flight_max":32,)"
    R"("max_attempts":100,"backoff_base_ms":1,"backoff_max_ms":50})";

/// What stands between `"name":"` or `"name":` and the next quote or comma.
std::string member(std::string_view text, std::string_view name) {
  const std::string before = "\"" + std::string(name) + "\":";
  std::size_t at = text.find(before) + before.size();
  if (text[at] == '"') ++at;
  return std::string(text.substr(at, text.find_first_of("\",", at) - at));
}

/// News and the end, waited for together.
struct News {
  base::Mutex mutex;
  base::Condition changed;
  bool has_news TASKER_GUARDED_BY(mutex) = false;
  bool ends TASKER_GUARDED_BY(mutex) = false;
};

/// The subscriber's handler, on one thread.
class Reader {
 public:
  Reader(worker::Worker& worker, News& news, const Journal& journal, std::uint64_t handler_us_max,
         std::uint64_t seed)
      : worker_(worker),
        news_(news),
        journal_(journal),
        handler_us_max_(handler_us_max),
        random_(seed) {}

  void run() {
    std::vector<std::string> items;
    for (;;) {
      items.clear();
      if (worker_.poll_deliveries(4, items) == 0) {
        base::Lock lock(news_.mutex);
        news_.changed.wait_for(news_.mutex, kWaitUs, [this]() TASKER_REQUIRES(news_.mutex) {
          return news_.has_news || news_.ends;
        });
        news_.has_news = false;
        if (news_.ends) return;
      }
      for (const std::string& item : items) handle(item);
    }
  }

 private:
  void handle(const std::string& item) {
    if (member(item, "kind") != "event") return;
    journal_.note({*base::parse_uuid(member(item, "task_uuid")),
                   static_cast<std::uint32_t>(member(item, "step_name")[0] - 'a'),
                   static_cast<std::uint32_t>(std::stoul(member(item, "attempts")) + 1)});
    work(random_, handler_us_max_);
    // A refusal is no error here: another process has the event now.
    const base::Uuid id = *base::parse_uuid(member(item, "delivery_id"));
    if (random_.below(8) == 0)
      static_cast<void>(worker_.fail_delivery(id, R"({"message":"on purpose"})"));
    else
      static_cast<void>(worker_.acknowledge_delivery(id));
  }

  worker::Worker& worker_;
  News& news_;
  const Journal& journal_;
  const std::uint64_t handler_us_max_;
  base::Random random_;
};

int run(const Arguments& arguments) {
  const Journal journal(arguments.journal_path);
  const auto worker = open_worker(arguments);
  if (worker == nullptr) return 1;
  if (const auto status = worker->start(); !status) return report(status.error().to_json());
  if (const auto status = worker->subscribe_domain_events(kSubscription); !status)
    return report(status.error().to_json());
  News news;
  worker->set_wakeup([&news] {
    base::Lock lock(news.mutex);
    news.has_news = true;
    news.changed.notify_all();
  });
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      Reader(*worker, news, journal, arguments.handler_us_max, arguments.seed * kThreads + i).run();
    });
  await_end();
  return end_worker(*worker, [&] {
    {
      base::Lock lock(news.mutex);
      news.ends = true;
      news.changed.notify_all();
    }
    for (std::thread& thread : threads) thread.join();
  });
}

}  // namespace
}  // namespace tasker::crash

int main(int argc, char** argv) {
  return tasker::crash::run_program(argc, argv, tasker::crash::run);
}
