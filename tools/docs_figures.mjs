#!/usr/bin/env node
// Writes the README's figures from a benchmark run: the text between the comments figures:start and figures:end.
//
//   node tools/docs_figures.mjs [bench/out/results.json]
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { limitOf } from '../bench/lib/bars.mjs';
import { formatNumber } from '../bench/lib/table.mjs';

/** @typedef {import('../bench/lib/results.mjs').Results} Results */
/** @typedef {import('../bench/lib/results.mjs').ScenarioResult} ScenarioResult */
/** @typedef {import('../bench/lib/results.mjs').Row} Row */

const ROOT = join(import.meta.dirname, '..');
const START = '<!-- figures:start -->';
const END = '<!-- figures:end -->';

/** @param {string} metric */
function wordsOf(metric) {
  return metric.replace(/_p(\d+)$/, ', p$1').replaceAll('_', ' ');
}

/**
 * @param {ScenarioResult} scenario
 * @param {Row} row
 */
function tableRow(scenario, row) {
  const limit = limitOf(scenario, row);
  const ratio = limit === 0 ? '' : `${(row.median / limit).toPrecision(3)} ×`;
  const system = row.system === 'tasker' ? 'Tasker' : row.system;
  const cells = [
    `${system}, ${row.variant}`,
    wordsOf(row.metric),
    `${formatNumber(row.median)} ${row.unit}`,
    `${formatNumber(row.min)} to ${formatNumber(row.max)}`,
    ratio,
  ];
  return `| ${cells.join(' | ')} |`;
}

/**
 * @param {string} name
 * @param {ScenarioResult} scenario
 */
function table(name, scenario) {
  const { what, value, unit } = scenario.limit;
  const rows = scenario.rows.filter((row) => row.system !== 'limit' && !row.metric.endsWith('_p99'));
  return [
    `**${name}** – limit: ${what}: ${formatNumber(value)} ${unit}`,
    '',
    '| | | median | lowest to highest | ÷ its limit |',
    '|---|---|--:|--:|--:|',
    ...rows.map((row) => tableRow(scenario, row)),
  ].join('\n');
}

/**
 * @param {Results} results
 * @param {Date} date of the run
 * @returns {string} Markdown
 */
export function renderFigures(results, date) {
  const { machine, versions } = results;
  const memory = `${Math.round(Number(machine['memory_bytes']) / 2 ** 30)} GiB`;
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const runs = Object.values(results.scenarios).flatMap(({ rows }) => rows.map((row) => row.runs));
  // Major and minor: what follows is a distribution's own.
  const kernel = /^\d+\.\d+/.exec(String(machine['kernel']))?.[0] ?? 'unknown';
  return [
    `Measured on ${date.toISOString().slice(0, 10)} at commit ${results.commit.slice(0, 12)}: ` +
      `${machine['cpu']}, ${machine['cores']} cores, ${memory}, ${machine['filesystem']}, Linux ${kernel}; ` +
      `${used.join(', ')}. Medians of ${Math.min(...runs)} runs.`,
    ...Object.entries(results.scenarios).map(([name, scenario]) => table(name, scenario)),
  ].join('\n\n');
}

/**
 * @param {string} page
 * @param {string} figures
 * @returns {string}
 * @throws {Error} when the page has not exactly one place for them
 */
export function replaceFigures(page, figures) {
  const [before, rest, ...more] = page.split(START);
  const [, after, ...evenMore] = (rest ?? '').split(END);
  if (rest === undefined || after === undefined || more.length + evenMore.length > 0) {
    throw new Error(`expected one ${START} and after it one ${END}`);
  }
  return `${before}${START}\n${figures}\n${END}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = process.argv[2] ?? join(ROOT, 'bench', 'out', 'results.json');
  const readme = join(ROOT, 'README.md');
  const results = /** @type {Results} */ (JSON.parse(readFileSync(source, 'utf8')));
  writeFileSync(readme, replaceFigures(readFileSync(readme, 'utf8'), renderFigures(results, statSync(source).mtime)));
}
