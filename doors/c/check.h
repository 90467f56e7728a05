/* A test program in C: checks that go on, and a line with the counts at the end. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int checks_failed;
static int tests_passed;
static int tests_failed;

#define CHECK(condition) check((condition) != 0, #condition, __FILE__, __LINE__)
#define CHECK_STATUS(expected, actual) check_status((expected), (actual), #actual, __LINE__)
#define RUN(test) run(#test, test)

static void check(int holds, const char* what, const char* file, int line) {
  if (holds) return;
  ++checks_failed;
  dprintf(STDOUT_FILENO, "%s:%d: %s\n", file, line, what);
}

static void run(const char* name, void (*test)(void)) {
  const int before = checks_failed;
  test();
  if (checks_failed == before)
    ++tests_passed;
  else
    ++tests_failed;
  dprintf(STDOUT_FILENO, "%s %s\n", checks_failed == before ? "ok" : "FAILED:", name);
}

static int finish(void) {
  dprintf(STDOUT_FILENO, "%d passed, %d failed\n", tests_passed, tests_failed);
  return tests_failed == 0 ? 0 : 1;
}
