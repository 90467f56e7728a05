#include "core/worker/process_identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

namespace tasker::worker {
namespace {

TEST(ProcessIdentity, OfThisProcessIsAlive) {
  const std::string identity = own_process_identity();
  ASSERT_FALSE(identity.empty());
  EXPECT_FALSE(is_process_gone(identity));
}

TEST(ProcessIdentity, OfAnEndedProcessIsGoneEvenBeforeItIsWaitedFor) {
  std::array<int, 2> pipe_fds{};
  ASSERT_EQ(pipe(pipe_fds.data()), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string identity = own_process_identity();
    _exit(write(pipe_fds[1], identity.data(), identity.size()) > 0 ? 0 : 1);
  }
  close(pipe_fds[1]);
  std::array<char, 512> text{};
  const ssize_t length = read(pipe_fds[0], text.data(), text.size());
  close(pipe_fds[0]);
  ASSERT_GT(length, 0);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(is_process_gone(std::string(text.data(), static_cast<std::size_t>(length))));
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
}

TEST(ProcessIdentity, OfAnotherMachineOrUnreadableIsInDoubt) {
  EXPECT_FALSE(is_process_gone(""));
  EXPECT_FALSE(is_process_gone("nonsense"));
  EXPECT_FALSE(is_process_gone("other-boot/pid:[1] 999999 1"));
}

TEST(ProcessIdentity, WithAnotherStartTimeIsAnotherProcess) {
  std::string identity = own_process_identity();
  identity.back() = identity.back() == '1' ? '2' : '1';
  EXPECT_TRUE(is_process_gone(identity));
}

}  // namespace
}  // namespace tasker::worker
