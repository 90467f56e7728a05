// The bars: which figure has to reach what. Data in bars.json; judged here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./results.mjs').Row} Row */
/** @typedef {import('./results.mjs').ScenarioResult} ScenarioResult */

/**
 * @typedef {object} Bar exactly one of the last four members is set
 * @property {string} scenario
 * @property {string} variant of the row of system "tasker"
 * @property {string} metric
 * @property {string} [against] variant of the row of system "tasker" that takes the place of the limit
 * @property {string} [peer] system whose row of the same variant takes the place of the limit; "best": the best of them
 * @property {number} [ratio_max] times the limit at most
 * @property {number} [ratio_min] times the limit at least
 * @property {number} [value_max] in the row's unit
 * @property {number} [value_min] in the row's unit
 */

/**
 * @typedef {object} Verdict
 * @property {Bar} bar
 * @property {boolean} passed
 * @property {number} actual the ratio or the value that was compared
 * @property {string} text such as "1.80 × limit, at most 2.5"
 */

/** @returns {Bar[]} */
export function loadBars() {
  const path = join(import.meta.dirname, '..', 'bars.json');
  return /** @type {Bar[]} */ (JSON.parse(readFileSync(path, 'utf8')));
}

/** @param {string} variant */
function baseVariant(variant) {
  return variant.replace(/ \(.*\)$/, '');
}

/**
 * The limit that a row is compared with: the limit's row of the same metric and variant (what stands in brackets at the
 * end of a variant says how the same work was run), or else the scenario's limit.
 *
 * @param {ScenarioResult} scenario
 * @param {Row} row
 * @returns {number}
 */
export function limitOf(scenario, row) {
  const own = scenario.rows.find(
    (candidate) =>
      candidate.system === 'limit' && candidate.metric === row.metric && candidate.variant === baseVariant(row.variant),
  );
  if (own !== undefined) return own.median;
  const shared = scenario.rows.find((candidate) => candidate.system === 'limit' && candidate.metric === row.metric);
  return shared?.median ?? scenario.limit.value;
}

/**
 * The figure of a peer, or of the best peer, for the work that a bar is about.
 *
 * @param {Bar} bar
 * @param {ScenarioResult} scenario
 * @returns {number | undefined} undefined when no such peer was measured
 */
function peerFigure({ peer, variant, metric, ratio_max }, scenario) {
  const medians = scenario.rows
    .filter(({ system }) => (peer === 'best' ? system !== 'tasker' && system !== 'limit' : system === peer))
    .filter((row) => row.variant === variant && row.metric === metric)
    .map(({ median }) => median);
  if (medians.length === 0) return undefined;
  return ratio_max === undefined ? Math.max(...medians) : Math.min(...medians);
}

/**
 * @param {Bar} bar
 * @param {ScenarioResult} scenario
 * @returns {Verdict | null} null when the scenario has no such row, or none that it is to be compared with
 */
export function judge(bar, scenario) {
  const find = (/** @type {string} */ variant) =>
    scenario.rows.find(
      (candidate) => candidate.system === 'tasker' && candidate.variant === variant && candidate.metric === bar.metric,
    );
  const row = find(bar.variant);
  if (row === undefined) return null;
  const other =
    bar.peer !== undefined
      ? peerFigure(bar, scenario)
      : bar.against === undefined
        ? limitOf(scenario, row)
        : find(bar.against)?.median;
  if (other === undefined) return null;
  const ratio = row.median / other;
  const times = `× ${bar.peer === 'best' ? 'best peer' : (bar.peer ?? bar.against ?? 'limit')}`;
  const cases = /** @type {const} */ ([
    [bar.ratio_max, ratio, times, 'at most'],
    [bar.ratio_min, ratio, times, 'at least'],
    [bar.value_max, row.median, row.unit, 'at most'],
    [bar.value_min, row.median, row.unit, 'at least'],
  ]);
  for (const [bound, actual, unit, side] of cases) {
    if (bound === undefined) continue;
    const passed = side === 'at most' ? actual <= bound : actual >= bound;
    return { bar, passed, actual, text: `${actual.toPrecision(3)} ${unit}, ${side} ${bound}` };
  }
  throw new Error(`bars.json: ${bar.scenario} ${bar.variant} ${bar.metric}: no bound`);
}
