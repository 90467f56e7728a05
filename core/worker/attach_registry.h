// The workers of this process by their attach tokens, so that a thread that has only the text can
// find them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "core/worker/worker.h"

namespace tasker::worker {

/// Threads: any.
class AttachRegistry {
 public:
  /// The one of this process, or of this copy of the library in it. Never destroyed: threads may
  /// still ask while the process exits.
  static AttachRegistry& here();

  /// Makes a token for the worker, which is unique in this process and hard to guess.
  std::string add(std::weak_ptr<Worker::Impl> worker);
  void remove(const std::string& token);
  /// Null when no worker has the token.
  std::shared_ptr<Worker::Impl> find(std::string_view token) const;

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, std::weak_ptr<Worker::Impl>, std::less<>> workers_
      TASKER_GUARDED_BY(mutex_);
};

}  // namespace tasker::worker
