// Boost.Signals2, as thread-safe as Tasker's bus.
#include <boost/signals2.hpp>

#include "bench/native/event_bus_bench.h"

namespace tasker::bench {
namespace {

class Signals2 {
 public:
  explicit Signals2(std::vector<Counter>& counters) {
    for (Counter& counter : counters) {
      signal_.connect([&counter](const Message& message) { counter.add(message.payload); });
    }
  }

  void publish() { signal_(Message{kEventName, kPayload}); }

 private:
  boost::signals2::signal<void(const Message&)> signal_;
};

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  return tasker::bench::run_event_bus_bench<tasker::bench::Signals2>(argc, argv);
}
