#!/usr/bin/env python3
"""Fails on an include or import that points upwards in the project's layers.

Each folder of core/ may use itself and the folders before it in CORE_LAYERS; doors/ may use the worker and what is below
it. The TypeScript front end has ranks of its own. A folder in no list is an error, so that a new one gets its place here.

    tools/check_layers.py [--root FOLDER]
"""

import argparse
import re
import sys
from pathlib import Path, PurePosixPath

CORE_LAYERS = ["base", "model", "store", "events", "engine", "config", "worker", "server", "cli"]
# store.h is all that these know of a store; their tests may open a real one.
STORE_INTERFACE_ONLY = {"model", "store", "events", "engine"}
STORE_BACK_ENDS = {"sqlite", "postgres", "conformance", "testing"}
DOOR_TOP = "worker"
# What each door may use besides its own folder.
DOORS_SHARED = "isolation"

# A rank may use itself and the ranks before it. Files at the top of src/ put the package together and may use all.
TYPESCRIPT_RANKS = [{"errors"}, {"native"}, {"log"}, {"handlers", "events"}, {"executors"}, {"worker"}]
TYPESCRIPT_ROOT = "frontends/typescript/src"

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]((?:core|doors)/[^">]+)[">]', re.MULTILINE)
IMPORT = re.compile(r"""(?:\bfrom\s+|\bimport\s*\(\s*|^\s*import\s+)['"](\.[^'"]+)['"]""", re.MULTILINE)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def core_problem(path, included):
    """Why `path` may not include `included`, or None; both are relative to the root."""
    source, target = path.parts, PurePosixPath(included).parts
    if source[0] == "doors":
        if target[0] == "doors":
            shared = target[1] == DOORS_SHARED
            return None if shared or source[1] == target[1] else f"doors/{source[1]} may not use doors/{target[1]}"
        allowed = CORE_LAYERS[: CORE_LAYERS.index(DOOR_TOP) + 1]
        return None if target[1] in allowed else f"doors/ may use core/{DOOR_TOP} and below"
    if target[0] == "doors":
        return "core/ may not use doors/"
    if target[1] not in CORE_LAYERS:
        return f"core/{target[1]} is not among the layers: {', '.join(CORE_LAYERS)}"
    if CORE_LAYERS.index(target[1]) > CORE_LAYERS.index(source[1]):
        return f"core/{source[1]} may not use core/{target[1]}, which is above it"
    is_test = path.stem.endswith(("_test", "_bench"))
    inside_back_end = source[1] == "store" and len(source) > 3
    if (
        target[:2] == ("core", "store")
        and target[2] in STORE_BACK_ENDS
        and source[1] in STORE_INTERFACE_ONLY
        and not inside_back_end
        and not is_test
    ):
        return f"core/{source[1]} knows core/store/store.h, no back end"
    return None


def check_core(root):
    for folder in ("core", "doors"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".h", ".cc", ".c"):
                continue
            relative = path.relative_to(root)
            if folder == "core" and (len(relative.parts) < 3 or relative.parts[1] not in CORE_LAYERS):
                yield f"{relative}:1: {relative.parent} is not among the layers: {', '.join(CORE_LAYERS)}"
                continue
            text = path.read_text(encoding="utf-8")
            for match in INCLUDE.finditer(text):
                problem = core_problem(relative, match[1])
                if problem:
                    yield f"{relative}:{line_of(text, match.start(1))}: includes {match[1]}: {problem}"


def typescript_rank(folder):
    return next((rank for rank, folders in enumerate(TYPESCRIPT_RANKS) if folder in folders), None)


def check_typescript(root):
    source_root = root / TYPESCRIPT_ROOT
    for path in sorted(source_root.rglob("*.ts")):
        parts = path.relative_to(source_root).parts
        shown = path.relative_to(root)
        if len(parts) == 1:
            continue
        own_rank = typescript_rank(parts[0])
        if own_rank is None:
            yield f"{shown}:1: src/{parts[0]} has no rank in tools/check_layers.py"
            continue
        text = path.read_text(encoding="utf-8")
        for match in IMPORT.finditer(text):
            target = (path.parent / match[1]).resolve()
            where = f"{shown}:{line_of(text, match.start(1))}: imports {match[1]}"
            if not target.is_relative_to(source_root.resolve()):
                yield f"{where}: it is outside of src/"
                continue
            target_parts = target.relative_to(source_root.resolve()).parts
            if len(target_parts) < 2:
                yield f"{where}: only tests and users import the top of src/"
                continue
            rank = typescript_rank(target_parts[0])
            if rank is None or rank > own_rank:
                yield f"{where}: src/{parts[0]} may not use src/{target_parts[0]}, which is above it"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    problems = [*check_core(root), *check_typescript(root)]
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    main()
