#include "core/cli/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace tasker::cli {
namespace {

using base::ErrorCode;
using base::fail;

/// Owns a descriptor.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string shown_name(const std::string& path) {
  return path == kStandardInput ? "standard input" : base::shown(path);
}

tl::unexpected<base::Error> too_large(const std::string& path, std::size_t bytes_max) {
  return fail(ErrorCode::kTOO_LARGE,
              fmt::format("{} is over the limit of {} bytes", shown_name(path), bytes_max), path);
}

tl::unexpected<base::Error> unreadable(const std::string& path, int error) {
  return fail(error == ENOENT ? ErrorCode::kNOT_FOUND : ErrorCode::kINVALID_ARGUMENT,
              fmt::format("{} can not be read: {}", shown_name(path),
                          std::system_category().message(error)),
              path);
}

bool is_yaml(const std::filesystem::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

base::Result<std::vector<std::string>> files_below(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::recursive_directory_iterator();
       entries.increment(error)) {
    std::error_code ignored;  // an entry that vanished or can not be looked at is no regular file
    if (is_yaml(entries->path()) && entries->is_regular_file(ignored)) {
      files.push_back(entries->path().string());
    }
  }
  if (error) return unreadable(folder, error.value());
  if (files.empty()) {
    return fail(ErrorCode::kNOT_FOUND,
                fmt::format("folder {} has no *.yaml or *.yml file below it", base::shown(folder)),
                folder);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

base::Result<std::string> read_text(const std::string& path, std::size_t bytes_max) {
  const File file(path == kStandardInput ? STDIN_FILENO
                                         : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return unreadable(path, errno);
  struct stat facts {};
  if (::fstat(file.fd(), &facts) != 0) return unreadable(path, errno);
  if (S_ISDIR(facts.st_mode)) return unreadable(path, EISDIR);
  if (S_ISREG(facts.st_mode) && facts.st_size > static_cast<off_t>(bytes_max)) {
    return too_large(path, bytes_max);
  }
  std::string text;
  char buffer[16'384];
  for (;;) {
    const ssize_t count = ::read(file.fd(), buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(path, errno);
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > bytes_max) return too_large(path, bytes_max);
  }
}

base::Result<std::vector<std::string>> find_template_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    std::error_code error;
    if (path == kStandardInput || !std::filesystem::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    auto below = files_below(path);
    if (!below) return below;
    files.insert(files.end(), below->begin(), below->end());
  }
  return files;
}

base::Result<TemplateKey> parse_template_key(std::string_view text) {
  TemplateKey key;
  std::string_view rest = text;
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    key.namespace_name = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  const std::size_t colon = rest.rfind(':');
  key.name = rest.substr(0, colon);
  const bool has_version = colon != std::string_view::npos;
  if (has_version) key.version = rest.substr(colon + 1);
  if (key.namespace_name.empty() || key.name.empty() || (has_version && key.version.empty())) {
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} is not a template's key; NAMESPACE/NAME or NAMESPACE/NAME:VERSION "
                            "is expected",
                            base::shown(text)),
                "KEY");
  }
  return key;
}

}  // namespace tasker::cli
