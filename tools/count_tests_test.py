"""Tests of count_tests.py on what the test programs print."""

import unittest

from count_tests import count


def lines(*each):
    return "\n".join(each) + "\n"


class CountTests(unittest.TestCase):
    def test_googletest_under_ctest_is_counted_by_test_and_not_by_program(self):
        log = lines(
            "1: [       OK ] Channel.Sends (0 ms)",
            "1: [       OK ] Channel.Closes (12 ms)",
            "1: [  PASSED  ] 2 tests.",
            "1/1 Test #1: tasker_base_test .................   Passed    0.01 sec",
        )
        self.assertEqual(count(log), (2, 0))

    def test_the_summary_of_failed_tests_is_not_counted_again(self):
        log = lines(
            "1: [       OK ] Channel.Sends (0 ms)",
            "1: [  FAILED  ] Sizes/Channel.Closes/2, where GetParam() = 4 (3 ms)",
            "1: [  FAILED  ] 1 test, listed below:",
            "1: [  FAILED  ] Sizes/Channel.Closes/2, where GetParam() = 4",
            "1/1 Test #1: tasker_base_test .................***Failed    0.01 sec",
        )
        self.assertEqual(count(log), (1, 1))

    def test_programs_that_run_at_once_are_told_apart(self):
        log = lines(
            "1: [       OK ] A.A (0 ms)",
            "2: [  FAILED  ] B.B (0 ms)",
            "2/2 Test #2: b_test ....***Failed    0.01 sec",
            "1: [       OK ] A.C (0 ms)",
            "1/2 Test #1: a_test ....   Passed    0.01 sec",
        )
        self.assertEqual(count(log), (2, 1))

    def test_a_crashed_program_is_one_failure_beside_what_had_passed(self):
        for outcome in ("***Exception: SegFault", "***Timeout", "Subprocess aborted***Exception:"):
            with self.subTest(outcome):
                log = lines("1: [       OK ] A.A (0 ms)", f"1/1 Test #1: a_test ............{outcome}  0.10 sec")
                self.assertEqual(count(log), (1, 1))

    def test_a_program_without_googletest_is_one_test(self):
        log = lines("1/2 Test #1: exports ....   Passed    0.01 sec", "2/2 Test #2: header ....***Failed    0.01 sec")
        self.assertEqual(count(log), (1, 1))

    def test_googletest_without_ctest_is_counted(self):
        self.assertEqual(count(lines("[       OK ] A.A (0 ms)", "[  FAILED  ] A.B (0 ms)")), (1, 1))

    def test_both_reporters_of_node_are_counted(self):
        for mark in ("#", "ℹ"):
            log = lines(f"{mark} tests 12", f"{mark} pass 9", f"{mark} fail 1", f"{mark} cancelled 2", f"{mark} skipped 0")
            with self.subTest(mark):
                self.assertEqual(count(log), (9, 3))

    def test_colours_do_not_hide_a_count(self):
        self.assertEqual(count(lines("\x1b[34mℹ pass 4\x1b[39m", "\x1b[34mℹ fail 0\x1b[39m")), (4, 0))

    def test_unittest_is_counted_with_and_without_failures(self):
        self.assertEqual(count(lines("Ran 3 tests in 0.1s", "", "OK")), (3, 0))
        self.assertEqual(count(lines("Ran 5 tests in 0.1s", "", "FAILED (failures=1, errors=1, skipped=1)")), (2, 2))
        self.assertEqual(count(lines("Ran 2 tests in 0.1s", "", "FAILED (unexpected successes=1)")), (1, 1))

    def test_a_plain_closing_line_is_counted_and_several_add_up(self):
        self.assertEqual(count(lines("50 passed, 0 failed", "crash: 3 passed, 1 failed", "2 passed, 1 failed")), (52, 1))

    def test_a_log_without_tests_counts_nothing(self):
        self.assertEqual(count(lines("all good", "Ran away", "OK")), (0, 0))


if __name__ == "__main__":
    unittest.main()
