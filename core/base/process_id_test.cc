#include "core/base/process_id.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tasker::base {
namespace {

/// 0 when the child has its own number.
int exit_code_of(pid_t child) {
  if (child == 0) _exit(process_id() == getpid() ? 0 : 1);
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ProcessId, IsTheKernels) {
  EXPECT_EQ(process_id(), getpid());
  EXPECT_EQ(process_id(), getpid());
}

TEST(ProcessId, IsItsOwnInAChild) {
  ASSERT_EQ(process_id(), getpid());
  EXPECT_EQ(exit_code_of(fork()), 0);
  EXPECT_EQ(exit_code_of(static_cast<pid_t>(syscall(SYS_fork))), 0);
  EXPECT_EQ(process_id(), getpid());
}

}  // namespace
}  // namespace tasker::base
