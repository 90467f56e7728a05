import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawColumns, formatNumber, renderScenario } from './table.mjs';

test('numbers show three digits that count', () => {
  const shown = [0, 0.1234, 1.234, 12.34, 123.4, 1234.5, 1_234_567].map(formatNumber);
  assert.deepEqual(shown, ['0', '0.123', '1.23', '12.3', '123', '1,235', '1,234,567']);
  assert.equal(formatNumber(Number.NaN), '–');
});

test('columns are as wide as their widest cell', () => {
  const drawn = drawColumns([
    ['a', 'b', 'c', 'd'],
    ['long', 'b', 'c', '10'],
  ]);
  assert.equal(drawn, 'a     b  c   d\nlong  b  c  10');
});

test('a scenario shows ratios to the limit and to the peer, and its bars', () => {
  const common = { metric: 'latency_p50', unit: 'ms', runs: 5 };
  const scenario = {
    limit: { what: 'commits', value: 1, unit: 'ms' },
    rows: [
      { ...common, system: 'limit', variant: 'linear4', median: 1, min: 0.9, max: 1.1 },
      { ...common, system: 'tasker', variant: 'linear4', median: 2, min: 1.9, max: 2.2 },
      { ...common, system: 'restate', variant: 'linear4', median: 10, min: 9, max: 12 },
    ],
  };
  const bars = [
    { scenario: 'latency', variant: 'linear4', metric: 'latency_p50', ratio_max: 2.5 },
    { scenario: 'latency', variant: 'linear4', metric: 'latency_p50', ratio_max: 1.5 },
    { scenario: 'other', variant: 'linear4', metric: 'latency_p50', ratio_max: 1 },
  ];
  assert.deepEqual(renderScenario('latency', scenario, bars).split('\n'), [
    'latency (limit: commits: 1.00 ms)',
    'system   variant  metric       median    min   max  unit  ÷ limit  ÷ restate',
    'limit    linear4  latency_p50    1.00  0.900  1.10    ms',
    'tasker   linear4  latency_p50    2.00   1.90  2.20    ms   2.00 ×    0.200 ×',
    'restate  linear4  latency_p50    10.0   9.00  12.0    ms   10.0 ×',
    '  pass  linear4 latency_p50: 2.00 × limit, at most 2.5',
    '  MISS  linear4 latency_p50: 2.00 × limit, at most 1.5',
  ]);
});

test('a limit of zero has no ratio', () => {
  const common = { variant: 'idle', metric: 'cpu_percent', unit: '%', runs: 1, min: 0, max: 0 };
  const drawn = renderScenario(
    'idle',
    {
      limit: { what: 'bare Node', value: 0, unit: '%' },
      rows: [
        { ...common, system: 'limit', median: 0 },
        { ...common, system: 'tasker', median: 0.1 },
      ],
    },
    [],
  );
  assert.match(drawn, /tasker .* –$/m);
});
