#include "core/cli/task_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <sstream>

#include "core/cli/cli.h"
#include "core/cli/program_test_support.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The controlling side of a terminal of 24 rows and `columns`.
class Terminal {
 public:
  explicit Terminal(unsigned short columns) : fd_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    ::grantpt(fd_);
    ::unlockpt(fd_);
    winsize size{};
    size.ws_row = 24;
    size.ws_col = columns;
    ::ioctl(fd_, TIOCSWINSZ, &size);
    char name[64];
    if (::ptsname_r(fd_, name, sizeof name) != 0) throw std::runtime_error("no terminal");
    name_ = name;
    held_ = ::open(name_.c_str(), O_RDWR | O_NOCTTY);
  }
  ~Terminal() {
    ::close(held_);
    ::close(fd_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  const std::string& name() const { return name_; }
  /// Whether `part` was written to it within a minute.
  bool shows(std::string_view part) {
    return read_until(
        fd_, text_, [&](const std::string& text) { return text.find(part) != std::string::npos; });
  }
  /// What shows() has read.
  const std::string& text() const { return text_; }

 private:
  int fd_;
  int held_ = -1;
  std::string name_;
  std::string text_;
};

class TaskWatch : public ProgramTest {
 protected:
  TaskWatch() { bed_.add_template(worker::kDiamondYaml); }

  std::vector<std::string> arguments(const base::Uuid& uuid, bool json = false) {
    std::vector<std::string> words = {"--store", bed_.path(), "task", "watch", uuid.text()};
    if (json) words.push_back("--json");
    return words;
  }
  void finish(const base::Uuid& uuid) {
    for (const char* step : {"load", "left", "right", "report"}) bed_.succeed(uuid, step);
  }
};

TEST_F(TaskWatch, PrintsALineForEachChangeUntilTheTaskIsComplete) {
  const base::Uuid uuid = bed_.create();
  Program program(bed_.folder(), arguments(uuid));
  ASSERT_TRUE(program.prints("step load enqueued"));
  const auto claim = bed_.claim(uuid, "load");
  ASSERT_TRUE(program.prints("step load in_progress"));
  bed_.finish(claim, R"({"success":true,"result":{}})", 1000);
  for (const char* step : {"left", "right", "report"}) bed_.succeed(uuid, step);
  const Ran ran = program.wait();
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("step report complete"));
  EXPECT_THAT(ran.out, HasSubstr("task complete (4 of 4 steps, 100 %)\n"));
  EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
}

TEST_F(TaskWatch, PrintsJsonLinesTheLastOfWhichIsTheTasksEnd) {
  const base::Uuid uuid = bed_.create();
  finish(uuid);
  Program program(bed_.folder(), arguments(uuid, true));
  const Ran ran = program.wait();
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  std::istringstream lines(ran.out);
  std::vector<std::string> events;
  for (std::string line; std::getline(lines, line);) {
    const auto change = parse(line);
    EXPECT_EQ(std::string_view(change["task_uuid"]), uuid.text());
    events.emplace_back(std::string_view(change["event"]));
  }
  EXPECT_THAT(events, testing::ElementsAre("step", "step", "step", "step", "task"));
  EXPECT_THAT(ran.out, HasSubstr(R"("status":"complete")"));
}

TEST_F(TaskWatch, BlockedTaskEndsItWithOneAndSaysWhatToDo) {
  const base::Uuid uuid = bed_.create();
  bed_.fail(uuid, "load", false, "no such airport");
  Program program(bed_.folder(), arguments(uuid));
  const Ran ran = program.wait();
  EXPECT_EQ(ran.code, kExitFailed);
  EXPECT_THAT(ran.out, HasSubstr("step load error: no such airport"));
  EXPECT_THAT(ran.err, HasSubstr("tasker task retry " + uuid.text()));
}

TEST_F(TaskWatch, BlockedTaskIsWatchedWhileAStepStillRuns) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load");
  const auto running = bed_.claim(uuid, "right");
  bed_.fail(uuid, "left", false);
  Program program(bed_.folder(), arguments(uuid));
  ASSERT_TRUE(program.prints("blocked_by_failures"));
  bed_.finish(running, R"({"success":true,"result":{}})", 1000);
  const Ran ran = program.wait();
  EXPECT_EQ(ran.code, kExitFailed);
  EXPECT_THAT(ran.out, HasSubstr("step right complete"));
}

TEST_F(TaskWatch, CancelledTaskEndsItWithOne) {
  const base::Uuid uuid = bed_.create();
  Program program(bed_.folder(), arguments(uuid));
  ASSERT_TRUE(program.prints("enqueued"));
  worker::must(bed_.store().cancel_task(uuid, bed_.now_us()));
  EXPECT_EQ(program.wait().code, kExitFailed);
}

TEST_F(TaskWatch, InterruptEndsTheWatchingAndNotTheTask) {
  const base::Uuid uuid = bed_.create();
  for (const int signal : {SIGINT, SIGTERM}) {
    Program program(bed_.folder(), arguments(uuid));
    ASSERT_TRUE(program.prints("enqueued"));
    program.signal(signal);
    const Ran ran = program.wait();
    EXPECT_EQ(ran.code, kExitInterrupted);
    EXPECT_THAT(ran.err, HasSubstr("the task goes on"));
  }
  EXPECT_EQ(worker::must(bed_.store().find_task(uuid)).state, model::TaskState::kStepsInProcess);
}

TEST_F(TaskWatch, SaysWhenNoWorkerRuns) {
  const base::Uuid uuid = bed_.create();
  bed_.leave();
  Program program(bed_.folder(), arguments(uuid));
  ASSERT_TRUE(program.prints("enqueued"));
  program.signal(SIGINT);
  EXPECT_THAT(program.wait().err, HasSubstr("no worker runs on this store"));
}

TEST_F(TaskWatch, RedrawsInPlaceOnATerminalWithinItsWidth) {
  const base::Uuid uuid = bed_.create();
  Terminal terminal(60);
  RunOptions options;
  options.stdout_path = terminal.name();
  options.environment = {"TERM=xterm", "NO_COLOR=1"};
  Program program(bed_.folder(), arguments(uuid), options);
  ASSERT_TRUE(terminal.shows("report"));
  finish(uuid);
  ASSERT_TRUE(terminal.shows("complete  4 of 4 steps, 100 %"));
  EXPECT_EQ(program.wait().code, kExitOk);
  EXPECT_THAT(terminal.text(), HasSubstr("\x1b[7A")) << "back over the seven lines of the frame";
  EXPECT_THAT(terminal.text(), Not(HasSubstr("\x1b[3")));
  std::istringstream lines(terminal.text());
  for (std::string line; std::getline(lines, line);) {
    const auto from = line.rfind("\x1b[J");
    if (from != std::string::npos) line.erase(0, from + 3);
    std::size_t characters = 0;
    for (const char byte : line) {
      if (byte != '\r' && (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U) ++characters;
    }
    EXPECT_LE(characters, 60U) << line;
  }
}

TEST_F(TaskWatch, CreateCanFollowItsTask) {
  Program program(bed_.folder(),
                  {"--store", bed_.path(), "--json", "task", "create", "demo/diamond", "--watch"});
  ASSERT_TRUE(program.prints("enqueued"));
  const std::string out = program.out();
  const auto created = parse(out.substr(0, out.find('\n')));
  EXPECT_EQ(std::string_view(created["event"]), "created");
  finish(*base::parse_uuid(std::string_view(created["task_uuid"])));
  EXPECT_EQ(program.wait().code, kExitOk);
}

TEST_F(TaskWatch, UnknownTaskIsNotFound) {
  EXPECT_EQ(run({"task", "watch", base::Uuid{}.text()}).code, kExitNotFound);
}

}  // namespace
}  // namespace tasker::cli
