// Runs the real thing with tiny sizes, so that no scenario stops working unseen. Needs the programs that CMake builds with
// TASKER_BUILD_BENCH, in the build folder that TASKER_ADDON_PATH points into (or build/release).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { loadBars } from './lib/bars.mjs';
import { scenarios } from './lib/scenarios.mjs';

const runner = join(import.meta.dirname, 'run.mjs');
// There to end what hangs; a busy machine of two slow cores takes minutes.
const TIMEOUT_MS = 900_000;

/** @param {string[]} args */
function runBench(...args) {
  return spawnSync(process.execPath, [runner, ...args], { encoding: 'utf8', timeout: TIMEOUT_MS });
}

/** @param {(file: string) => Promise<void>} use gets the name of a file that is not there yet */
async function withOutput(use) {
  const directory = await mkdtemp(join(tmpdir(), 'bench-quick-'));
  try {
    await use(join(directory, 'results.json'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('a quick run of every scenario does all of its work and writes the results file', () =>
  withOutput(async (file) => {
    const { status, stdout, stderr } = runBench('--quick', '--out', file);
    assert.equal(status, 0, stderr);
    const results = JSON.parse(await readFile(file, 'utf8'));
    assert.deepEqual(Object.keys(results), ['commit', 'machine', 'versions', 'scenarios']);
    assert.deepEqual(
      Object.keys(results.scenarios),
      scenarios.map(({ name }) => name),
    );
    for (const [name, { limit, rows }] of Object.entries(results.scenarios)) {
      assert.deepEqual(Object.keys(limit), ['what', 'value', 'unit'], name);
      for (const row of rows) {
        assert.deepEqual(
          Object.keys(row),
          ['system', 'variant', 'metric', 'unit', 'median', 'min', 'max', 'runs'],
          name,
        );
        assert.ok(Number.isFinite(row.median) && row.runs === 1, JSON.stringify(row));
      }
      assert.match(stdout, new RegExp(`^${name} `, 'm'));
    }
    // A runtime that is not there is never left out silently; ./dev test has them all.
    const leftOut = [...stderr.matchAll(/: tasker (.*) is left out: ./g)].map(([, variant]) => variant ?? '');
    for (const bar of loadBars()) {
      if (leftOut.some((variant) => [bar.variant, bar.against ?? ''].some((named) => named.startsWith(variant))))
        continue;
      const judged = results.scenarios[bar.scenario].rows.find(
        (/** @type {{ system: string, variant: string, metric: string }} */ row) =>
          row.system === 'tasker' && row.variant === bar.variant && row.metric === bar.metric,
      );
      assert.ok(judged, JSON.stringify(bar));
    }
    const peerRows = Object.values(results.scenarios).flatMap(({ rows }) =>
      rows.filter((/** @type {{ system: string }} */ { system }) => system === 'restate'),
    );
    // A peer that could not run is never left out silently.
    assert.ok(peerRows.length > 0 || /restate linear4 is left out: ./.test(stderr), stderr);
  }));

test('a run of one scenario leaves the others in the file as they were', () =>
  withOutput(async (file) => {
    assert.equal(runBench('idle', '--quick', '--out', file).status, 0);
    const first = JSON.parse(await readFile(file, 'utf8'));
    assert.equal(runBench('dispatch-latency', '--quick', '--out', file).status, 0);
    const second = JSON.parse(await readFile(file, 'utf8'));
    assert.deepEqual(Object.keys(second.scenarios), ['idle', 'dispatch-latency']);
    assert.deepEqual(second.scenarios.idle, first.scenarios.idle);
  }));

test('wrong usage is refused with what was expected', () => {
  const cases = [
    { args: ['nonsense'], message: /scenario "nonsense": expected one of workflow-latency/ },
    { args: ['--runs', '0'], message: /--runs "0": expected a whole number, 1 to 1000/ },
    { args: ['--runs', '2.5'], message: /--runs "2\.5"/ },
    { args: ['--fast'], message: /--fast/ },
    { args: ['--quick', '--check'], message: /--check: the figures of --quick are not judged/ },
  ];
  for (const { args, message } of cases) {
    const { status, stderr } = runBench(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  }
});

test('a build that is missing is named with what makes it', () => {
  const { status, stderr } = runBench('--quick', '--build', join(tmpdir(), 'no-such-build'));
  assert.equal(status, 1);
  assert.match(stderr, /no-such-build\/bench\/bench_limit: not built; run: cmake --preset bench/);
});

test('the list names every scenario', () => {
  const { status, stdout } = runBench('--list');
  assert.equal(status, 0);
  for (const { name } of scenarios) assert.match(stdout, new RegExp(`^${name} +\\S`, 'm'));
});
