import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { renderEventFigures, renderFigures, replaceFigures } from '../../tools/docs_figures.mjs';
import { ROOT } from './lib/sandbox.mjs';

const START = '<!-- figures:start -->';
const END = '<!-- figures:end -->';

const results = {
  commit: '0123456789abcdef',
  machine: { cpu: 'A CPU', cores: 2, memory_bytes: 4 * 2 ** 30, kernel: '6.1', filesystem: 'ext4' },
  versions: { node: '22.0.0' },
  scenarios: {
    'workflow-latency': {
      limit: { what: '5 commits', value: 2, unit: 'ms' },
      rows: [
        { system: 'limit', variant: 'linear4', metric: 'latency_p50', unit: 'ms', median: 2, min: 1, max: 3, runs: 5 },
        {
          system: 'tasker',
          variant: 'linear4',
          metric: 'latency_p50',
          unit: 'ms',
          median: 3,
          min: 2.5,
          max: 4,
          runs: 5,
        },
        {
          system: 'tasker',
          variant: 'linear4',
          metric: 'latency_p99',
          unit: 'ms',
          median: 9,
          min: 8,
          max: 10,
          runs: 5,
        },
      ],
    },
  },
};

test('the figures name date, commit, machine and runs, and compare with the limit', () => {
  assert.equal(
    renderFigures(results, new Date('2026-03-01T12:00:00Z')),
    [
      'Measured on 2026-03-01 at commit 0123456789ab: A CPU, 2 cores, 4 GiB, ext4, Linux 6.1; node 22.0.0. Medians of 5 runs.',
      '',
      '**workflow-latency** – limit: 5 commits: 2.00 ms',
      '',
      '| | | median | lowest to highest | ÷ its limit |',
      '|---|---|--:|--:|--:|',
      '| Tasker, linear4 | latency, p50 | 3.00 ms | 2.50 to 4.00 | 1.50 × |',
    ].join('\n'),
  );
});

test('the guide to events has a table for each of its scenarios that was run, and the README none of them', () => {
  const limit = { what: 'a futex hand-off', value: 2, unit: 'µs' };
  const rows = results.scenarios['workflow-latency'].rows;
  const both = { ...results, scenarios: { ...results.scenarios, channel: { limit, rows } } };
  const guide = renderEventFigures(both, new Date('2026-03-01T12:00:00Z'));
  assert.match(guide, /^Measured on 2026-03-01 .*\n\n\*\*channel\*\* – limit: a futex hand-off/);
  assert.doesNotMatch(guide, /workflow-latency|event-bus/);
  assert.doesNotMatch(renderFigures(both, new Date('2026-03-01T12:00:00Z')), /channel/);
});

test('the figures replace what stood there, and nothing else', () => {
  const page = `a\n${START}\nold\n${END}\nb\n`;
  assert.equal(replaceFigures(page, 'new'), `a\n${START}\nnew\n${END}\nb\n`);
});

test('a page without the place for figures is refused', () => {
  assert.throws(() => replaceFigures('a', 'new'), /figures:start/);
  assert.throws(() => replaceFigures(`${START} a`, 'new'), /figures:end/);
});

test('the README has one place for figures, empty or with a run behind it', () => {
  const page = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const figures = page.slice(page.indexOf(START) + START.length, page.indexOf(END)).trim();
  assert.equal(
    replaceFigures(page, figures).trim(),
    page.replace(/(figures:start -->)\s*(<!-- figures:end)/, '$1\n\n$2').trim(),
  );
  assert.ok(figures === '' || /^Measured on \d{4}-\d\d-\d\d at commit [0-9a-f]{12}: /.test(figures));
});
