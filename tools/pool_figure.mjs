// Executors and pools side by side, from a benchmark run: tables for the guide to executors, and a chart as SVG of where each
// executor starts to pay.
import { formatNumber } from '../bench/lib/table.mjs';
import { FIGURE_WIDTH, drawFigure, medianFinder } from './figures.mjs';

/** @typedef {import('../bench/lib/results.mjs').Results} Results */
/** @typedef {import('../bench/lib/results.mjs').Row} Row */

/** The scenarios that this page shows. */
export const POOL_SCENARIOS = [
  'pool-throughput',
  'pool-latency',
  'pool-binary',
  'pool-cpu',
  'pool-startup',
  'pool-recovery',
  'pool-break-even',
];

const BREAK_EVEN = 'pool-break-even';
const RATE = 'steps_per_second';

/**
 * A contender in the table: its systems, of which the best counts, and the variants of its rows by scenario.
 *
 * @typedef {{ title: string, systems: readonly string[], kind: 'threads' | 'children' | null, variant: string }} Contender
 */

const POOLS = ['piscina', 'piscina-32', 'tinypool', 'poolifier', 'workerpool'];

/** @type {readonly Contender[]} */
const CONTENDERS = [
  { title: '`threads`, direct', systems: ['tasker'], kind: 'threads', variant: 'threads' },
  { title: '`threads`, relay', systems: ['tasker'], kind: 'threads', variant: 'relay' },
  { title: '`main`', systems: ['tasker'], kind: null, variant: 'main' },
  { title: '`process`', systems: ['tasker'], kind: 'children', variant: 'process' },
  { title: 'best pool of npm, threads', systems: POOLS, kind: 'threads', variant: 'threads' },
  { title: 'best pool of npm, children', systems: POOLS, kind: 'children', variant: '' },
  { title: 'bare threads', systems: ['hand-written'], kind: 'threads', variant: 'threads, bare messages' },
];

/** Heads of the columns: scenario, metric, unit, and whether more is better. */
const COLUMNS = /** @type {const} */ ([
  ['no-op steps/s', 'pool-throughput', RATE, '', true],
  ['round trip p50', 'pool-latency', 'latency_p50', ' µs', false],
  ['p99', 'pool-latency', 'latency_p99', ' µs', false],
  ['1 MiB steps/s', 'pool-binary', RATE, '', true],
  ['20 ms steps/s', 'pool-cpu', RATE, '', true],
  ['loop late by p99', 'pool-cpu', 'loop_lag_p99', ' ms', false],
  ['start to first result', 'pool-startup', 'first_result', ' ms', false],
  ['memory each', 'pool-startup', 'memory_per_worker', ' KiB', false],
  ['recovery', 'pool-recovery', 'recovery', ' ms', false],
]);

/**
 * The variant of a contender's rows: the scenarios that have threads and children name them by kind.
 *
 * @param {Contender} contender
 * @param {string} scenario
 */
function variantOf({ kind, variant }, scenario) {
  if (scenario !== 'pool-startup' && scenario !== 'pool-recovery') return variant;
  return variant === 'relay' ? 'threads (relay)' : (kind ?? '');
}

/**
 * @param {Results} results
 * @returns {string} Markdown: a row for each executor, the best pool, and threads with nothing around them
 */
export function renderPoolTable(results) {
  const find = medianFinder(results);
  const rows = CONTENDERS.map((contender) => {
    const cells = COLUMNS.map(([, scenario, metric, unit, isMoreBetter]) => {
      const variant = variantOf(contender, scenario);
      // Bare threads stand among the limits where they start with nothing to do.
      const systems =
        contender.systems[0] === 'hand-written' && variant === contender.kind ? ['limit'] : contender.systems;
      const values = systems.flatMap((system) => find(scenario, system, variant, metric) ?? []);
      if (values.length === 0) return '';
      return `${formatNumber(isMoreBetter ? Math.max(...values) : Math.min(...values))}${unit}`;
    });
    return `| ${[contender.title, ...cells].join(' | ')} |`;
  });
  const heads = ['', ...COLUMNS.map(([head]) => head)];
  return [`| ${heads.join(' | ')} |`, `|---${'|--:'.repeat(COLUMNS.length)}|`, ...rows].join('\n');
}

/**
 * @param {Results} results
 * @returns {string} Markdown: what a thread and a child cost, next to what the project's study estimated
 */
export function renderCostTable(results) {
  const find = medianFinder(results);
  const cell = (/** @type {string} */ system, /** @type {string} */ variant) => {
    const [memory, start] = ['memory_per_worker', 'first_result'].map((metric) =>
      find('pool-startup', system, variant, metric),
    );
    if (memory === undefined || start === undefined) return 'not measured';
    return `${formatNumber(memory / 1024)} MiB, ${formatNumber(start)} ms`;
  };
  return [
    '| memory of each, time to the first result | estimated | bare | Tasker |',
    '|---|---|---|---|',
    `| a worker thread | 2 MB, 50 ms | ${cell('limit', 'threads')} | ${cell('tasker', 'threads')} |`,
    `| a child process | 1 MB, faster than a thread (Bun) | ${cell('limit', 'children')} | ${cell('tasker', 'children')} |`,
  ].join('\n');
}

/** @typedef {{ cpuMs: number, ratio: number }} Point */
/** @typedef {{ inFlight: number, series: { executor: 'threads' | 'process', points: Point[] }[] }} Panel */

/**
 * @param {Results} results
 * @returns {Panel[]} for each number of steps in flight: steps a second of an executor, divided by those of main
 */
export function breakEvenPanels(results) {
  const find = medianFinder(results);
  const measured = (results.scenarios[BREAK_EVEN]?.rows ?? []).flatMap(({ variant }) => {
    const [, cpuMs, inFlight] = /^([\d.]+) ms, (\d+) in flight$/.exec(variant) ?? [];
    return cpuMs === undefined ? [] : [{ cpuMs, inFlight: Number(inFlight) }];
  });
  const times = [...new Set(measured.map(({ cpuMs }) => cpuMs))].sort((a, b) => Number(a) - Number(b));
  const ratioOf = (/** @type {string} */ variant, /** @type {string} */ executor) => {
    const [main, own] = ['main', executor].map((name) => find(BREAK_EVEN, 'tasker', `${variant} (${name})`, RATE));
    return main === undefined || own === undefined ? undefined : own / main;
  };
  return [...new Set(measured.map(({ inFlight }) => inFlight))].map((inFlight) => ({
    inFlight,
    series: /** @type {const} */ (['threads', 'process']).map((executor) => ({
      executor,
      points: times.flatMap((cpuMs) => {
        const ratio = ratioOf(`${cpuMs} ms, ${inFlight} in flight`, executor);
        return ratio === undefined ? [] : [{ cpuMs: Number(cpuMs), ratio }];
      }),
    })),
  }));
}

/** How much faster than main counts as faster. */
const CLEARLY = 1.05;

/**
 * @param {Results} results
 * @returns {string} Markdown: from which handler time on each executor is faster than main
 */
export function renderBreakEven(results) {
  const lines = breakEvenPanels(results).flatMap(({ inFlight, series }) =>
    series.map(({ executor, points }) => {
      const where = `- \`${executor}\`, ${inFlight} in flight: `;
      const slower = points.map(({ ratio }) => ratio < CLEARLY).lastIndexOf(true);
      const first = points[slower + 1];
      if (points.length === 0) return `${where}not measured.`;
      if (first === undefined)
        return `${where}no faster than \`main\` at any time measured; its loop stays free all the same.`;
      const best = Math.max(...points.map(({ ratio }) => ratio));
      return `${where}faster than \`main\` from ${first.cpuMs} ms on, ${best.toPrecision(2)} × at best.`;
    }),
  );
  return lines.join('\n');
}

const PANEL_WIDTH = 340;
const PANEL_HEIGHT = 220;
const LEFT = 34;
const TOP = 84;
const HEIGHT = TOP + PANEL_HEIGHT + 44;

const STYLE = `
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .main { stroke: #59636e; stroke-width: 2; stroke-dasharray: 4 3; }
  .line { fill: none; stroke-width: 2.5; }
  .threads { stroke: #0969da; } .process { stroke: #bc4c00; }
  text.threads { fill: #0969da; stroke: none; } text.process { fill: #bc4c00; stroke: none; }`;
const DARK_STYLE = `
  .grid { stroke: #3d444d; } .main { stroke: #9198a1; }
  .threads { stroke: #4493f8; } .process { stroke: #db6d28; }
  text.threads { fill: #4493f8; } text.process { fill: #db6d28; }`;

/**
 * @param {Panel} panel
 * @param {number} left
 * @param {number} top ratio at the upper edge
 * @returns {string[]}
 */
function drawPanel({ inFlight, series }, left, top) {
  const times = series.flatMap(({ points }) => points.map(({ cpuMs }) => cpuMs));
  const [shortest, longest] = [Math.min(...times), Math.max(...times)];
  const span = Math.max(Math.log(longest / shortest), 1e-9);
  const x = (/** @type {number} */ cpuMs) =>
    Math.round(left + (Math.log(cpuMs / shortest) / span) * (PANEL_WIDTH - 40));
  const y = (/** @type {number} */ ratio) => Math.round(TOP + PANEL_HEIGHT * (1 - ratio / top));
  const right = left + PANEL_WIDTH - 30;
  const marks = Array.from({ length: Math.floor(top * 2) + 1 }, (_, index) => index / 2);
  const lines = [
    `<text class="head" x="${left}" y="${TOP - 18}">${inFlight} in flight</text>`,
    ...marks.flatMap((mark) => [
      `<path class="${mark === 1 ? 'main' : 'grid'}" d="M${left} ${y(mark)}H${right}"/>`,
      `<text class="small" x="${left - 6}" y="${y(mark) + 4}" text-anchor="end">${mark}</text>`,
    ]),
    ...[...new Set(times)].map(
      (cpuMs) =>
        `<text class="small" x="${x(cpuMs)}" y="${TOP + PANEL_HEIGHT + 18}" text-anchor="middle">${cpuMs} ms</text>`,
    ),
  ];
  for (const { executor, points } of series) {
    if (points.length === 0) continue;
    const path = points.map(({ cpuMs, ratio }) => `${x(cpuMs)} ${y(ratio)}`).join('L');
    lines.push(`<path class="line ${executor}" d="M${path}"/>`);
  }
  return lines;
}

/**
 * Draws how many times as many steps a second as on main each executor does, by the time that the handler computes.
 *
 * @param {Results} results
 * @returns {string} SVG, readable on light and dark ground
 * @throws {Error} when the run has nothing to compare
 */
export function drawPoolFigure(results) {
  const panels = breakEvenPanels(results).filter(({ series }) => series.some(({ points }) => points.length > 0));
  if (panels.length === 0) throw new Error(`no scenario ${BREAK_EVEN} in this run; run: ./dev bench ${BREAK_EVEN}`);
  const ratios = panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(({ ratio }) => ratio)));
  const top = Math.ceil(Math.max(...ratios, 2) * 2) / 2;
  return drawFigure({
    title: 'Steps a second, times those of main, by the time that the handler computes',
    note: 'Two threads, two children. Dashed: main, which is 1.',
    height: HEIGHT,
    style: STYLE,
    darkStyle: DARK_STYLE,
    lines: [
      `<text class="threads" x="${FIGURE_WIDTH - 140}" y="36">threads</text>`,
      `<text class="process" x="${FIGURE_WIDTH - 70}" y="36">process</text>`,
      ...panels.flatMap((panel, index) => drawPanel(panel, LEFT + index * (FIGURE_WIDTH / panels.length), top)),
    ],
  });
}
