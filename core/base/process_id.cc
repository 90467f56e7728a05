#include "core/base/process_id.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>

namespace tasker::base {
namespace {

/// A page that the kernel clears in a forked child (MADV_WIPEONFORK, Linux 4.14); null without one.
std::atomic<pid_t>* map_kept_id() {
  const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  if (madvise(page, bytes, MADV_WIPEONFORK) == 0) return static_cast<std::atomic<pid_t>*>(page);
  munmap(page, bytes);
  return nullptr;
}

}  // namespace

pid_t process_id() {
  static std::atomic<pid_t>* const kept = map_kept_id();
  if (!kept) return getpid();
  pid_t id = kept->load(std::memory_order_relaxed);
  if (id == 0) kept->store(id = getpid(), std::memory_order_relaxed);
  return id;
}

}  // namespace tasker::base
