// How much memory this process has.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace tasker::soak {

/// Bytes in memory, of /proc.
inline std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace tasker::soak
