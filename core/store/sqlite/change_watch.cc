#include "core/store/sqlite/change_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tasker::store::sqlite {

namespace {

class InotifyWatch final : public ChangeWatch {
 public:
  explicit InotifyWatch(int fd) : fd_(fd) {}
  ~InotifyWatch() override { close(fd_); }
  InotifyWatch(const InotifyWatch&) = delete;
  InotifyWatch& operator=(const InotifyWatch&) = delete;

  int fd() const override { return fd_; }

  void acknowledge() override {
    alignas(inotify_event) char events[4096];
    while (read(fd_, events, sizeof events) > 0) {
    }
  }

 private:
  const int fd_;
};

}  // namespace

void ring(const std::string& path) { utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

base::Result<std::unique_ptr<ChangeWatch>> watch(const std::string& path) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0 || inotify_add_watch(fd, path.c_str(), IN_ATTRIB) < 0) {
    const int reason = errno;
    if (fd >= 0) close(fd);
    return base::fail(base::ErrorCode::kSTORE_UNAVAILABLE,
                      fmt::format("store {}: its changes cannot be watched", path), "store_path",
                      std::strerror(reason));
  }
  return std::unique_ptr<ChangeWatch>(std::make_unique<InotifyWatch>(fd));
}

}  // namespace tasker::store::sqlite
