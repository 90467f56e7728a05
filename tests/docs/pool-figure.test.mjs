import assert from 'node:assert/strict';
import test from 'node:test';

import { renderFigures, renderPoolFigures } from '../../tools/docs_figures.mjs';
import { drawPoolFigure, renderBreakEven, renderCostTable, renderPoolTable } from '../../tools/pool_figure.mjs';

/**
 * @param {string} system
 * @param {string} variant
 * @param {string} metric
 * @param {number} median
 */
function row(system, variant, metric, median) {
  return { system, variant, metric, unit: '', median, min: median, max: median, runs: 5 };
}

const rate = 'steps_per_second';
const limit = { what: '', value: 1, unit: '' };

/**
 * @param {string} work
 * @param {number} main
 * @param {number} threads
 */
function compared(work, main, threads) {
  return [
    row('limit', work, rate, 5000),
    row('tasker', `${work} (main)`, rate, main),
    row('tasker', `${work} (threads)`, rate, threads),
  ];
}

const results = {
  commit: '0123456789abcdef',
  machine: { cpu: 'A CPU', cores: 2, memory_bytes: 4 * 2 ** 30, kernel: '6.1', filesystem: 'ext4' },
  versions: { node: '22.0.0' },
  scenarios: {
    'pool-throughput': {
      limit,
      rows: [
        row('limit', 'threads', rate, 400_000),
        row('tasker', 'threads', rate, 160_000),
        row('piscina', 'threads', rate, 40_000),
        row('poolifier', 'threads', rate, 60_000),
        row('poolifier', 'threads (texts)', rate, 90_000),
        row('hand-written', 'threads, bare messages', rate, 88_000),
      ],
    },
    'pool-startup': {
      limit,
      rows: [
        row('limit', 'threads', 'first_result', 40),
        row('limit', 'threads', 'memory_per_worker', 4096),
        row('tasker', 'threads', 'first_result', 60),
        row('tasker', 'threads', 'memory_per_worker', 5120),
        row('piscina', 'threads', 'first_result', 55),
        row('workerpool', 'threads', 'first_result', 50),
      ],
    },
    'pool-break-even': {
      limit,
      rows: [
        ...compared('0.1 ms, 16 in flight', 9000, 8000),
        ...compared('2 ms, 16 in flight', 400, 700),
        ...compared('50 ms, 16 in flight', 20, 40),
        ...compared('0.1 ms, 1 in flight', 8000, 4000),
        ...compared('50 ms, 1 in flight', 20, 20),
      ],
    },
  },
};

test('the table compares with the best of the pools, and leaves open what was not measured', () => {
  const lines = renderPoolTable(results).split('\n');
  assert.equal(lines[2], '| `threads`, direct | 160,000 |  |  |  |  |  | 60.0 ms | 5,120 KiB |  |');
  assert.equal(lines[6], '| best pool of npm, threads | 60,000 |  |  |  |  |  | 50.0 ms |  |  |');
  assert.equal(lines[8], '| bare threads | 88,000 |  |  |  |  |  | 40.0 ms | 4,096 KiB |  |');
});

test('the costs stand next to the estimates', () => {
  const lines = renderCostTable(results).split('\n');
  assert.equal(lines[2], '| a worker thread | 2 MB, 50 ms | 4.00 MiB, 40.0 ms | 5.00 MiB, 60.0 ms |');
  assert.match(lines[3] ?? '', /not measured \| not measured \|$/);
});

test('an executor pays from the time on from which it stays faster', () => {
  const lines = renderBreakEven(results).split('\n');
  assert.deepEqual(lines, [
    '- `threads`, 16 in flight: faster than `main` from 2 ms on, 2.0 × at best.',
    '- `process`, 16 in flight: not measured.',
    '- `threads`, 1 in flight: no faster than `main` at any time measured; its loop stays free all the same.',
    '- `process`, 1 in flight: not measured.',
  ]);
});

test('the chart has a panel for each number in flight, with a line for what was measured', () => {
  const svg = drawPoolFigure(results);
  assert.equal([...svg.matchAll(/<text class="head"[^>]*>\d+ in flight</g)].length, 2);
  // 220 high from 84 on: 2 × main is at the upper edge.
  assert.match(svg, /<path class="line threads" d="M34 206L\d+ 112L\d+ 84"\/>/);
  assert.doesNotMatch(svg, /NaN|Infinity|class="line process"/);
  assert.match(svg, /prefers-color-scheme: dark/);
});

test('the pools are on their own page and not in the README', () => {
  const date = new Date('2026-03-01T12:00:00Z');
  assert.match(renderPoolFigures(results, date), /^Measured on 2026-03-01 at commit 0123456789ab: /);
  assert.doesNotMatch(renderFigures(results, date), /pool-/);
});

test('a run with nothing to compare has no chart', () => {
  assert.throws(() => drawPoolFigure({ ...results, scenarios: {} }), /no scenario pool-break-even/);
});
