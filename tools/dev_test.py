"""Tests of what ./dev does where something is missing: programs of its own making stand in for dpkg, apt, sudo and npm."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What ./dev may use of the machine; all that a stand-in could shadow is left out.
SYSTEM_TOOLS = (
    "bash awk cat cut touch chmod date dirname env grep head id mkdir mktemp mv nproc rm sed sha256sum sleep sort tail "
    "timeout tr uname python3"
).split()


class Dev(unittest.TestCase):
    """A copy of ./dev in an empty folder, with a PATH on which only the stand-ins and harmless tools are."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "clone"
        self.bin = Path(folder.name) / "bin"
        self.calls = Path(folder.name) / "calls"
        (self.root / "tools").mkdir(parents=True)
        self.bin.mkdir()
        self.calls.touch()
        shutil.copy(ROOT / "dev", self.root)
        shutil.copy(ROOT / "tools" / "count_tests.py", self.root / "tools")
        shutil.copytree(ROOT / "tools" / "dev", self.root / "tools" / "dev")
        for tool in SYSTEM_TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))

    def stand_in(self, name, *body):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text("\n".join(["#!/usr/bin/env bash", f'echo "{name} $*" >>"{self.calls}"', *body]) + "\n")
        path.chmod(0o755)

    def debian(self, installed=(), user=0):
        """Debian as far as ./dev looks: dpkg-query knows `installed`, and apt-get adds to them."""
        state = self.root.parent / "installed"
        state.write_text("".join(f"{package}\n" for package in installed))
        self.stand_in(
            "dpkg-query",
            'status=0; for package in "${@:3}"; do',
            f'  if grep -qx -- "$package" "{state}"; then echo "$package installed"; else status=1; fi',
            "done; exit $status",
        )
        self.stand_in(
            "apt-get",
            f'[[ "$*" != *" install "* && "$1" != install ]] || printf "%s\\n" "$@" >>"{state}"',
        )
        self.stand_in("id", f"echo {user}")

    def npm(self, *body):
        self.stand_in("npm", *body)

    def run_dev(self, *arguments, **variables):
        environment = {"PATH": str(self.bin), "HOME": str(self.root.parent), **variables}
        result = subprocess.run(
            [self.root / "dev", *arguments], capture_output=True, text=True, check=False, env=environment,
            stdin=subprocess.DEVNULL, timeout=60,
        )
        return result.returncode, result.stdout + result.stderr

    def called(self, program):
        return [line for line in self.calls.read_text().splitlines() if line.startswith(program + " ")]


class Packages(Dev):
    def all_packages(self):
        """What ./dev lint and bench want, asked from the scripts themselves."""
        script = (
            f'ROOT="{self.root}"; source "$ROOT/tools/dev/setup.sh"; '
            'echo "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" "${LINT_PACKAGES[@]}" "${BENCH_PACKAGES[@]}"'
        )
        return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()

    def failing_npm(self):
        self.npm("echo 'npm error code ENOTFOUND' >&2; exit 1")

    def test_missing_packages_are_installed_and_named(self):
        self.debian(installed=[package for package in self.all_packages() if package not in ("cmake", "libfmt-dev")])
        self.failing_npm()
        _, output = self.run_dev("demo")
        self.assertIn("installing Debian packages: cmake libfmt-dev\n", output)
        self.assertEqual(len(self.called("apt-get")), 2)
        self.assertTrue(self.called("apt-get")[1].endswith("-y --no-install-recommends cmake libfmt-dev"))

    def test_nothing_missing_calls_no_apt(self):
        self.debian(installed=self.all_packages())
        self.failing_npm()
        self.run_dev("test")
        self.assertEqual(self.called("apt-get"), [])

    def test_a_second_run_installs_nothing_again(self):
        self.debian()
        self.failing_npm()
        self.run_dev("lint")
        first = len(self.called("apt-get"))
        self.run_dev("lint")
        self.assertEqual((first, len(self.called("apt-get"))), (2, 2))

    def test_the_demo_wants_nothing_that_only_tests_lint_or_benchmarks_need(self):
        self.debian()
        self.failing_npm()
        _, output = self.run_dev("demo")
        for package in ("libgtest-dev", "shellcheck", "clang-tidy", "iproute2"):
            self.assertNotIn(package, output)

    def test_a_machine_without_npm_gets_the_one_of_debian(self):
        self.debian(installed=self.all_packages())
        _, output = self.run_dev("demo")
        self.assertIn("installing Debian packages: nodejs npm\n", output)

    def test_a_user_without_sudo_is_told_the_command(self):
        self.debian(installed=[package for package in self.all_packages() if package != "cmake"], user=1000)
        self.failing_npm()
        status, output = self.run_dev("demo")
        self.assertEqual(status, 1)
        self.assertIn("needs root or sudo", output)
        self.assertIn("apt-get install --no-install-recommends cmake\n", output)
        self.assertEqual(self.called("apt-get"), [])

    def test_a_sudo_that_wants_a_password_without_a_terminal_is_told_the_command(self):
        self.debian(user=1000)
        self.stand_in("sudo", "exit 1")
        status, output = self.run_dev("demo")
        self.assertEqual(status, 1)
        self.assertIn("sudo asks for a password", output)
        self.assertIn("First: sudo apt-get install", output)

    def test_a_user_with_sudo_installs_through_it(self):
        self.debian(user=1000)
        self.failing_npm()
        self.stand_in("sudo", '[[ "$1" != -n ]] || exit 0', 'exec "$@"')
        self.run_dev("demo")
        self.assertTrue(any("apt-get" in call and " install " in call for call in self.called("sudo")))

    def test_without_network_the_reason_and_the_packages_are_named(self):
        self.debian()
        self.stand_in("apt-get", "echo 'E: Unable to fetch some archives' >&2; exit 100")
        status, output = self.run_dev("test")
        self.assertEqual(status, 1)
        self.assertIn("E: Unable to fetch some archives", output)
        self.assertIn("Is there a network", output)
        self.assertIn("libgtest-dev", output)

    def test_another_system_gets_the_list(self):
        status, output = self.run_dev("demo")
        self.assertEqual(status, 1)
        self.assertIn("this system has no apt", output)
        self.assertIn("libsqlite3-dev", output)
        self.assertIn("TASKER_DEV_SKIP_SETUP=1", output)

    def test_the_check_can_be_left_out(self):
        _, output = self.run_dev("demo", TASKER_DEV_SKIP_SETUP="1")
        self.assertIn("npm is not installed; it is needed once", output)

    def test_an_unreachable_npm_registry_is_an_error_that_says_what_to_do(self):
        self.debian(installed=self.all_packages())
        self.failing_npm()
        status, output = self.run_dev("demo")
        self.assertEqual(status, 1)
        self.assertIn("npm error code ENOTFOUND", output)
        self.assertIn("npm could not fetch node-linux-", output)
        self.assertIn("npm config get registry", output)
        self.assertEqual(list((self.root / ".tools").iterdir()), [])


    def test_bun_and_deno_come_from_npm_once(self):
        self.npm(
            'name="${*: -1}"; name="${name%@*}"; folder="node_modules/$name"; mkdir -p "$folder/bin"',
            'touch "$folder/bin/bun" "$folder/deno"; chmod +x "$folder/bin/bun" "$folder/deno"',
        )
        script = (
            'set -euo pipefail; ROOT="$1"; for part in versions common setup; do source "$ROOT/tools/dev/$part.sh"; done; '
            "need_bun_and_deno; need_bun_and_deno; use_bun_and_deno; command -v bun; command -v deno"
        )
        result = subprocess.run(
            ["bash", "-c", script, "bash", str(self.root)], capture_output=True, text=True, check=False,
            env={"PATH": str(self.bin)}, timeout=60,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"^\S+/\.tools/bun-[0-9.]+/bin/bun\n\S+/\.tools/deno-[0-9.]+/deno\n$")
        fetched = [call.split()[-1] for call in self.called("npm")]
        self.assertEqual(len(fetched), 2)
        self.assertRegex(fetched[0], r"^@oven/bun-linux-(x64|x64-baseline|aarch64)@1\.")
        self.assertRegex(fetched[1], r"^@deno/linux-(x64|arm64)-glibc@2\.")


class Stages(Dev):
    """The runner of the stages, with stages of the test's own."""

    def setUp(self):
        super().setUp()
        (self.root / "tools" / "dev" / "setup.sh").write_text(
            "need_debian() { :; }\nneed_node() { :; }\nneed_bun_and_deno() { :; }\nneed_npm_packages() { :; }\n"
            "use_node() { :; }\nuse_bun_and_deno() { :; }\n"
        )

    def stages(self, *lines):
        source = (self.root / "tools" / "dev" / "stages.sh").read_text()
        head = source[: source.index("# node_suite MAJOR")]
        (self.root / "tools" / "dev" / "stages.sh").write_text("\n".join([head, *lines]) + "\n")

    def test_the_closing_line_adds_up_what_the_stages_report(self):
        self.stages(
            "stage build checks 1 'build' true",
            "stage one tests 1 'one' echo '3 passed, 0 failed'",
            "stage two tests 1 'two' echo '# pass 4'",
        )
        status, output = self.run_dev("test")
        self.assertEqual(status, 0, output)
        self.assertEqual(output.splitlines()[-1], "7 passed, 0 failed")

    def test_a_failed_stage_shows_its_output_and_the_next_one_runs(self):
        self.stages(
            "stage build checks 1 'build' true",
            "one() { echo the reason; echo '2 passed, 1 failed'; return 1; }",
            "stage one tests 1 'one' one",
            "stage two tests 1 'two' echo '4 passed, 0 failed'",
        )
        status, output = self.run_dev("test")
        self.assertEqual(status, 1)
        self.assertIn("the reason", output)
        self.assertEqual(output.splitlines()[-1], "6 passed, 1 failed")
        self.assertIn("the reason", (self.root / "build" / "logs" / "one.log").read_text())

    def test_a_reported_failure_fails_the_run_even_if_the_command_does_not(self):
        self.stages("stage one tests 1 'one' echo '1 passed, 1 failed'")
        self.assertEqual(self.run_dev("test")[0], 1)

    def test_a_stage_of_tests_that_runs_none_fails(self):
        self.stages("stage one tests 1 'one' true")
        status, output = self.run_dev("test")
        self.assertEqual(status, 1)
        self.assertIn("no test was run", output)
        self.assertEqual(output.splitlines()[-1], "0 passed, 1 failed")

    def test_a_failing_command_in_the_middle_of_a_stage_ends_it(self):
        self.stages("one() { false; echo '1 passed, 0 failed'; }", "stage one tests 1 'one' one")
        status, output = self.run_dev("test")
        self.assertEqual(status, 1)
        self.assertEqual(output.splitlines()[-1], "0 passed, 1 failed")

    def test_after_a_failed_build_the_rest_is_not_run(self):
        self.stages("stage build checks 1 'build' false", "stage one tests 1 'one' echo '1 passed, 0 failed'")
        status, output = self.run_dev("test")
        self.assertEqual(status, 1)
        self.assertRegex(output, r"one +not run")
        self.assertEqual(output.splitlines()[-1], "0 passed, 1 failed")

    def test_a_stage_over_its_limit_is_ended(self):
        self.stages("stage one tests 0.01 'one' sleep 60")
        status, output = self.run_dev("test")
        self.assertEqual(status, 1)
        self.assertIn("over the limit", output)

    def test_a_named_stage_is_built_first_and_runs_alone(self):
        self.stages(
            "stage build checks 1 'build' true",
            "stage one tests 1 'one' echo '1 passed, 0 failed'",
            "stage two tests 1 'two' echo '2 passed, 0 failed'",
        )
        status, output = self.run_dev("test", "two")
        self.assertEqual(status, 0)
        self.assertIn("build", output)
        self.assertEqual(output.splitlines()[-1], "2 passed, 0 failed")

    def test_an_unknown_stage_or_option_is_refused_with_those_there_are(self):
        self.stages("stage one tests 1 'one' true")
        for argument in ("three", "--fast"):
            status, output = self.run_dev("test", argument)
            self.assertEqual(status, 1)
            self.assertIn(argument, output)
        self.assertIn("One of: one", self.run_dev("test", "three")[1])


class Commands(Dev):
    def test_help_names_every_command_and_installs_nothing(self):
        status, output = self.run_dev("help")
        self.assertEqual(status, 0)
        for command in ("demo", "test", "bench", "build", "lint", "format", "asan", "tsan", "clean", "help"):
            self.assertRegex(output, rf"(?m)^  {command}\b|, {command} ")
        self.assertEqual(self.calls.read_text(), "")

    def test_help_names_every_variable_that_is_read_anywhere(self):
        variables = set(re.findall(r"///.*?\b(TASKER_[A-Z_]*[A-Z])", (ROOT / "core/config/config.h").read_text()))
        self.assertGreater(len(variables), 10)
        for folder in ("core", "doors", "tests", "frontends", "examples", "bench"):
            for path in (ROOT / folder).rglob("*"):
                if path.suffix in (".cc", ".ts", ".mjs") and not {"node_modules", "dist"}.intersection(path.parts):
                    variables.update(re.findall(r"""\b(?:env\.|env\[['"]|getenv\(")(TASKER_[A-Z_]+)""", path.read_text()))
        output = self.run_dev("help")[1]
        self.assertEqual([variable for variable in sorted(variables) if variable not in output], [])

    def test_no_colour_code_leaves_for_a_file(self):
        self.assertNotIn("\x1b", self.run_dev("help")[1])

    def test_an_unknown_command_is_refused_with_the_help(self):
        status, output = self.run_dev("deploy")
        self.assertEqual(status, 2)
        self.assertIn("unknown command: deploy", output)
        self.assertIn("./dev COMMAND", output)

    def test_clean_removes_what_was_built_and_keeps_what_was_fetched(self):
        for folder in ("build/dev", "examples/one/dist", "examples/one/out", ".tools/node-1", "node_modules/a"):
            (self.root / folder).mkdir(parents=True)
        self.assertEqual(self.run_dev("clean")[0], 0)
        self.assertFalse((self.root / "build").exists())
        self.assertEqual(os.listdir(self.root / "examples" / "one"), [])
        self.assertTrue((self.root / ".tools" / "node-1").exists())
        self.assertEqual(self.run_dev("clean", "--all")[0], 0)
        self.assertFalse((self.root / ".tools").exists())
        self.assertFalse((self.root / "node_modules").exists())


if __name__ == "__main__":
    unittest.main()
