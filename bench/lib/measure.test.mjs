import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { TASK_LATENCY, expectedWork, measureScenario, rateOf } from './measure.mjs';

/** @typedef {import('./measure.mjs').Measurement} Measurement */

const programs = {
  ...{ limit: '', native: '', addon: 'addon', node: '', restate: { reason: '' } },
  ...{ ffi: { library: null, koffi: null }, doors: {}, runtimes: [] },
};
const WORK = { tasks: 3, steps: 12, checksum: 24 };

/**
 * A measurement whose program reports `work` and its latency.
 *
 * @param {string} system
 * @param {object} [work]
 * @returns {Measurement}
 */
function measurement(system, work = WORK) {
  const code = `console.log(JSON.stringify({ samples_us: [1000, 3000, 2000], work: ${JSON.stringify(work)} }))`;
  return {
    system,
    variant: 'linear4',
    metrics: TASK_LATENCY,
    work: WORK,
    command: () => [process.execPath, '-e', code],
  };
}

/** @param {(Measurement | import('./measure.mjs').LeftOut)[]} listed */
async function measure(listed, runs = 2) {
  const directory = await mkdtemp(join(tmpdir(), 'bench-measure-'));
  /** @type {string[]} */
  const lines = [];
  const scenario = {
    name: 'latency',
    what: '',
    limit: { what: 'commits', variant: 'linear4', metric: 'latency_p50' },
    measurements: () => listed,
  };
  const onProgress = (/** @type {string} */ line) => lines.push(line);
  try {
    const options = { programs, runs, quick: true, directory, onProgress };
    const result = await measureScenario(scenario, options);
    assert.equal(existsSync(join(directory, 'measurement')), false);
    return { result, lines };
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('each run measures every system, beginning with another one', async () => {
  const { result, lines } = await measure([measurement('limit'), measurement('tasker')]);
  assert.deepEqual(lines, [
    'run 1 of 2: limit linear4',
    'run 1 of 2: tasker linear4',
    'run 2 of 2: tasker linear4',
    'run 2 of 2: limit linear4',
  ]);
  assert.deepEqual(result.limit, { what: 'commits', value: 2, unit: 'ms' });
  assert.deepEqual(
    result.rows.map(({ system, metric, median, runs }) => [system, metric, median, runs]),
    [
      ['limit', 'latency_p50', 2, 2],
      ['limit', 'latency_p99', 3, 2],
      ['tasker', 'latency_p50', 2, 2],
      ['tasker', 'latency_p99', 3, 2],
    ],
  );
});

test('a system that is left out is named with its reason and has no row', async () => {
  const leftOut = { system: 'restate', variant: 'linear4', leftOut: 'no namespace' };
  const { result, lines } = await measure([measurement('limit'), leftOut], 1);
  assert.equal(lines[0], 'restate linear4 is left out: no namespace');
  assert.ok(result.rows.every(({ system }) => system === 'limit'));
});

test('a system that did less, more or other work is refused', async () => {
  for (const changed of [{ tasks: 2 }, { steps: 11 }, { checksum: 25 }, { steps: null }]) {
    const wrong = measurement('tasker', { ...WORK, ...changed });
    const name = Object.keys(changed)[0];
    await assert.rejects(measure([measurement('limit'), wrong], 1), new RegExp(`work.${name}`));
  }
});

test('a scenario without its limit is refused', async () => {
  await assert.rejects(measure([measurement('tasker')], 1), /no limit linear4/);
});

test('the expected checksum sums the numbers after the warm-up', () => {
  assert.deepEqual(expectedWork({ tasks: 3, warmup: 10, steps: 4 }), {
    tasks: 3,
    steps: 12,
    checksum: (11 + 12 + 13) * 4,
  });
});

test('a rate counts the work over the whole time', () => {
  const { unit, of } = rateOf('steps')['steps_per_second'] ?? assert.fail();
  assert.equal(unit, 'steps/s');
  assert.equal(of({ elapsed_s: 0.5, work: { tasks: 1, steps: 100, checksum: 0 } }), 200);
});
