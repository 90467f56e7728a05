// The native doors side by side, from a benchmark run: a table for the page, and a bar chart of the round trips as SVG.
import { formatNumber } from '../bench/lib/table.mjs';
import { FIGURE_WIDTH, drawFigure, medianFinder } from './figures.mjs';

/** @typedef {import('../bench/lib/results.mjs').Results} Results */
/** @typedef {import('../bench/lib/results.mjs').Row} Row */

/** The scenarios that this page shows. */
export const DOOR_SCENARIOS = ['door-call', 'door-roundtrip', 'door-wakeup', 'door-memory'];

const DOORS = ['addon', 'ffi'];
const BATCHES = ' (batches of 64)';
const ROUND_TRIPS = 'round_trips_per_second';

/** @param {Results} results */
function runtimesOf(results) {
  const rows = results.scenarios['door-roundtrip']?.rows ?? [];
  const names = rows
    .filter(({ system }) => system === 'tasker')
    .map(({ variant }) => variant.replace(/ (addon|ffi).*$/, ''));
  return [...new Set(names)];
}

/** @param {number | undefined} value */
function cell(value, unit = '') {
  return value === undefined ? '' : `${formatNumber(value)}${unit}`;
}

/** @param {string} runtime */
function titleOf(runtime) {
  return runtime[0]?.toUpperCase() + runtime.slice(1);
}

/**
 * @param {Results} results
 * @returns {string} Markdown: a row for each door of each runtime
 */
export function renderDoorTable(results) {
  const find = medianFinder(results);
  const heads = [
    '',
    'calls/s',
    'round trips/s',
    'in batches of 64',
    'bare door',
    '÷ bare',
    'wake-up p50, p99',
    '10 ms poll p50',
    'memory a worker',
  ];
  const rows = runtimesOf(results).flatMap((runtime) =>
    DOORS.flatMap((door) => {
      const variant = `${runtime} ${door}`;
      const trips = find('door-roundtrip', 'tasker', variant, ROUND_TRIPS);
      if (trips === undefined) return [];
      const bare = find('door-roundtrip', 'limit', variant, ROUND_TRIPS);
      const wakeup = (/** @type {string} */ metric) =>
        cell(find('door-wakeup', 'tasker', `${runtime} (${door})`, metric), ' µs');
      const cells = [
        `${titleOf(runtime)}, ${door === 'ffi' ? 'FFI' : 'addon'}`,
        cell(find('door-call', 'tasker', variant, 'calls_per_second')),
        cell(trips),
        cell(find('door-roundtrip', 'tasker', variant + BATCHES, ROUND_TRIPS)),
        cell(bare),
        bare === undefined ? '' : (trips / bare).toPrecision(2),
        ['latency_p50', 'latency_p99']
          .map(wakeup)
          .filter((text) => text !== '')
          .join(', '),
        cell(find('door-wakeup', 'tasker', `${runtime} (${door}, 10 ms poll)`, 'latency_p50'), ' µs'),
        cell(find('door-memory', 'tasker', variant, 'memory_per_worker'), ' KiB'),
      ];
      return [`| ${cells.join(' | ')} |`];
    }),
  );
  return [`| ${heads.join(' | ')} |`, `|---${'|--:'.repeat(heads.length - 1)}|`, ...rows, '', renderObjects(results)]
    .join('\n')
    .trimEnd();
}

/**
 * @param {Results} results
 * @returns {string} what building objects natively costs, or nothing
 */
function renderObjects(results) {
  const find = medianFinder(results);
  const parts = runtimesOf(results).flatMap((runtime) => {
    const text = find('door-roundtrip', 'limit', `${runtime} addon`, ROUND_TRIPS);
    const objects = find('door-roundtrip', 'limit', `${runtime} addon (objects built natively)`, ROUND_TRIPS);
    if (text === undefined || objects === undefined) return [];
    return [`${titleOf(runtime)} ${formatNumber(objects)} against ${formatNumber(text)}`];
  });
  if (parts.length === 0) return '';
  return `Round trips/s through a bare addon that builds the event's objects natively, against JSON text: ${parts.join('; ')}.`;
}

const LABEL_WIDTH = 190;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 14;
const BAR_GAP = 4;
const GROUP_GAP = 18;
const TOP = 64;

const STYLE = `
  .addon { fill: #0969da; } .ffi { fill: #bc4c00; } .batches { opacity: 0.55; }
  .bare { stroke: #1f2328; stroke-width: 2; }`;
const DARK_STYLE = '.addon { fill: #4493f8; } .ffi { fill: #db6d28; } .bare { stroke: #f0f6fc; }';

/**
 * @param {Results} results
 * @returns {{ runtime: string, bars: { label: string, kind: string, value: number, bare: number | undefined }[] }[]}
 */
function groupsOf(results) {
  const find = medianFinder(results);
  return runtimesOf(results).map((runtime) => ({
    runtime,
    bars: DOORS.flatMap((door) =>
      ['', BATCHES].flatMap((suffix) => {
        const variant = `${runtime} ${door}${suffix}`;
        const value = find('door-roundtrip', 'tasker', variant, ROUND_TRIPS);
        if (value === undefined) return [];
        const label = `${door === 'ffi' ? 'FFI' : 'addon'}${suffix === '' ? ', one by one' : ', batches of 64'}`;
        const kind = suffix === '' ? door : `${door} batches`;
        return [{ label, kind, value, bare: find('door-roundtrip', 'limit', variant, ROUND_TRIPS) }];
      }),
    ),
  }));
}

/**
 * Draws the round trips a second: a bar for each door of each runtime, one by one and in batches, and a line where a door
 * without a worker ends. Readable on light and dark ground.
 *
 * @param {Results} results
 * @returns {string} SVG
 * @throws {Error} when the run has no round trips
 */
export function drawDoorFigure(results) {
  const groups = groupsOf(results);
  const values = groups.flatMap(({ bars }) => bars.flatMap(({ value, bare }) => [value, bare ?? 0]));
  if (values.length === 0) throw new Error('no scenario door-roundtrip in this run; run: ./dev bench door-roundtrip');
  const scale = (FIGURE_WIDTH - LABEL_WIDTH - VALUE_WIDTH) / Math.max(...values);
  const lines = [];
  let y = TOP;
  for (const { runtime, bars } of groups) {
    lines.push(`<text class="head" x="0" y="${y + 12}">${titleOf(runtime)}</text>`);
    for (const { label, kind, value, bare } of bars) {
      const end = LABEL_WIDTH + Math.round(value * scale);
      const mark = LABEL_WIDTH + Math.round((bare ?? 0) * scale);
      lines.push(
        `<text class="small" x="${LABEL_WIDTH - 8}" y="${y + 11}" text-anchor="end">${label}</text>`,
        `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${end - LABEL_WIDTH}" height="${BAR_HEIGHT}"/>`,
      );
      if (bare !== undefined) lines.push(`<path class="bare" d="M${mark} ${y - 1}v${BAR_HEIGHT + 2}"/>`);
      lines.push(`<text class="small" x="${Math.max(end, mark) + 6}" y="${y + 11}">${formatNumber(value)}</text>`);
      y += BAR_HEIGHT + BAR_GAP;
    }
    y += GROUP_GAP;
  }
  return drawFigure({
    title: 'Step round trips a second through each door',
    note: 'Poll, JSON.parse, JSON.stringify, complete. The line: the same through a door with no worker behind it.',
    height: y,
    style: STYLE,
    darkStyle: DARK_STYLE,
    lines,
  });
}
