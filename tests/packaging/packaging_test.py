"""Installs the built tree to a temporary prefix and uses it as a stranger would: both examples by find_package and by
pkg-config, before and after the prefix was moved, and each header alone.

ctest gives the build's folder in TASKER_BUILD_FOLDER.
"""

import collections
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["TASKER_BUILD_FOLDER"]).resolve()
EXAMPLES = ROOT / "examples"
# With how each is compiled alone.
C_MODES = (("cc", "c", "c11"), ("c++", "c++", "c++20"), ("c++", "c++", "c++17"))
CXX_MODES = (("c++", "c++", "c++17"), ("c++", "c++", "c++20"))
HEADERS = {
    **{f"tasker/{name}.h": C_MODES for name in ("attachment", "common", "events", "tasker", "tasks", "worker")},
    "tasker/tasker_flat.h": (("cc", "c", "c11"), ("c++", "c++", "c++20")),
    **{f"tasker/{name}.hpp": CXX_MODES for name in ("attachment", "bus", "error", "json", "steps", "tasker")},
}
WARNINGS = ["-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
REQUEST = re.compile(r'^\S+ \S+ \S+ \[[^]]*\] "\S+ (\S+) [^"]*" (\d+) (\d+|-)$')


def run(*command, cwd=None, **variables):
    """The output of a command that has to succeed."""
    environment = {**os.environ, **variables}
    environment.pop("TASKER_STORE", None)
    result = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, text=True, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout}")
    return result.stdout


def facts_of(log):
    """What a log says, computed here a second time."""
    requests = [match.groups() for match in map(REQUEST.match, log.read_text().splitlines()) if match]
    lines = len(log.read_text().splitlines())
    paths = collections.Counter(path for path, _, _ in requests)
    return {
        "requests": len(requests),
        "skipped": lines - len(requests),
        "errors": sum(int(status) >= 400 for _, status, _ in requests),
        "bytes": sum(0 if size == "-" else int(size) for _, _, size in requests),
        "paths": paths,
    }


class Packaging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="tasker-packaging-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.first = cls.folder / "first"
        run("cmake", "--install", BUILD, "--prefix", cls.first)
        cls.libdir = next(cls.first.rglob("libtasker_worker.so")).parent.relative_to(cls.first)
        cls.build_examples(cls.first, cls.folder / "built")
        cls.prefix = cls.folder / "moved" / "elsewhere"
        cls.prefix.parent.mkdir()
        cls.first.rename(cls.prefix)

    @classmethod
    def build_examples(cls, prefix, target):
        """Each example in target/<how>-<language>/."""
        for language in ("c", "cpp"):
            by_cmake = target / f"cmake-{language}"
            run("cmake", "-G", "Ninja", "-S", EXAMPLES / language, "-B", by_cmake, f"-DCMAKE_PREFIX_PATH={prefix}")
            run("cmake", "--build", by_cmake)
            by_pkg_config = target / f"pkg-config-{language}"
            by_pkg_config.mkdir(parents=True)
            pkg_config_path = str(prefix / cls.libdir / "pkgconfig")
            flags = run("pkg-config", "--cflags", "--libs", "tasker", PKG_CONFIG_PATH=pkg_config_path).split()
            compiler = {
                "c": ["cc", "-std=c11", "-D_GNU_SOURCE", "-o", "log_digest", *sorted((EXAMPLES / "c").glob("*.c"))],
                "cpp": ["c++", "-std=c++17", "-pthread", "-o", "log_digests", *sorted((EXAMPLES / "cpp").glob("*.cc"))],
            }[language]
            run(*compiler, *WARNINGS, *flags, cwd=by_pkg_config)

    def run_c(self, program):
        """Runs the C example in a folder of its own; checks what it prints and writes."""
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            log = EXAMPLES / "c" / "access.log"
            output = run(program, log, "report.txt", cwd=work, LD_LIBRARY_PATH=str(self.prefix / self.libdir))
            facts = facts_of(log)
            (busiest, most), (_, second) = facts["paths"].most_common(2)
            self.assertGreater(most, second, "the example's log has one busiest path")
            self.assertEqual(output.splitlines(), [
                f"count_requests: {facts['requests']} requests, {facts['skipped']} lines skipped",
                f"busiest_path: {busiest} of {len(facts['paths'])} paths",
                "write_report: 4 lines",
                "task complete",
            ])
            report = [line.split(maxsplit=1) for line in (Path(work) / "report.txt").read_text().splitlines()]
            self.assertEqual(report, [
                ["requests", str(facts["requests"])], ["errors", str(facts["errors"])], ["bytes", str(facts["bytes"])],
                ["busiest", f"{busiest} ({most} requests)"],
            ])

    def run_cpp(self, program):
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            logs = sorted((EXAMPLES / "cpp" / "logs").glob("*.log"))
            output = run(program, *logs, cwd=work, LD_LIBRARY_PATH=str(self.prefix / self.libdir))
            expected = []
            for log in logs:
                facts = facts_of(log)
                most = max(facts["paths"].values())
                busiest = min(path for path, count in facts["paths"].items() if count == most)
                expected.append(f"{log}: {facts['requests']} requests, {facts['errors']} errors, {facts['bytes']} bytes; "
                                f"busiest {busiest} with {most}")
            self.assertEqual(output.splitlines(), expected)

    def test_the_examples_run_from_the_moved_prefix(self):
        for how in ("cmake", "pkg-config"):
            with self.subTest(built_by=how):
                self.run_c(self.folder / "built" / f"{how}-c" / "log_digest")
                self.run_cpp(self.folder / "built" / f"{how}-cpp" / "log_digests")

    def test_the_moved_prefix_builds_the_examples(self):
        self.build_examples(self.prefix, self.folder / "rebuilt")
        for how in ("cmake", "pkg-config"):
            with self.subTest(built_by=how):
                self.run_c(self.folder / "rebuilt" / f"{how}-c" / "log_digest")
                self.run_cpp(self.folder / "rebuilt" / f"{how}-cpp" / "log_digests")

    def test_an_example_says_what_failed(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            result = subprocess.run(
                [self.folder / "built" / "cmake-c" / "log_digest", "no-such.log", "report.txt"], cwd=work, text=True,
                capture_output=True, check=False, timeout=60,
                env={**os.environ, "LD_LIBRARY_PATH": str(self.prefix / self.libdir)})
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("count_requests: failed: no-such.log", result.stdout)
        self.assertIn("task blocked_by_failures", result.stdout)

    def test_each_header_compiles_alone_and_twice(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            for header, ways in HEADERS.items():
                for compiler, language, standard in ways:
                    with self.subTest(header=header, standard=standard):
                        command = [compiler, f"-std={standard}", *WARNINGS, "-x", language, "-I", self.prefix / "include"]
                        for number, main in enumerate(("", "int main(void) { return 0; }\n")):
                            source = Path(work) / f"unit{number}.source"
                            source.write_text(f"#include <{header}>\n#include <{header}>\n{main}")
                            run(*command, "-c", source, "-o", f"unit{number}.o", cwd=work)
                        run(compiler, "unit0.o", "unit1.o", "-o", "both", "-pthread", f"-L{self.prefix / self.libdir}",
                            "-ltasker_worker", cwd=work)

    def test_no_installed_file_names_the_build(self):
        paths = [str(path).encode() for path in (BUILD, ROOT, self.first)]
        for file in sorted(self.prefix.rglob("*")):
            if not file.is_file() or file.is_symlink():
                continue
            content = file.read_bytes()
            with self.subTest(file=str(file.relative_to(self.prefix))):
                if content.startswith(b"\x7fELF"):
                    content = run("readelf", "--dynamic", "--wide", file).encode()
                self.assertEqual([path for path in paths if path in content], [])

    def test_the_library_has_its_name_and_its_version(self):
        library = self.prefix / self.libdir / "libtasker_worker.so"
        self.assertTrue(library.is_symlink())
        self.assertIn("[libtasker_worker.so.1]", run("readelf", "--dynamic", "--wide", library))
        self.assertTrue((self.prefix / self.libdir / "libtasker_worker.so.1").exists())
        self.assertTrue((self.prefix / self.libdir / "libtasker_worker_core.so").exists())

    def test_the_contract_is_installed_whole(self):
        data = self.prefix / "share" / "tasker"
        self.assertEqual((data / "errors.def").read_bytes(), (ROOT / "contract" / "errors.def").read_bytes())
        self.assertEqual(sorted(file.name for file in (data / "schema").iterdir()),
                         sorted(file.name for file in (ROOT / "contract" / "schema").iterdir()))

    def test_the_program_runs_from_the_moved_prefix(self):
        version = re.search(r"project\(tasker VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        self.assertIn(version, run(self.prefix / "bin" / "tasker", "--version"))
        pkg_config_path = str(self.prefix / self.libdir / "pkgconfig")
        self.assertEqual(run("pkg-config", "--modversion", "tasker", PKG_CONFIG_PATH=pkg_config_path).strip(), version)

    def test_a_newer_version_is_not_found(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            project = Path(work) / "CMakeLists.txt"
            project.write_text("cmake_minimum_required(VERSION 3.25)\nproject(p NONE)\nfind_package(tasker 99 QUIET)\n"
                               'message(STATUS "found: ${tasker_FOUND}")\n')
            self.assertIn("found: 0", run("cmake", "-S", work, "-B", Path(work) / "b", f"-DCMAKE_PREFIX_PATH={self.prefix}"))

    def test_a_worker_that_outlives_main_is_closed_in_order(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            (Path(work) / "main.cpp").write_text(
                "#include <memory>\n#include <tasker/tasker.hpp>\nstatic std::unique_ptr<tasker::Worker> worker;\n"
                'int main() {\n  worker = std::make_unique<tasker::Worker>(R"({"log_level":"debug"})");\n  worker->start();\n}\n')
            libdir = self.prefix / self.libdir
            run("c++", "-std=c++17", *WARNINGS, "main.cpp", "-o", "main", "-I", self.prefix / "include", f"-L{libdir}",
                "-ltasker_worker", "-pthread", cwd=work)
            output = run(Path(work) / "main", cwd=work, LD_LIBRARY_PATH=str(libdir))
        self.assertIn("drained", output)

    def test_destdir_goes_before_the_prefix(self):
        stage = self.folder / "stage"
        run("cmake", "--install", BUILD, "--prefix", "/usr/local", DESTDIR=str(stage))
        self.assertTrue((stage / "usr/local/bin/tasker").is_file())
        flags = run("pkg-config", "--cflags", "tasker",
                    PKG_CONFIG_PATH=str(stage / "usr/local" / self.libdir / "pkgconfig")).split()
        self.assertEqual([Path(flag.removeprefix("-I")).resolve() for flag in flags],
                         [(stage / "usr/local/include").resolve()])
        shutil.rmtree(stage)

    def test_components_come_alone(self):
        contents = {}
        for component in ("runtime", "development", "contract"):
            prefix = self.folder / component
            run("cmake", "--install", BUILD, "--prefix", prefix, "--component", component)
            contents[component] = {str(file.relative_to(prefix)) for file in prefix.rglob("*") if not file.is_dir()}
        self.assertIn("bin/tasker", contents["runtime"])
        self.assertIn("include/tasker/tasker.hpp", contents["development"])
        self.assertNotIn("bin/tasker", contents["development"])
        self.assertTrue(all(name.startswith("share/tasker/") for name in contents["contract"]))
        whole = {str(file.relative_to(self.prefix)) for file in self.prefix.rglob("*") if not file.is_dir()}
        self.assertEqual(set.union(*contents.values()), whole)


if __name__ == "__main__":
    unittest.main()
