// Runs every compiled test below a folder with the test runner of a runtime; fails when there is none, so that an empty
// build is noticed.
//
//   node tools/run-tests.mjs FOLDER [--runtime=node|bun|deno] [ARGUMENT...]
//
// The conformance suite runs only when its folder is named: it needs both doors.
// Ends with a line `N passed, N failed` for Bun and Deno, whose own counts differ: only tests count, not suites.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder = 'dist/test', ...rest] = process.argv.slice(2);
const runtime = rest.find((argument) => argument.startsWith('--runtime='))?.slice('--runtime='.length) ?? 'node';
const others = rest.filter((argument) => !argument.startsWith('--runtime='));
const files = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.test.js') && !name.startsWith('conformance/'))
  .map((name) => `./${join(folder, name)}`)
  .sort();
if (files.length === 0) {
  console.error(`no compiled test below ${folder}`);
  process.exit(1);
}

/** How each runtime is called, and how it says that a test has passed or failed; a suite's own line has no such form. */
const runners = {
  node: { program: process.execPath, arguments: ['--test', ...others, ...files] },
  bun: {
    program: 'bun',
    arguments: ['test', '--timeout=60000', ...others, ...files],
    passed: /^\(pass\) /,
    failed: /^\(fail\) /,
  },
  deno: {
    program: 'deno',
    arguments: ['test', '--allow-all', '--no-check', ...others, ...files],
    passed: /^ +.*\.\.\. ok( |$)/,
    failed: /^ +.*\.\.\. FAILED( |$)/,
  },
};
const runner = runners[runtime];
if (runner === undefined) {
  console.error(`unknown runtime ${runtime}; expected one of ${Object.keys(runners).join(', ')}`);
  process.exit(2);
}

const environment = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
const counted = runner.passed !== undefined;
const child = spawn(runner.program, runner.arguments, {
  stdio: ['inherit', counted ? 'pipe' : 'inherit', counted ? 'pipe' : 'inherit'],
  env: counted ? environment : process.env,
});
let passed = 0;
const failures = new Set();
for (const stream of [child.stdout, child.stderr].filter((each) => each !== null)) {
  createInterface(stream).on('line', (line) => {
    console.log(line);
    if (runner.passed.test(line)) {
      passed += 1;
    } else if (runner.failed.test(line)) {
      // Bun names each failure again at its end.
      failures.add(line.replace(/ \[[\d.]+ms\]$/, ''));
    }
  });
}
child.on('error', (error) => {
  console.error(`${runner.program}: ${error.message}`);
  process.exit(1);
});
child.on('close', (code) => {
  if (counted) {
    const failed = code === 0 ? failures.size : Math.max(1, failures.size);
    console.log(`${passed} passed, ${failed} failed`);
  }
  process.exit(code ?? 1);
});
