"""Tests of check_layers.py on small trees."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).with_name("check_layers.py")


class CheckLayers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, *lines):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")

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
        self.assertEqual(status, 1, output)
        self.assertEqual(output.count("\n"), 1, output)
        for part in parts:
            self.assertIn(part, output)

    def test_an_include_of_a_lower_layer_is_accepted(self):
        self.write("core/engine/retry.cc", '#include "core/base/clock.h"', '#include "core/engine/retry.h"')
        self.assert_clean()

    def test_an_include_of_a_higher_layer_is_named_with_its_line(self):
        self.write("core/model/task.h", "#pragma once", '#include "core/worker/worker.h"')
        self.assert_problem("core/model/task.h:2:", "core/worker/worker.h", "above")

    def test_config_is_above_the_engine(self):
        self.write("core/engine/plan.cc", '#include "core/config/config.h"')
        self.assert_problem("core/engine may not use core/config")

    def test_the_engine_knows_the_store_interface_only(self):
        self.write("core/engine/plan.cc", '#include "core/store/store.h"')
        self.assert_clean()
        self.write("core/engine/plan.cc", '#include "core/store/sqlite/sqlite_store.h"')
        self.assert_problem("no back end")

    def test_a_test_of_the_engine_may_open_a_real_store(self):
        self.write("core/engine/plan_test.cc", '#include "core/store/sqlite/sqlite_store.h"')
        self.assert_clean()

    def test_a_back_end_may_use_its_own_folder_and_the_interface(self):
        self.write("core/store/sqlite/writer.cc", '#include "core/store/sqlite/writer.h"', '#include "core/store/store.h"')
        self.assert_clean()

    def test_a_back_end_may_not_use_the_engine(self):
        self.write("core/store/sqlite/writer.cc", '#include "core/engine/retry.h"')
        self.assert_problem("core/store may not use core/engine")

    def test_the_core_may_not_use_a_door(self):
        self.write("core/worker/worker.cc", '#include "doors/node/addon.h"')
        self.assert_problem("core/ may not use doors/")

    def test_a_door_may_use_the_worker_but_not_the_command_line(self):
        self.write("doors/node/addon.cc", '#include "core/worker/worker.h"', '#include "doors/node/addon.h"')
        self.assert_clean()
        self.write("doors/node/addon.cc", '#include "core/cli/render.h"')
        self.assert_problem("doors/ may use core/worker and below")

    def test_a_door_may_not_use_the_other_door(self):
        self.write("doors/c/handle.cc", '#include "doors/node/addon.h"')
        self.assert_problem("doors/c may not use doors/node")

    def test_a_folder_without_a_place_is_refused(self):
        self.write("core/helpers/misc.h", "#pragma once")
        self.assert_problem("core/helpers is not among the layers")

    def test_an_include_of_a_folder_without_a_place_is_refused(self):
        self.write("core/cli/main.cc", '#include "core/helpers/misc.h"')
        self.assert_problem("core/helpers is not among the layers")

    def test_typescript_may_import_downwards(self):
        self.write("frontends/typescript/src/worker/server.ts", "import { load } from '../native/loader.js';")
        self.write("frontends/typescript/src/events/bridge.ts", "import { Registry } from '../handlers/registry.js';")
        self.write("frontends/typescript/src/index.ts", "export * from './worker/server.js';")
        self.assert_clean()

    def test_typescript_may_not_import_upwards(self):
        self.write("frontends/typescript/src/native/loader.ts", "", "import { run } from '../worker/server.js';")
        self.assert_problem("native/loader.ts:2:", "src/native may not use src/worker")

    def test_type_only_dynamic_and_re_exporting_imports_count(self):
        for line in (
            "import type { A } from '../worker/server.js';",
            "const a = await import('../worker/server.js');",
            "export { a } from '../worker/server.js';",
            "import '../worker/server.js';",
        ):
            with self.subTest(line):
                self.write("frontends/typescript/src/log/log.ts", line)
                self.assert_problem("src/log may not use src/worker")

    def test_typescript_may_not_import_the_whole_package_from_inside(self):
        self.write("frontends/typescript/src/log/log.ts", "import { a } from '../index.js';")
        self.assert_problem("the top of src/")

    def test_typescript_may_not_leave_its_source_folder(self):
        self.write("frontends/typescript/src/log/log.ts", "import { a } from '../../test/helper.js';")
        self.assert_problem("outside of src/")

    def test_a_typescript_folder_without_a_rank_is_refused(self):
        self.write("frontends/typescript/src/misc/misc.ts", "export {};")
        self.assert_problem("src/misc has no rank")


if __name__ == "__main__":
    unittest.main()
