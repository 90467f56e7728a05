"""Tests of check_exports.py on a small ABI."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import check_exports

TOOL = Path(__file__).with_name("check_exports.py")

HANDLE_HEADER = """#include <stddef.h>
#define TASKER_API __attribute__((visibility("default")))
#define TASKER_ABI_VERSION 1
typedef struct tasker_pair { char* data; size_t size; } tasker_pair;
/**
 * Opens. A comment may name TASKER_API too.
 * @since 1 stable     @source docs
 */
TASKER_API int tasker_open(const char* text,
                           size_t size);
/** Closes. @since 1 experimental */
TASKER_API void tasker_close(void);
"""
FLAT_HEADER = """#include "tasker.h"
/** Polls. @since 1 stable */
TASKER_API char* poll(void);
"""


def record(**changes):
    symbol = {"since": 1, "lifecycle": "stable"}
    return {
        "abi_version": 1,
        "soname": "libtasker_worker.so.1",
        "symbols": {"tasker_close": {"since": 1, "lifecycle": "experimental"}, "tasker_open": symbol, "poll": symbol},
        "structs": {"tasker_pair": {"size": 16, "offsets": {"data": 0, "size": 8}}},
        **changes,
    }


class CheckExports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("contract/abi/symbols.txt", "tasker_close\ntasker_open\npoll\n")
        self.write("include/tasker/tasker.h", HANDLE_HEADER)
        self.write("include/tasker/tasker_flat.h", FLAT_HEADER)
        self.write_record(record())

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def write_record(self, content, name="1.0.json"):
        self.write(f"contract/abi/{name}", json.dumps(content))

    def run_tool(self, *arguments):
        result = subprocess.run(
            [sys.executable, TOOL, "--root", self.root, *arguments], capture_output=True, text=True, check=False
        )
        self.assertEqual(result.stderr, "")
        return result.returncode, result.stdout

    def assert_clean(self):
        self.assertEqual(self.run_tool(), (0, ""))

    def assert_problems(self, *parts):
        status, output = self.run_tool()
        self.assertEqual(status, 1, output)
        for part in parts:
            self.assertIn(part, output)

    def test_a_record_that_agrees_is_accepted(self):
        self.assert_clean()

    def test_a_symbol_that_vanished_from_the_list_is_a_problem(self):
        self.write("contract/abi/symbols.txt", "tasker_open\npoll\n")
        self.assert_problems("tasker_close has vanished", "a symbol goes only with a new soname")

    def test_a_symbol_that_appeared_in_the_list_is_a_problem(self):
        self.write("contract/abi/symbols.txt", "tasker_close\ntasker_more\ntasker_open\npoll\n")
        self.assert_problems("tasker_more of contract/abi/symbols.txt is not recorded", "is declared in no header")

    def test_the_list_is_in_order_and_names_each_once(self):
        self.write("contract/abi/symbols.txt", "poll\ntasker_close\ntasker_open\npoll\n")
        self.assert_problems("poll is listed twice", "is not in order")

    def test_a_declaration_without_a_record_is_a_problem(self):
        self.write("include/tasker/tasker_flat.h", FLAT_HEADER + "/** @since 1 stable */\nTASKER_API void extra(void);\n")
        self.assert_problems("extra is declared with TASKER_API; add it to")

    def test_a_declaration_says_since_when_and_how_it_stands(self):
        self.write("include/tasker/tasker_flat.h", "#include \"tasker.h\"\n/** Polls. */\nTASKER_API char* poll(void);\n")
        self.assert_problems("the comment of poll has no `@since")
        self.write("include/tasker/tasker_flat.h", FLAT_HEADER.replace("@since 1 stable", "@since 1 deprecated"))
        self.assert_problems("the comment of poll says @since 1 deprecated, the record 1 stable")

    def test_a_tag_of_the_function_before_does_not_count(self):
        self.write("include/tasker/tasker_flat.h", FLAT_HEADER + "TASKER_API char* tasker_open2(void);\n")
        declared = check_exports.read_header((self.root / "include/tasker/tasker_flat.h").read_text(encoding="utf-8"))
        self.assertEqual(declared, {"poll": (1, "stable"), "tasker_open2": (None, None)})

    def test_the_record_has_sound_lifecycles_and_the_soname_of_its_abi(self):
        wrong = record(soname="libtasker_worker.so.2")
        wrong["symbols"]["poll"] = {"since": 2, "lifecycle": "new"}
        self.write_record(wrong)
        self.assert_problems("the lifecycle of poll", "`since` of poll", "libtasker_worker.so.1")

    def test_the_header_has_the_number_of_the_record(self):
        self.write("include/tasker/tasker.h", HANDLE_HEADER.replace("VERSION 1", "VERSION 2"))
        self.assert_problems("TASKER_ABI_VERSION is 2")

    def test_a_struct_that_changed_is_a_problem(self):
        self.write("include/tasker/tasker.h", HANDLE_HEADER.replace("size_t size; }", "size_t size; int more; }"))
        self.assert_problems("tasker_pair has another size")
        self.write("include/tasker/tasker.h", HANDLE_HEADER.replace("char* data; size_t size;", "size_t size; char* data;"))
        self.assert_problems("tasker_pair.data stands elsewhere", "tasker_pair.size stands elsewhere")

    def test_the_newest_record_counts(self):
        self.write_record(record(symbols={}), "1.0.json")
        self.write_record(record(), "1.10.json")
        self.write_record(record(symbols={}), "1.9.json")
        self.assert_clean()

    def test_a_library_that_is_not_there_is_a_problem(self):
        status, output = self.run_tool("--library", self.root / "libtasker_worker.so")
        self.assertEqual(status, 1)
        self.assertIn("libtasker_worker.so cannot be read", output)


class Libraries(unittest.TestCase):
    NM = """0000000000001139 T tasker_open@@V1
0000000000001145 T tasker_close
0000000000001150 T poll
"""
    READELF = " 0x000000000000000e (SONAME)             Library soname: [libtasker_worker.so.1]\n"

    def problems(self, nm, readelf, name="libtasker_worker.so"):
        return list(
            check_exports.library_problems(
                name, check_exports.parse_nm(nm), check_exports.parse_soname(readelf), record()
            )
        )

    def test_a_library_that_agrees_is_accepted(self):
        self.assertEqual(self.problems(self.NM, self.READELF), [])

    def test_each_symbol_too_few_or_too_many_is_named(self):
        problems = self.problems(self.NM.replace("poll", "pool"), self.READELF)
        self.assertEqual(len(problems), 2)
        self.assertIn("poll has vanished; restore it", problems[0])
        self.assertIn("pool has appeared; add it to contract/abi/symbols.txt", problems[1])

    def test_a_wrong_or_missing_soname_is_a_problem(self):
        self.assertIn("the soname is None", self.problems(self.NM, "")[0])
        self.assertIn("libtasker_worker.so.7", self.problems(self.NM, self.READELF.replace(".1", ".7"))[0])

    def test_the_core_behind_the_library_needs_no_soname(self):
        self.assertEqual(self.problems(self.NM, "", "libtasker_worker_core.so"), [])


if __name__ == "__main__":
    unittest.main()
