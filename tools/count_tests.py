"""Counts the tests in a stage's log: prints `<passed> <failed>`.

Reads the output of `ctest --verbose` around GoogleTest, of node:test (spec and TAP), of unittest, and of programs
that end with a line `N passed, N failed`.
"""

import re
import sys
from collections import defaultdict

ANSI = re.compile(r"\x1b\[[0-9;]*m")
# The summary repeats each failed test without its time, so the time tells the result from the summary.
GTEST_RESULT = re.compile(r"^(?:(\d+): )?\[ +(OK|FAILED) +\] .*\(\d+ ms\)$")
CTEST_RESULT = re.compile(r"^ *\d+/\d+ Test +#(\d+): \S+ \.*(?: +(Passed) |.*\*\*\*)")
NODE_RESULT = re.compile(r"^[#ℹ] (pass|fail|cancelled) (\d+)$")
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ")
UNITTEST_BAD = re.compile(r"\b(failures|errors|unexpected successes|skipped|expected failures)=(\d+)")
PLAIN_RESULT = re.compile(r"^(\d+) passed, (\d+) failed$")


class Counter:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self._gtest = defaultdict(lambda: [0, 0])
        self._unittest_ran = 0

    def add(self, line):
        if match := GTEST_RESULT.match(line):
            self._gtest[match[1]][match[2] == "FAILED"] += 1
        elif match := CTEST_RESULT.match(line):
            self._add_ctest(match[1], match[2] is not None)
        elif match := NODE_RESULT.match(line):
            self._add(int(match[2]), ok=match[1] == "pass")
        elif match := PLAIN_RESULT.match(line):
            self.passed += int(match[1])
            self.failed += int(match[2])
        elif match := UNITTEST_RAN.match(line):
            self._unittest_ran = int(match[1])
        elif self._unittest_ran and line.startswith(("OK", "FAILED")):
            self._add_unittest(line)

    def finish(self):
        """GoogleTest programs that ran without ctest."""
        for passed, failed in self._gtest.values():
            self.passed += passed
            self.failed += failed
        self._gtest.clear()

    def _add(self, count, ok):
        if ok:
            self.passed += count
        else:
            self.failed += count

    def _add_ctest(self, number, ok):
        passed, failed = self._gtest.pop(number, (0, 0))
        if not ok and failed == 0:
            failed = 1  # crashed, timed out, or a sanitizer spoke at the end
        elif ok and passed == 0:
            passed = 1  # a program without GoogleTest
        self.passed += passed
        self.failed += failed

    def _add_unittest(self, line):
        bad = {name: int(count) for name, count in UNITTEST_BAD.findall(line)}
        failed = bad.get("failures", 0) + bad.get("errors", 0) + bad.get("unexpected successes", 0)
        self.failed += failed
        self.passed += max(0, self._unittest_ran - failed - bad.get("skipped", 0))
        self._unittest_ran = 0


def count(text):
    counter = Counter()
    for line in text.splitlines():
        counter.add(ANSI.sub("", line).rstrip())
    counter.finish()
    return counter.passed, counter.failed


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        print(*count(log.read()))


if __name__ == "__main__":
    main()
