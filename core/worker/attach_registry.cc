#include "core/worker/attach_registry.h"

#include <utility>

#include "core/base/random.h"
#include "core/base/uuid.h"

namespace tasker::worker {

using base::Lock;

AttachRegistry& AttachRegistry::here() {
  static auto* const registry = new AttachRegistry();
  return *registry;
}

std::string AttachRegistry::add(std::weak_ptr<Worker::Impl> worker) {
  base::Random random = base::Random::from_system();
  std::string token = base::make_uuid_v4(random).text();
  Lock lock(mutex_);
  workers_.emplace(token, std::move(worker));
  return token;
}

void AttachRegistry::remove(const std::string& token) {
  Lock lock(mutex_);
  workers_.erase(token);
}

std::shared_ptr<Worker::Impl> AttachRegistry::find(std::string_view token) const {
  Lock lock(mutex_);
  const auto found = workers_.find(token);
  return found == workers_.end() ? nullptr : found->second.lock();
}

}  // namespace tasker::worker
