"""Tests of tidy.py on small repositories."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).with_name("tidy.py")
HEAD = "// What lives here.\n"


class Tidy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        subprocess.run(["git", "init", "--quiet", self.root], check=True)

    def write(self, path, content, mode=0o644):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        target.write_bytes(content)
        target.chmod(mode)

    def run_tool(self):
        result = subprocess.run(
            [sys.executable, TOOL, "--root", self.root], capture_output=True, text=True, check=False
        )
        self.assertEqual(result.stderr, "")
        return result.returncode, result.stdout

    def assert_clean(self):
        self.assertEqual(self.run_tool(), (0, ""))

    def assert_problem(self, *parts):
        status, output = self.run_tool()
        self.assertEqual((status, output.count("\n")), (1, 1), output)
        for part in parts:
            self.assertIn(part, output)

    def assert_banned(self, path, code, rule):
        with self.subTest(code):
            self.write(path, HEAD + code + "\n")
            self.assert_problem(f"{path}:2: {rule}:")
            (self.root / path).unlink()

    def test_a_tidy_file_passes(self):
        self.write("core/base/a.cc", HEAD + "int a() { return 1; }\n")
        self.assert_clean()

    def test_banned_calls_of_the_core_are_named_with_their_replacement(self):
        for code, rule in (
            ("std::this_thread::sleep_for(1ms);", "sleep"),
            ("usleep(10);", "sleep"),
            ("std::mutex m;", "std-mutex"),
            ("std::lock_guard lock(m);", "std-mutex"),
            ("thread_local int x = 0;", "thread-local"),
            ('system("ls");', "shell"),
            ("std::random_device device;", "random"),
            ("auto t = std::chrono::steady_clock::now();", "clock"),
            ('std::cout << "x";', "print"),
            ("int n = atoi(text);", "unchecked-number"),
            ("strcpy(to, from);", "c-string"),
            ("using namespace std;", "using-namespace"),
            ('getenv("TASKER_STORE");', "environment"),
            ("TEST(Channel, DISABLED_Sends) {}", "skipped-test"),
        ):
            self.assert_banned("core/worker/a.cc", code, rule)

    def test_banned_calls_of_the_typescript_library_are_named(self):
        for code, rule in (("console.log(1);", "console"), ("process.exit(1);", "process-exit")):
            self.assert_banned("frontends/typescript/src/a.ts", code, rule)

    def test_an_example_may_print_and_exit(self):
        self.write("examples/one/main.ts", HEAD + "console.log(1);\nprocess.exit(1);\n")
        self.assert_clean()

    def test_skipped_typescript_tests_are_refused(self):
        for code in ("test.skip('a', run);", "describe.only('a', run);", "test('a', { skip: true }, run);"):
            self.assert_banned("frontends/typescript/test/a.test.ts", code, "skipped-test")

    def test_a_banned_word_in_a_comment_or_string_is_no_call(self):
        self.write(
            "core/base/a.cc",
            HEAD + '// std::mutex is unknown to the analysis\n/* thread_local\n thread_local */\n'
            'auto a = "std::mutex";\nauto b = R"x(std::mutex " )x";\n',
        )
        self.assert_clean()

    def test_a_quoted_digit_separator_hides_no_code(self):
        self.assert_banned("core/base/a.cc", "int a = 1'000; std::mutex m; int b = 2'000;", "std-mutex")

    def test_a_member_with_a_banned_name_is_no_call(self):
        self.write("core/base/a.cc", HEAD + "clock.sleep(1); engine->system(2); base::system(3);\n")
        self.assert_clean()

    def test_the_home_of_a_replacement_may_use_what_it_replaces(self):
        self.write("core/base/mutex.h", HEAD + "#pragma once\nstd::mutex m;\n")
        self.write("core/base/a.cc", HEAD + '#include "core/base/mutex.h"\n')
        self.assert_clean()

    def test_a_reason_on_the_line_above_allows_its_rule_alone(self):
        self.write("core/base/a.cc", HEAD + "// tidy: allow(sleep) no clock before start\nusleep(1);\n")
        self.assert_clean()
        self.write("core/base/a.cc", HEAD + "// tidy: allow(clock) no clock before start\nusleep(1);\n")
        self.assert_problem("a.cc:3: sleep")

    def test_an_allowance_without_a_reason_allows_nothing(self):
        self.write("core/base/a.cc", HEAD + "// tidy: allow(sleep)\nusleep(1);\n")
        self.assert_problem("a.cc:3: sleep")

    def test_line_lengths_are_checked_at_the_limit_and_past_it(self):
        self.write("core/base/a.cc", HEAD + "// " + "x" * 97 + "\n")
        self.write("tools/a.py", "# " + "x" * 138 + "\n")
        self.assert_clean()
        self.write("core/base/a.cc", HEAD + "// " + "x" * 98 + "\n")
        self.assert_problem("a.cc:2: line-length: 101 columns")
        self.write("core/base/a.cc", HEAD)
        self.write("tools/a.py", "# " + "x" * 139 + "\n")
        self.assert_problem("a.py:1: line-length: 141 columns")

    def test_file_lengths_are_checked_at_the_limit_and_past_it(self):
        self.write("tools/a.py", "# a\n" * 600)
        self.assert_clean()
        self.write("tools/a.py", "# a\n" * 601)
        self.assert_problem("a.py:601: file-length")
        self.write("tools/a.py", "# Size: one table, easier to read whole\n" + "# a\n" * 600)
        self.assert_clean()

    def test_a_header_needs_its_guard_and_an_includer(self):
        self.write("core/base/a.h", HEAD + "int a();\n")
        self.write("core/base/b.cc", HEAD + '#include "core/base/a.h"\n')
        self.assert_problem("a.h:1: pragma-once")
        self.write("core/base/a.h", HEAD + "#pragma once\n")
        self.assert_clean()
        self.write("core/base/b.cc", HEAD)
        self.assert_problem("a.h:1: dead-file")

    def test_a_public_header_may_have_a_guard_in_place_of_the_pragma(self):
        guard = "#ifndef TASKER_A_H_\n#define TASKER_A_H_\n#endif\n"
        self.write("include/tasker/a.h", HEAD + guard)
        self.write("core/base/b.cc", HEAD + '#include "include/tasker/a.h"\n')
        self.assert_clean()
        self.write("include/tasker/a.h", HEAD + guard.replace("define TASKER_A_H_", "define TASKER_B_H_"))
        self.assert_problem("a.h:1: pragma-once")

    def test_a_file_without_a_head_is_refused_unless_it_is_a_test_or_its_header_has_one(self):
        self.write("core/base/a.cc", '#include "core/base/a.h"\n')
        self.assert_problem("a.cc:1: file-head")
        self.write("core/base/a.h", HEAD + "#pragma once\n")
        self.write("core/base/b_mt_test.cc", '#include "core/base/a.h"\n')
        self.assert_clean()

    def test_notes_to_oneself_are_refused_everywhere(self):
        for word in ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"):
            with self.subTest(word):
                self.write("docs/a.md", f"Later. {word}: this\n")
                self.assert_problem("a.md:1: note")

    def test_paths_of_one_machine_are_refused_and_others_are_not(self):
        self.write("docs/a.md", "See https://example.org/ho" + "me/page and ~/ho" + "me/x and /usr/bin/env.\n")
        self.assert_clean()
        for path in ("/ho" + "me/me/a", "/ro" + "ot/a", "/Us" + "ers/me/a", f"{self.root}/a"):
            with self.subTest(path):
                self.write("docs/a.md", f"See {path}.\n")
                self.assert_problem("a.md:1: machine-path")

    def test_layout_that_no_formatter_sees_is_refused(self):
        for content, rule in (
            ("a \n", "trailing-space"),
            ("a", "final-newline"),
            ("a\n\n", "final-newline"),
            ("<<<<<<< ours\n", "conflict"),
        ):
            with self.subTest(rule):
                self.write("a.txt", content)
                self.assert_problem(rule)

    def test_tabs_in_code_are_refused(self):
        self.write("a.py", "# a\n\tb = 1\n")
        self.assert_problem("a.py:2: tab")

    def test_executable_and_shebang_belong_together(self):
        self.write("a.sh", "#!/bin/sh\n# a\n", 0o755)
        self.assert_clean()
        self.write("a.sh", "#!/bin/sh\n# a\n", 0o644)
        self.assert_problem("a.sh:1: mode")
        self.write("a.sh", "# a\n", 0o755)
        self.assert_problem("a.sh:1: mode")

    def test_a_large_file_is_refused_past_the_limit(self):
        self.write("a.bin", b"\0" * (512 * 1024))
        self.assert_clean()
        self.write("a.bin", b"\0" * (512 * 1024 + 1))
        self.assert_problem("a.bin:1: blob")

    def test_an_input_of_a_fuzz_target_may_look_as_it_likes_but_not_be_large(self):
        self.write("fuzz/corpus/config/odd", b"{\t \n\n")
        self.assert_clean()
        self.write("fuzz/corpus/config/large", b"a" * (512 * 1024 + 1))
        self.assert_problem("fuzz/corpus/config/large:1: blob:")

    def test_suppressions_name_check_and_reason(self):
        self.assert_banned("core/base/a.cc", "int a = 1;  // NOLINT", "nolint")
        self.assert_banned("frontends/typescript/test/a.ts", "// eslint-disable-next-line no-console", "eslint-disable")
        self.write("core/base/a.cc", HEAD + "int a = 1;  // NOLINT(bugprone-x): the API wants it\n")
        self.write("bench/a.ts", HEAD + "// eslint-disable-next-line no-console -- a table is the purpose\n")
        self.assert_clean()

    def test_a_lockfile_may_not_name_a_registry(self):
        self.write("package-lock.json", '{\n"resolved": "frontends/typescript",\n"version": "1.0.0"\n}\n')
        self.assert_clean()
        self.write("package-lock.json", '{\n"resolved": "https://registry.example/a.tgz"\n}\n')
        self.assert_problem("package-lock.json:2: lock-host")

    def test_ignored_files_are_left_alone(self):
        self.write(".gitignore", "/build/\n")
        self.write("build/a.py", "no head\t \n")
        self.assert_clean()


if __name__ == "__main__":
    unittest.main()
