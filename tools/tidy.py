#!/usr/bin/env python3
"""Fails on what formatters and compilers let pass: sizes, banned calls, file heads and modes, machine paths, stray notes.

    tools/tidy.py [--root FOLDER]

A line that breaks a rule for a good reason says so on the line itself or on the one above:

    // tidy: allow(<rule>) why this is right here

A file of more than 600 lines is accepted when one of its first ten lines has `Size:` and the reason.
"""

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CPP = {".cc", ".h", ".c", ".hpp"}
SCRIPT = {".ts", ".js", ".mjs"}
CODE = CPP | SCRIPT | {".py", ".sh", ".sql", ".cmake"}
HASH_COMMENTS = {".py", ".sh", ".cmake"}
GENERATED = {"package-lock.json"}
# Inputs of fuzz targets: every byte of them is meant.
INPUTS = ("fuzz/corpus/",)

CPP_COLUMNS_MAX = 100
COLUMNS_MAX = 140
LINES_MAX = 600
SIZE_NOTE_LINES = 10
FILE_BYTES_MAX = 512 * 1024

ALLOW = re.compile(r"tidy: allow\(([a-z-]+)\)\s*(\S?)")


@dataclass(frozen=True)
class Ban:
    """A pattern that may not stand in the code of certain files; comments and strings are blanked out first."""

    rule: str
    pattern: re.Pattern
    instead: str
    suffixes: frozenset
    under: tuple = ("",)
    but: tuple = ()

    def covers(self, path):
        return (
            Path(path).suffix in self.suffixes
            and path.startswith(self.under)
            and not any(re.search(pattern, path) for pattern in self.but)
        )


def ban(rule, pattern, instead, suffixes, under=("",), but=()):
    return Ban(rule, re.compile(pattern), instead, frozenset(suffixes), tuple(under), tuple(but))


TS_LIBRARY = ("frontends/typescript/src/",)
TS_TESTS = ("frontends/", "examples/", "tests/")

BANS = [
    ban("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.:>])sleep\s*\(",
        "wait on a base::Condition with a deadline, or inject the clock", CPP, ("core/", "doors/")),
    ban("std-mutex",
        r"\bstd::(mutex|timed_mutex|recursive_mutex|shared_mutex|condition_variable(_any)?|lock_guard|unique_lock|scoped_lock)\b",
        "base::Mutex, base::Lock and base::Condition: Clang's analysis knows them",
        CPP, ("core/", "doors/"), (r"^core/base/mutex\.h$",)),
    ban("thread-local", r"\bthread_local\b|\b__thread\b", "pass the state to those who need it", CPP),
    ban("shell", r"(?<![\w.:>])(std::)?(system|popen)\s*\(", "no shell from C++", CPP),
    ban("random", r"\bstd::(rand|srand|random_device|mt19937\w*)\b|(?<![\w.:>])s?rand\s*\(",
        "base::Random, so that a printed seed repeats the run", CPP, ("core/", "doors/"), (r"^core/base/random",)),
    ban("clock", r"\b(system_clock|steady_clock|high_resolution_clock)::now\b|\bclock_gettime\s*\(",
        "base::Clock, so that tests own the time",
        CPP, ("core/", "doors/"), (r"^core/base/", r"_test\.cc$", r"/conformance/")),
    ban("print", r"\bstd::(cout|cerr|clog)\b|(?<![\w.:>])(std::)?(printf|fprintf|puts|fputs)\s*\(|\bfmt::print\b",
        "base::Logger, or the renderer of the command line",
        CPP, ("core/", "doors/"), (r"^core/cli/", r"^core/base/logger", r"_test\.cc$")),
    ban("unchecked-number", r"(?<![\w.>])(std::)?(atoi|atol|atoll|atof|strtol|strtoul|strtoll|strtoull)\s*\(",
        "std::from_chars, and look at its result", CPP),
    ban("c-string", r"(?<![\w.:>])(std::)?(sprintf|strcpy|strcat|strncpy|gets)\s*\(", "std::string and fmt", CPP),
    ban("using-namespace", r"\busing\s+namespace\s+(?!\w*literals|std::\w*literals)", "name what you use", CPP),
    ban("environment", r"\b(getenv|setenv|putenv)\s*\(", "config::Environment", CPP, ("core/", "doors/"),
        (r"^core/config/", r"^core/cli/")),
    ban("skipped-test", r"\bGTEST_SKIP\b|\bDISABLED_\w+", "mend the test or remove it", CPP),
    ban("console", r"\bconsole\.\w+\s*\(", "the Logger", SCRIPT, TS_LIBRARY),
    ban("process-exit", r"\bprocess\.exit\s*\(", "throw: a library never ends the process", SCRIPT, TS_LIBRARY),
    ban("skipped-test", r"\b(test|it|describe|suite)\.(skip|only|todo)\s*\(|\b(skip|only|todo):\s*true",
        "mend the test or remove it", SCRIPT, TS_TESTS),
]

PUBLIC_HEADERS = "include/"
GUARD = re.compile(r"^#ifndef (TASKER_\w+_H_)\n#define \1$", re.MULTILINE)

# Read in the whole text, comments and strings too. Built from pieces, so that this file passes.
NOTE = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
MACHINE_FOLDERS = ["ho" + "me", "ro" + "ot", "Us" + "ers", "works" + "pace"]
MACHINE_PATH = re.compile(r"(?<![\w.~}*])/(?:" + "|".join(MACHINE_FOLDERS) + r")/\w")
CONFLICT = re.compile(r"^(<{7} |>{7} |={7}$)")
BARE_NOLINT = re.compile(r"\bNOLINT(NEXTLINE|BEGIN|END)?\b(?!\([\w.,* -]+\))")
BARE_ESLINT_DISABLE = re.compile(r"eslint-disable(?!.* -- \S)")
LOCK_HOST = re.compile(r'"resolved": "[a-z+]+:')

# Comments and literals of the C family; a raw string ends at its own delimiter.
C_TOKENS = re.compile(
    r"""(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)|(?P<raw>R"(?P<tag>[^ ()\\\n]{0,16})\(.*?\)(?P=tag)")"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*"|(?<![\w])'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def code_of(text, suffix):
    """The text with comments and literals blanked out, each line where it was."""
    if suffix in CPP | SCRIPT:
        return C_TOKENS.sub(blank, text)
    return text


class File:
    def __init__(self, root, path):
        self.root = root
        self.path = path
        self.suffix = Path(path).suffix
        self.data = (root / path).read_bytes()
        self.executable = bool((root / path).stat().st_mode & 0o111)
        self.binary = b"\0" in self.data[:8192]
        self.text = "" if self.binary else self.data.decode("utf-8", errors="replace")
        self.lines = self.text.split("\n")

    def allowed(self, number, rule):
        """Whether line `number` (from 1), or the one above it, allows the rule with a reason."""
        for line in self.lines[max(0, number - 2) : number]:
            match = ALLOW.search(line)
            if match and match[1] == rule and match[2]:
                return True
        return False


def check_whole(file):
    if len(file.data) > FILE_BYTES_MAX:
        yield 1, "blob", f"{len(file.data)} bytes; at most {FILE_BYTES_MAX} belong into the repository"
    has_shebang = file.data.startswith(b"#!")
    if has_shebang != file.executable:
        yield 1, "mode", "executable and #! belong together"
    if file.binary:
        return
    if file.text and not file.text.endswith("\n"):
        yield len(file.lines), "final-newline", "the last line has no end"
    if file.text.endswith("\n\n"):
        yield len(file.lines) - 1, "final-newline", "empty lines at the end"
    if file.suffix in CODE:
        yield from check_code_file(file)


def check_code_file(file):
    count = len(file.lines) - 1
    if count > LINES_MAX and not any("Size:" in line for line in file.lines[:SIZE_NOTE_LINES]):
        yield count, "file-length", f"{count} lines; split it, or say why at its head (Size: ...)"
    # A C header is also compiled by itself, where compilers warn of the pragma: it has a guard.
    guard = GUARD.search(file.text) if file.path.startswith(PUBLIC_HEADERS) else None
    if file.suffix in {".h", ".hpp"} and not guard and not re.search(r"^#pragma once$", file.text, re.MULTILINE):
        yield 1, "pragma-once", "a header starts with #pragma once"
    if not has_head(file):
        yield 1, "file-head", "the first lines say in a comment what lives here"


def has_head(file):
    """Whether a comment opens the file, where one is due: tests and lists of exports are headed by their names, and a
    C++ source may leave it to its header."""
    if re.search(r"(_test\.cc?|_test\.py|\.test\.\w+|/index\.ts)$", file.path):
        return True
    first = next((line for line in file.lines if line.strip() and not line.startswith(("#!", "# shellcheck"))), "")
    if first.startswith(("//", "/*", "# ", "--", '"""')):
        return True
    return file.suffix == ".cc" and (file.root / file.path).with_suffix(".h").is_file()


def check_lines(file):
    columns_max = CPP_COLUMNS_MAX if file.suffix in CPP else COLUMNS_MAX
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip():
            yield number, "trailing-space", "white space at the end of the line"
        if "\t" in line and file.suffix in CODE:
            yield number, "tab", "indent with spaces"
        if file.suffix in CODE and len(line) > columns_max:
            yield number, "line-length", f"{len(line)} columns; at most {columns_max}"
        if CONFLICT.match(line) and not file.suffix == ".md":
            yield number, "conflict", "a merge conflict"
        if match := NOTE.search(line):
            yield number, "note", f"{match[1]}: do it, or open an issue"
        if match := MACHINE_PATH.search(line):
            yield number, "machine-path", f"{match[0]}...: a path of one machine"
        if len(file.root.parts) > 2 and f"{file.root}/" in line:
            yield number, "machine-path", f"{file.root}/: where this clone happens to be"
        if file.suffix in CPP and BARE_NOLINT.search(line):
            yield number, "nolint", "name the check: NOLINT(check-name), and say why"
        if file.suffix in SCRIPT and BARE_ESLINT_DISABLE.search(line):
            yield number, "eslint-disable", "give the reason after --"


def check_bans(file):
    bans = [each for each in BANS if each.covers(file.path)]
    if not bans:
        return
    for number, line in enumerate(code_of(file.text, file.suffix).split("\n"), 1):
        for each in bans:
            if match := each.pattern.search(line):
                yield number, each.rule, f"{match[0].strip()}: {each.instead}"


def check_lockfile(file):
    for number, line in enumerate(file.lines, 1):
        if LOCK_HOST.search(line):
            yield number, "lock-host", "names a registry; omit-lockfile-registry-resolved leaves it out"


def check_unused_headers(files):
    included = set()
    for file in files:
        if file.suffix in CPP:
            included.update(re.findall(r'^\s*#\s*include\s*"([^"]+)"', file.text, re.MULTILINE))
    for file in files:
        if file.suffix == ".h" and file.path.startswith(("core/", "doors/")) and file.path not in included:
            yield file, 1, "dead-file", "no file includes it"


def problems_of(file):
    if file.path.startswith(INPUTS):
        return (problem for problem in check_whole(file) if problem[1] == "blob")
    if Path(file.path).name in GENERATED:
        return check_lockfile(file)
    checks = [check_whole(file)]
    if not file.binary:
        checks += [check_lines(file), check_bans(file)]
    return (problem for check in checks for problem in check)


def project_files(root):
    """Files that are committed or would be, without those that .gitignore names."""
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        cwd=root, check=True, capture_output=True,
    ).stdout.decode()
    return sorted(path for path in listing.split("\0") if path and (root / path).is_file() and not (root / path).is_symlink())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    files = [File(root, path) for path in project_files(root)]
    found = [(file, *problem) for file in files for problem in problems_of(file)]
    found += check_unused_headers(files)
    shown = [each for each in found if not each[0].allowed(each[1], each[2])]
    for file, number, rule, text in sorted(shown, key=lambda each: (each[0].path, each[1])):
        print(f"{file.path}:{number}: {rule}: {text}")
    if shown:
        sys.exit(1)


if __name__ == "__main__":
    main()
