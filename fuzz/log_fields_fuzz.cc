// tasker_log: any level, message and fields; the message is what stands before the first line end.
// A line that is written is one line.
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <unistd.h>

#include <cstdlib>

#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

namespace {

/// While it lives, stderr is a file; what sanitizers say goes where it always did.
class CapturedStderr {
 public:
  CapturedStderr() : before_(dup(STDERR_FILENO)), file_(open_file()) {
    __sanitizer_set_report_fd(reinterpret_cast<void*>(static_cast<std::intptr_t>(before_)));
    dup2(file_, STDERR_FILENO);
  }
  ~CapturedStderr() { restore(); }
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;

  std::string finish() {
    const off_t size = lseek(file_, 0, SEEK_END);
    std::string text(static_cast<std::size_t>(size), '\0');
    const ssize_t read = pread(file_, text.data(), text.size(), 0);
    restore();
    fuzz::require(read == size, "what was logged can not be read");
    return text;
  }

 private:
  static int open_file() {
    const std::string path = (fuzz::folder() / "stderr").string();
    return open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  }
  void restore() {
    if (before_ < 0) return;
    dup2(before_, STDERR_FILENO);
    __sanitizer_set_report_fd(reinterpret_cast<void*>(std::intptr_t{STDERR_FILENO}));
    close(before_);
    close(file_);
    before_ = -1;
  }

  int before_;
  int file_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // From two below the lowest level to two above the highest.
  const auto level = static_cast<std::int32_t>(data[0] % 9) - 2;
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  const std::string_view message = text.substr(0, text.find('\n'));
  const bool has_fields = message.size() < text.size();
  const std::string_view fields = has_fields ? text.substr(message.size() + 1) : std::string_view();
  CapturedStderr captured;
  tasker_error* error = nullptr;
  const tasker_status status =
      tasker_log(level, message.data(), message.size(), has_fields ? fields.data() : nullptr,
                 fields.size(), &error);
  const std::string line = captured.finish();
  fuzz::settle(status, error,
               {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  fuzz::require(status == TASKER_OK || line.empty(), "a line that was refused was written");
  fuzz::require(line.empty() || line.find('\n') == line.size() - 1, "one log line is several");
  return 0;
}
