// The limit: a loop over functions in a vector, which nobody can change and no thread shares.
#include <functional>

#include "bench/native/event_bus_bench.h"

namespace tasker::bench {
namespace {

class FunctionList {
 public:
  explicit FunctionList(std::vector<Counter>& counters) {
    for (Counter& counter : counters) {
      functions_.emplace_back([&counter](const Message& message) { counter.add(message.payload); });
    }
  }

  void publish() {
    const Message message{kEventName, kPayload};
    for (const auto& function : functions_) function(message);
  }

 private:
  std::vector<std::function<void(const Message&)>> functions_;
};

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  return tasker::bench::run_event_bus_bench<tasker::bench::FunctionList>(argc, argv);
}
