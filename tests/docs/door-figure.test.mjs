import assert from 'node:assert/strict';
import test from 'node:test';

import { renderDoorFigures, renderFigures } from '../../tools/docs_figures.mjs';
import { drawDoorFigure, renderDoorTable } from '../../tools/door_figure.mjs';

/**
 * @param {string} system
 * @param {string} variant
 * @param {string} metric
 * @param {number} median
 */
function row(system, variant, metric, median) {
  return { system, variant, metric, unit: '', median, min: median, max: median, runs: 5 };
}

const trips = 'round_trips_per_second';
const limit = { what: '', value: 1, unit: '' };
const results = {
  commit: '0123456789abcdef',
  machine: { cpu: 'A CPU', cores: 2, memory_bytes: 4 * 2 ** 30, kernel: '6.1', filesystem: 'ext4' },
  versions: { node: '22.0.0', bun: '1.4.5' },
  scenarios: {
    'door-call': { limit, rows: [row('tasker', 'bun addon', 'calls_per_second', 2e7)] },
    'door-roundtrip': {
      limit,
      rows: [
        row('limit', 'bun addon', trips, 200_000),
        row('limit', 'bun addon (objects built natively)', trips, 90_000),
        row('tasker', 'bun addon', trips, 100_000),
        row('tasker', 'bun addon (batches of 64)', trips, 150_000),
        row('tasker', 'bun ffi', trips, 50_000),
      ],
    },
    'door-wakeup': {
      limit,
      rows: [
        row('tasker', 'bun (addon)', 'latency_p50', 50),
        row('tasker', 'bun (addon)', 'latency_p99', 90),
        row('tasker', 'bun (addon, 10 ms poll)', 'latency_p50', 5000),
      ],
    },
    'door-memory': { limit, rows: [row('tasker', 'bun addon', 'memory_per_worker', 300)] },
  },
};

test('the table has a row for each door of each runtime, and leaves open what was not measured', () => {
  const lines = renderDoorTable(results).split('\n');
  assert.equal(
    lines[2],
    '| Bun, addon | 20,000,000 | 100,000 | 150,000 | 200,000 | 0.50 | 50.0 µs, 90.0 µs | 5,000 µs | 300 KiB |',
  );
  assert.equal(lines[3], '| Bun, FFI |  | 50,000 |  |  |  |  |  |  |');
  assert.match(lines.at(-1) ?? '', /builds the event's objects natively.*: Bun 90,000 against 200,000\.$/);
});

test('the doors are on their own page and not in the README', () => {
  const date = new Date('2026-03-01T12:00:00Z');
  assert.match(renderDoorFigures(results, date), /^Measured on 2026-03-01 at commit 0123456789ab: .*bun 1\.4\.5/);
  assert.doesNotMatch(renderFigures(results, date), /door-/);
});

test('the longest of bars and lines fills the chart, the others are in proportion', () => {
  const svg = drawDoorFigure(results);
  const widths = [...svg.matchAll(/<rect class="([^"]*)".*? width="(\d+)"/g)].map(([, kind, width]) => [
    kind,
    Number(width),
  ]);
  assert.deepEqual(widths, [
    ['addon', 240],
    ['addon batches', 360],
    ['ffi', 120],
  ]);
  // The bare door: 480 wide, from where the labels end.
  assert.deepEqual(
    [...svg.matchAll(/<path class="bare" d="M(\d+) /g)].map(([, x]) => Number(x)),
    [190 + 480],
  );
  assert.match(svg, /prefers-color-scheme: dark/);
});

test('a run without round trips has no chart', () => {
  assert.throws(() => drawDoorFigure({ ...results, scenarios: {} }), /no scenario door-roundtrip/);
});
