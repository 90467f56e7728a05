import assert from 'node:assert/strict';
import { test } from 'node:test';

import { judge, limitOf, loadBars } from './bars.mjs';
import { scenarios } from './scenarios.mjs';

/** @typedef {import('./results.mjs').Row} Row */

/**
 * @param {string} system
 * @param {string} variant
 * @param {string} metric
 * @param {number} value
 * @returns {Row}
 */
function row(system, variant, metric, value) {
  return { system, variant, metric, unit: 'ms', median: value, min: value, max: value, runs: 5 };
}

const latency = {
  limit: { what: 'commits', value: 1, unit: 'ms' },
  rows: [
    row('limit', 'linear4', 'latency_p50', 1),
    row('limit', 'dag7', 'latency_p50', 2),
    row('tasker', 'linear4', 'latency_p50', 2.5),
    row('tasker', 'dag7', 'latency_p50', 5.1),
    row('tasker', 'dag7 (native)', 'latency_p50', 3),
  ],
};
const throughput = {
  limit: { what: 'rows', value: 500_000, unit: 'rows/s' },
  rows: [row('limit', 'rows', 'rows_per_second', 500_000), row('tasker', 'linear4', 'steps_per_second', 20_000)],
};

test('each variant is compared with the limit of its own work', () => {
  const limits = latency.rows.slice(2).map((ours) => limitOf(latency, ours));
  assert.deepEqual(limits, [1, 2, 2]);
});

test('a metric that the limit lacks is compared with the limit of the scenario', () => {
  assert.equal(limitOf(throughput, /** @type {Row} */ (throughput.rows[1])), 500_000);
});

test('a ratio at the bar passes and one past it is a miss', () => {
  const bar = { scenario: 's', metric: 'latency_p50', ratio_max: 2.5 };
  assert.equal(judge({ ...bar, variant: 'linear4' }, latency)?.passed, true);
  const missed = judge({ ...bar, variant: 'dag7' }, latency);
  assert.equal(missed?.passed, false);
  assert.equal(missed?.text, '2.55 × limit, at most 2.5');
});

test('a share of the limit is judged from below', () => {
  const bar = { scenario: 's', variant: 'linear4', metric: 'steps_per_second' };
  assert.equal(judge({ ...bar, ratio_min: 0.04 }, throughput)?.passed, true);
  assert.equal(judge({ ...bar, ratio_min: 0.05 }, throughput)?.passed, false);
});

test('a value is judged in its own unit', () => {
  const bar = { scenario: 's', variant: 'linear4', metric: 'latency_p50' };
  assert.equal(judge({ ...bar, value_max: 2.5 }, latency)?.passed, true);
  assert.equal(judge({ ...bar, value_max: 2.4 }, latency)?.passed, false);
  assert.equal(judge({ ...bar, value_min: 2.6 }, latency)?.passed, false);
});

test('a row is judged against another one when its bar says so', () => {
  const bar = { scenario: 's', variant: 'dag7', metric: 'latency_p50', against: 'dag7 (native)' };
  const verdict = judge({ ...bar, ratio_max: 1.7 }, latency);
  assert.equal(verdict?.passed, true);
  assert.equal(verdict?.text, '1.70 × dag7 (native), at most 1.7');
  assert.equal(judge({ ...bar, ratio_max: 1.6 }, latency)?.passed, false);
  assert.equal(judge({ ...bar, against: 'tree8', ratio_max: 1.7 }, latency), null);
});

test('a row is judged against a peer, or the best of them, at the same work', () => {
  const scenario = {
    limit: latency.limit,
    rows: [
      row('limit', 'single', 'items_per_second', 100),
      row('tasker', 'single', 'items_per_second', 20),
      row('slow', 'single', 'items_per_second', 5),
      row('fast', 'single', 'items_per_second', 16),
      row('fast', 'grouped', 'items_per_second', 60),
      row('tasker', 'single', 'latency_p50', 3),
      row('slow', 'single', 'latency_p50', 6),
      row('fast', 'single', 'latency_p50', 4),
    ],
  };
  const rate = { scenario: 's', variant: 'single', metric: 'items_per_second' };
  assert.equal(judge({ ...rate, peer: 'best', ratio_min: 1.25 }, scenario)?.text, '1.25 × best peer, at least 1.25');
  assert.equal(judge({ ...rate, peer: 'best', ratio_min: 1.3 }, scenario)?.passed, false);
  assert.equal(judge({ ...rate, peer: 'slow', ratio_min: 4 }, scenario)?.text, '4.00 × slow, at least 4');
  const wait = { scenario: 's', variant: 'single', metric: 'latency_p50' };
  assert.equal(judge({ ...wait, peer: 'best', ratio_max: 0.75 }, scenario)?.passed, true);
  assert.equal(judge({ ...wait, peer: 'best', ratio_max: 0.7 }, scenario)?.passed, false);
  assert.equal(judge({ ...wait, peer: 'absent', ratio_max: 1 }, scenario), null);
});

test('a bar without its row has no verdict, and one without a bound is an error', () => {
  const bar = { scenario: 's', variant: 'linear4', metric: 'latency_p50' };
  assert.equal(judge({ ...bar, variant: 'tree8', ratio_max: 1 }, latency), null);
  assert.throws(() => judge(bar, latency), /no bound/);
});

test('every bar of bars.json names a row that its scenario measures', () => {
  const runtimes = ['node 22', 'node 26', 'bun', 'deno'].map((name) => ({ name, version: '1.2.3', command: [] }));
  const programs = {
    ...{ limit: '', native: '', addon: '', node: '', restate: { reason: 'not needed' } },
    ...{ ffi: { library: '', koffi: '1.2.3' }, doors: {}, runtimes },
  };
  for (const bar of loadBars()) {
    const scenario = scenarios.find(({ name }) => name === bar.scenario);
    for (const named of [bar.variant, bar.against ?? bar.variant]) {
      const measured = scenario
        ?.measurements(programs, false)
        .find(({ system, variant }) => system === 'tasker' && variant === named);
      assert.ok(measured !== undefined && 'metrics' in measured && bar.metric in measured.metrics, JSON.stringify(bar));
    }
  }
});
