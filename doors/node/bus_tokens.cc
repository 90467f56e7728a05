#include "doors/node/bus_tokens.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "core/base/mutex.h"
#include "core/base/random.h"

namespace tasker::node {
namespace {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;
using worker::Worker;

class Tokens {
 public:
  std::string of(const std::shared_ptr<Worker>& worker) {
    Lock lock(mutex_);
    for (auto entry = workers_.begin(); entry != workers_.end();) {
      const auto known = entry->second.lock();
      if (known == worker) return entry->first;
      entry = known ? std::next(entry) : workers_.erase(entry);
    }
    base::Random random = base::Random::from_system();
    std::string token = fmt::format("addon:{}", base::make_uuid_v4(random).text());
    workers_.emplace(token, worker);
    return token;
  }

  std::shared_ptr<Worker> find(std::string_view token) const {
    Lock lock(mutex_);
    const auto found = workers_.find(token);
    return found == workers_.end() ? nullptr : found->second.lock();
  }

  static Tokens& here() {
    // Never destroyed: threads may still ask while the process exits.
    static Tokens* const tokens = new Tokens();
    return *tokens;
  }

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, std::weak_ptr<Worker>, std::less<>> workers_ TASKER_GUARDED_BY(mutex_);
};

}  // namespace

std::string bus_token(const std::shared_ptr<Worker>& worker) { return Tokens::here().of(worker); }

Result<std::shared_ptr<worker::BusPort>> open_bus_port(std::string_view token) {
  const auto worker = Tokens::here().find(token);
  if (!worker)
    return fail(ErrorCode::kNOT_FOUND,
                fmt::format("openBus: token is \"{}\"; no worker has it", base::shown(token)),
                "token");
  const worker::WorkerState state = worker->state();
  if (state == worker::WorkerState::kStopped)
    return fail(ErrorCode::kCLOSED, "the worker is closed");
  return worker->open_bus_port();
}

}  // namespace tasker::node
