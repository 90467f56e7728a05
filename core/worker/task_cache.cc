#include "core/worker/task_cache.h"

#include <utility>

namespace tasker::worker {

namespace {

std::size_t bytes_of(const store::TaskHeader& header) {
  return sizeof header + header.context_json.size() + header.initiator.size() +
         header.source_system.size() + header.reason.size();
}

}  // namespace

TaskCache::Entry& TaskCache::touch(model::TaskId task) {
  const auto id = static_cast<std::int64_t>(task);
  const auto [entry, added] = entries_.try_emplace(id);
  if (added) {
    ages_.push_front(id);
    entry->second.age = ages_.begin();
  } else {
    ages_.splice(ages_.begin(), ages_, entry->second.age);
  }
  return entry->second;
}

void TaskCache::put_header(std::shared_ptr<const store::TaskHeader> header) {
  const model::TaskId task = header->id;
  Entry& entry = touch(task);
  if (entry.header) return;
  const std::size_t bytes = bytes_of(*header);
  entry.header = std::move(header);
  entry.bytes += bytes;
  bytes_ += bytes;
  shrink(static_cast<std::int64_t>(task));
}

void TaskCache::put_result(model::StepKey step, std::shared_ptr<const std::string> result) {
  Entry& entry = touch(step.task);
  if (entry.results.size() <= step.index) entry.results.resize(step.index + 1);
  if (entry.results[step.index]) return;
  const std::size_t bytes = result->size() + sizeof(std::string);
  entry.results[step.index] = std::move(result);
  entry.bytes += bytes;
  bytes_ += bytes;
  shrink(static_cast<std::int64_t>(step.task));
}

void TaskCache::forget(model::TaskId task) {
  const auto entry = entries_.find(static_cast<std::int64_t>(task));
  if (entry != entries_.end()) erase(entry);
}

std::shared_ptr<const store::TaskHeader> TaskCache::header(model::TaskId task) {
  const auto entry = entries_.find(static_cast<std::int64_t>(task));
  if (entry == entries_.end()) return nullptr;
  ages_.splice(ages_.begin(), ages_, entry->second.age);
  return entry->second.header;
}

std::shared_ptr<const std::string> TaskCache::result(model::StepKey step) const {
  const auto entry = entries_.find(static_cast<std::int64_t>(step.task));
  if (entry == entries_.end() || entry->second.results.size() <= step.index) return nullptr;
  return entry->second.results[step.index];
}

void TaskCache::erase(Entries::iterator entry) {
  bytes_ -= entry->second.bytes;
  ages_.erase(entry->second.age);
  entries_.erase(entry);
}

void TaskCache::shrink(std::int64_t keep) {
  while (bytes_ > bytes_max_ && ages_.back() != keep) erase(entries_.find(ages_.back()));
}

}  // namespace tasker::worker
