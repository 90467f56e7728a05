// What is known of tasks in work, so that dispatching a step need not read its task and its
// dependencies again.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/store/records.h"

namespace tasker::worker {

/// Headers and results never change once written, so that an entry is right whichever process wrote
/// it. Holds at most `bytes_max` of text; the task used longest ago goes first. Threads: one (the
/// store writer).
class TaskCache {
 public:
  explicit TaskCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void put_header(std::shared_ptr<const store::TaskHeader> header);
  void put_result(model::StepKey step, std::shared_ptr<const std::string> result);
  void forget(model::TaskId task);

  /// Null when not known.
  std::shared_ptr<const store::TaskHeader> header(model::TaskId task);
  std::shared_ptr<const std::string> result(model::StepKey step) const;

  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::shared_ptr<const store::TaskHeader> header;
    std::vector<std::shared_ptr<const std::string>> results;  // by step index
    std::size_t bytes = 0;
    std::list<std::int64_t>::iterator age;
  };
  using Entries = std::unordered_map<std::int64_t, Entry>;

  Entry& touch(model::TaskId task);
  void erase(Entries::iterator entry);
  void shrink(std::int64_t keep);

  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Entries entries_;
  std::list<std::int64_t> ages_;  // front: used last
};

}  // namespace tasker::worker
