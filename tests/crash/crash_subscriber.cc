// A subscriber process for the crash tests:
//
//   crash_subscriber STORE JOURNAL HANDLER_US_MAX SEED
//
// Takes the durable events of the store as the subscriber `books`, notes each in the journal, takes
// up to HANDLER_US_MAX microseconds, and acknowledges it, or fails it for another try. Ends in
// order at SIGTERM.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/base/random.h"
#include "core/store/sqlite/sqlite_store.h"
#include "core/worker/worker.h"
#include "tests/crash/work.h"

namespace tasker::crash {
namespace {

constexpr int kThreads = 2;
constexpr std::int64_t kDrainMs = 5000;
constexpr std::int64_t kWaitUs = 100'000;
constexpr const char* kSubscription =
    R"({"subscriber":"books","events":["*"],"from":"oldest","in_flight_max":32,)"
    R"("max_attempts":100,"backoff_base_ms":1,"backoff_max_ms":50})";

int report(const std::string& what) {
  std::fprintf(stderr, "crash_subscriber: %s\n", what.c_str());
  return 1;
}

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
  Reader(worker::Worker& worker, News& news, int journal, std::uint64_t handler_us_max,
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
    const JournalLine event{*base::parse_uuid(member(item, "task_uuid")),
                            static_cast<std::uint32_t>(member(item, "step_name")[0] - 'a'),
                            static_cast<std::uint32_t>(std::stoul(member(item, "attempts")) + 1)};
    const std::string line = to_text(event);
    if (::write(journal_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      std::abort();  // without a journal the run proves nothing
    if (handler_us_max_ > 0) {
      const auto work_us = static_cast<std::int64_t>(random_.below(handler_us_max_));
      std::this_thread::sleep_for(std::chrono::microseconds(work_us));
    }
    // A refusal is no error here: another process has the event now.
    const base::Uuid id = *base::parse_uuid(member(item, "delivery_id"));
    if (random_.below(8) == 0)
      static_cast<void>(worker_.fail_delivery(id, R"({"message":"on purpose"})"));
    else
      static_cast<void>(worker_.acknowledge_delivery(id));
  }

  worker::Worker& worker_;
  News& news_;
  const int journal_;
  const std::uint64_t handler_us_max_;
  base::Random random_;
};

struct Arguments {
  std::string store_path;
  std::string journal_path;
  std::uint64_t handler_us_max = 0;
  std::uint64_t seed = 0;
};

int serve(worker::Worker& worker, int journal, const Arguments& arguments,
          const sigset_t& signals) {
  News news;
  worker.set_wakeup([&news] {
    base::Lock lock(news.mutex);
    news.has_news = true;
    news.changed.notify_all();
  });
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      Reader(worker, news, journal, arguments.handler_us_max, arguments.seed * kThreads + i).run();
    });
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  const auto drained = worker.drain(kDrainMs);
  {
    base::Lock lock(news.mutex);
    news.ends = true;
    news.changed.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
  const auto stopped = worker.stop();
  if (!drained) return report(drained.error().to_json());
  if (!stopped) return report(stopped.error().to_json());
  return 0;
}

int run(const Arguments& arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // no process outlives its test
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const int journal =
      open(arguments.journal_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (journal < 0) return report("the journal can not be opened: " + arguments.journal_path);
  const auto logger = base::make_stderr_logger(base::LogLevel::kError, false);
  store::sqlite::Options options;
  options.path = arguments.store_path;
  options.mode = store::sqlite::OpenMode::kExisting;
  auto store = store::sqlite::open(options, logger);
  if (!store) return report(store.error().to_json());
  config::Config config;
  config.store_path = arguments.store_path;
  config.lease_ttl_ms = 500;
  auto opened = worker::Worker::open(config, std::move(*store), logger,
                                     std::make_shared<base::SystemClock>());
  if (!opened) return report(opened.error().to_json());
  if (const auto status = (*opened)->start(); !status) return report(status.error().to_json());
  if (const auto status = (*opened)->subscribe_domain_events(kSubscription); !status)
    return report(status.error().to_json());
  return serve(**opened, journal, arguments, signals);
}

}  // namespace
}  // namespace tasker::crash

int main(int argc, char** argv) {
  const std::vector<std::string_view> given(argv, argv + argc);
  const auto number = [&](std::size_t index, std::uint64_t& value) {
    const std::string_view text = given[index];
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
  };
  std::uint64_t handler_us_max = 0;
  std::uint64_t seed = 0;
  if (argc != 5 || !number(3, handler_us_max) || !number(4, seed)) {
    return tasker::crash::report("usage: crash_subscriber STORE JOURNAL HANDLER_US_MAX SEED");
  }
  return tasker::crash::run({argv[1], argv[2], handler_us_max, seed});
}
