// libsigc++, which is for one thread: it takes no lock.
#include <sigc++/sigc++.h>

#include "bench/native/event_bus_bench.h"

namespace tasker::bench {
namespace {

class SigCpp {
 public:
  explicit SigCpp(std::vector<Counter>& counters) {
    for (Counter& counter : counters) {
      signal_.connect([&counter](const Message& message) { counter.add(message.payload); });
    }
  }

  void publish() { signal_(Message{kEventName, kPayload}); }

 private:
  sigc::signal<void, const Message&> signal_;
};

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  return tasker::bench::run_event_bus_bench<tasker::bench::SigCpp>(argc, argv);
}
