#!/usr/bin/env python3
"""Fails when the C ABI is not what its record says.

contract/abi/symbols.txt lists the exported names, contract/abi/<version>.json the same names with their lifecycle, the
soname and the layout of the public structs. The headers of include/tasker have to agree with both; so has each library:

    tools/check_exports.py [--root FOLDER] [--library FILE]...

Without --library only the record and the headers are compared, which needs no build.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

SYMBOLS = "contract/abi/symbols.txt"
RECORDS = "contract/abi"
HEADERS = "include/tasker"
LIFECYCLES = {"experimental", "stable", "deprecated"}
HANDLE_PREFIX = "tasker_"
CORE_SUFFIX = "_core.so"

DECLARATION = re.compile(r"^TASKER_API\b[^;(]*?\b(\w+)\s*\(", re.MULTILINE)
SINCE = re.compile(r"@since\s+(\d+)\s+(\w+)")
ABI_NUMBER = re.compile(r"^#define\s+TASKER_ABI_VERSION\s+(\d+)", re.MULTILINE)


def in_order(names):
    """Handle names first, then the flat ones, each sorted by bytes."""
    return sorted(names, key=lambda name: (not name.startswith(HANDLE_PREFIX), name.encode()))


def read_symbols(text):
    """Names of symbols.txt, and what is wrong with the list itself."""
    names = text.split()
    problems = [f"{SYMBOLS}: {name} is listed twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if names != in_order(names):
        problems.append(f"{SYMBOLS} is not in order: names with {HANDLE_PREFIX} first, then the flat names, each sorted")
    return names, problems


def newest_record(root):
    """Path of the record with the highest version, or None."""
    records = [
        path for path in (root / RECORDS).glob("*.json") if re.fullmatch(r"\d+\.\d+", path.stem)
    ]
    return max(records, key=lambda path: [int(part) for part in path.stem.split(".")], default=None)


def read_header(text):
    """Name -> (since, lifecycle) of each declared function; (None, None) where its comment does not say."""
    declared = {}
    end = 0
    for match in DECLARATION.finditer(text):
        comment = text[end : match.start()].rpartition("/**")[2]
        since = SINCE.search(comment)
        declared[match.group(1)] = (int(since.group(1)), since.group(2)) if since else (None, None)
        end = match.end()
    return declared


def missing_and_extra(expected, found):
    expected, found = set(expected), set(found)
    return in_order(expected - found), in_order(found - expected)


def record_problems(symbols, record, record_name):
    missing, extra = missing_and_extra(symbols, record["symbols"])
    for name in missing:
        yield f"{record_name}: {name} of {SYMBOLS} is not recorded; add it with `since` and `lifecycle`"
    for name in extra:
        yield f"{SYMBOLS}: {name} has vanished, and {record_name} has it; a symbol goes only with a new soname"
    for name, facts in record["symbols"].items():
        if facts.get("lifecycle") not in LIFECYCLES:
            yield f"{record_name}: the lifecycle of {name} is not one of {', '.join(sorted(LIFECYCLES))}"
        if not 1 <= facts.get("since", 0) <= record["abi_version"]:
            yield f"{record_name}: `since` of {name} is not from 1 to {record['abi_version']}"
    soname = f"libtasker_worker.so.{record['abi_version']}"
    if record["soname"] != soname:
        yield f"{record_name}: the soname is {record['soname']}, and by its ABI it should be {soname}"


def header_problems(symbols, record, declared):
    missing, extra = missing_and_extra(symbols, declared)
    for name in missing:
        yield f"{name} of {SYMBOLS} is declared in no header; declare it with TASKER_API, or restore its declaration"
    for name in extra:
        yield f"{name} is declared with TASKER_API; add it to {SYMBOLS} and to the record, or take the mark away"
    for name, facts in declared.items():
        recorded = record["symbols"].get(name)
        if recorded and facts == (None, None):
            yield f"the comment of {name} has no `@since <ABI> <lifecycle>`"
        elif recorded and facts != (recorded["since"], recorded["lifecycle"]):
            yield (
                f"the comment of {name} says @since {facts[0]} {facts[1]}, "
                f"the record {recorded['since']} {recorded['lifecycle']}"
            )


def struct_program(record):
    """A C program that compiles only when the structs of tasker.h have the recorded layout."""
    lines = ["#include <stddef.h>", "#include <tasker/tasker.h>"]
    for struct, layout in record["structs"].items():
        lines.append(f'_Static_assert(sizeof({struct}) == {layout["size"]}, "{struct} has another size");')
        for member, offset in layout["offsets"].items():
            lines.append(
                f'_Static_assert(offsetof({struct}, {member}) == {offset}, "{struct}.{member} stands elsewhere");'
            )
    return "\n".join(lines) + "\n"


def struct_problems(root, record):
    command = [os.environ.get("CC", "cc"), "-std=c11", "-fsyntax-only", "-I", root / "include", "-x", "c", "-"]
    compiled = subprocess.run(
        command, input=struct_program(record), capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    if compiled.returncode == 0:
        return []
    reasons = re.findall(r"static assertion failed[^\"]*\"([^\"]+)\"", compiled.stderr)
    if not reasons:
        return ["the layout of the structs cannot be checked: " + compiled.stderr.strip()]
    return [
        f"tasker.h: {reason} than recorded; callers that are compiled would break, so it takes a new soname"
        for reason in reasons
    ]


def parse_nm(text):
    """Names that `nm -D --defined-only` lists, without their versions."""
    return {fields[-1].split("@")[0] for line in text.splitlines() if len(fields := line.split()) >= 2}


def parse_soname(text):
    """Soname in the output of `readelf -d`, or None."""
    match = re.search(r"\(SONAME\).*\[([^\]]+)\]", text)
    return match.group(1) if match else None


def library_problems(name, exported, soname, record):
    missing, extra = missing_and_extra(record["symbols"], exported)
    for symbol in missing:
        yield f"{name}: {symbol} has vanished; restore it: a symbol goes only with a new soname"
    for symbol in extra:
        yield (
            f"{name}: {symbol} has appeared; add it to {SYMBOLS} in its place and to the record with `since` and "
            "`lifecycle`, or keep it out of the exports"
        )
    # The core behind the library is found by its file's name.
    if not name.endswith(CORE_SUFFIX) and soname != record["soname"]:
        yield f"{name}: the soname is {soname}, expected {record['soname']}"


def output_of(*command):
    """What the command prints; the message of its failure as a RuntimeError."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def check_library(library, record):
    try:
        exported = parse_nm(output_of("nm", "-D", "--defined-only", library))
        soname = parse_soname(output_of("readelf", "-d", library))
    except RuntimeError as error:
        return [f"{library.name} cannot be read: {error}"]
    return library_problems(library.name, exported, soname, record)


def problems_of(root, libraries):
    symbols, problems = read_symbols((root / SYMBOLS).read_text(encoding="utf-8"))
    path = newest_record(root)
    if path is None:
        return problems + [f"{RECORDS} has no record such as 1.0.json"]
    record = json.loads(path.read_text(encoding="utf-8"))
    problems += record_problems(symbols, record, f"{RECORDS}/{path.name}")
    declared = {}
    for header in sorted((root / HEADERS).glob("*.h")):
        text = header.read_text(encoding="utf-8")
        declared.update(read_header(text))
        number = ABI_NUMBER.search(text)
        if number and int(number.group(1)) != record["abi_version"]:
            problems.append(f"{HEADERS}/{header.name}: TASKER_ABI_VERSION is {number.group(1)}, the record's {record['abi_version']}")
    problems += header_problems(symbols, record, declared)
    problems += struct_problems(root, record)
    for library in libraries:
        problems += check_library(library, record)
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--library", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    problems = problems_of(arguments.root, arguments.library)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
