#include "core/worker/process_identity.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace tasker::worker {

namespace {

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.empty()) return std::nullopt;
  return line;
}

// Boot and process namespace: pids mean the same only where both are equal.
std::optional<std::string> pid_scope() {
  const auto boot = first_line("/proc/sys/kernel/random/boot_id");
  std::array<char, 128> link{};
  const ssize_t length = readlink("/proc/self/ns/pid", link.data(), link.size());
  if (!boot || length <= 0) return std::nullopt;
  return fmt::format("{}/{}", *boot,
                     std::string_view(link.data(), static_cast<std::size_t>(length)));
}

// Start time in clock ticks since boot, the 22nd field of /proc/<pid>/stat; "Z" for one that ended
// and was not waited for. Fields are counted after the last ')', since the program's name may hold
// anything.
std::optional<std::string> start_time(std::string_view pid) {
  const auto stat = first_line(fmt::format("/proc/{}/stat", pid));
  if (!stat) return std::nullopt;
  const std::size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(stat->substr(name_end + 1));
  std::string field;
  constexpr int kState = 3;
  constexpr int kStartTime = 22;
  for (int index = kState; index <= kStartTime; ++index) {
    if (!(rest >> field)) return std::nullopt;
    if (index == kState && (field == "Z" || field == "X")) return std::nullopt;
  }
  return field;
}

}  // namespace

std::string own_process_identity() {
  const auto scope = pid_scope();
  const std::string pid = std::to_string(getpid());
  const auto started = start_time(pid);
  if (!scope || !started) return {};
  return fmt::format("{} {} {}", *scope, pid, *started);
}

bool is_process_gone(std::string_view identity) {
  std::istringstream parts{std::string(identity)};
  std::string scope;
  std::string pid;
  std::string started;
  if (!(parts >> scope >> pid >> started)) return false;
  if (const auto own = pid_scope(); !own || *own != scope) return false;
  const auto now = start_time(pid);
  return !now || *now != started;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace tasker::worker
