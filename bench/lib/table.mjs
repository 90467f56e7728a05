// Draws a scenario's results for the terminal: figures, ratios to the limit and to each peer, and the bars.
import { judge, limitOf } from './bars.mjs';

/** @typedef {import('./results.mjs').Row} Row */
/** @typedef {import('./results.mjs').ScenarioResult} ScenarioResult */
/** @typedef {import('./bars.mjs').Bar} Bar */

/** @param {number} value three digits that count, thousands in groups */
export function formatNumber(value) {
  if (!Number.isFinite(value)) return '–';
  const magnitude = Math.abs(value);
  if (magnitude >= 1000) return Math.round(value).toLocaleString('en-US');
  if (magnitude === 0 || magnitude >= 100) return value.toFixed(0);
  if (magnitude >= 10) return value.toFixed(1);
  return magnitude >= 1 ? value.toFixed(2) : value.toFixed(3);
}

/**
 * @param {number} value
 * @param {number} against
 */
function formatRatio(value, against) {
  const ratio = value / against;
  return Number.isFinite(ratio) && against !== 0 ? `${ratio.toPrecision(3)} ×` : '–';
}

/** @param {readonly (readonly string[])[]} lines the first holds the heads; columns from the third on are figures */
export function drawColumns(lines) {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column < 3 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * @param {ScenarioResult} scenario
 * @returns {string[]}
 */
function peersOf(scenario) {
  const systems = new Set(scenario.rows.map((row) => row.system));
  return [...systems].filter((system) => system !== 'tasker' && system !== 'limit');
}

/**
 * The figure of `peer` that a row compares with: the same metric of the same work.
 *
 * @param {ScenarioResult} scenario
 * @param {Row} row
 * @param {string} peer
 */
function peerFigure(scenario, row, peer) {
  return scenario.rows.find(
    (candidate) =>
      candidate.system === peer &&
      candidate.metric === row.metric &&
      candidate.variant === row.variant.replace(/ \(.*\)$/, ''),
  )?.median;
}

/**
 * @param {string} name
 * @param {ScenarioResult} scenario
 * @param {readonly Bar[]} bars those of other scenarios are passed over
 * @returns {string}
 */
export function renderScenario(name, scenario, bars) {
  const peers = peersOf(scenario);
  const heads = ['system', 'variant', 'metric', 'median', 'min', 'max', 'unit', '÷ limit'];
  const lines = [[...heads, ...peers.map((peer) => `÷ ${peer}`)]];
  for (const row of scenario.rows) {
    const figures = [row.median, row.min, row.max].map(formatNumber);
    const isOurs = row.system === 'tasker';
    lines.push([
      row.system,
      row.variant,
      row.metric,
      ...figures,
      row.unit,
      row.system === 'limit' ? '' : formatRatio(row.median, limitOf(scenario, row)),
      ...peers.map((peer) => {
        const figure = isOurs ? peerFigure(scenario, row, peer) : undefined;
        return figure === undefined ? '' : formatRatio(row.median, figure);
      }),
    ]);
  }
  const { limit } = scenario;
  const title = `${name} (limit: ${limit.what}: ${formatNumber(limit.value)} ${limit.unit})`;
  return [title, drawColumns(lines), ...renderBars(name, scenario, bars)].join('\n');
}

/**
 * @param {string} name
 * @param {ScenarioResult} scenario
 * @param {readonly Bar[]} bars
 */
function renderBars(name, scenario, bars) {
  return bars
    .filter((bar) => bar.scenario === name)
    .flatMap((bar) => {
      const verdict = judge(bar, scenario);
      if (verdict === null) return [];
      return `  ${verdict.passed ? 'pass' : 'MISS'}  ${bar.variant} ${bar.metric}: ${verdict.text}`;
    });
}
