#!/usr/bin/env node
// Writes the figures of the README and of the pages on the native doors, on executors and on events from a benchmark run:
// the text between the comments figures:start and figures:end, and the pages' charts.
//
//   node tools/docs_figures.mjs [bench/out/results.json]
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { limitOf } from '../bench/lib/bars.mjs';
import { formatNumber } from '../bench/lib/table.mjs';
import { DOOR_SCENARIOS, drawDoorFigure, renderDoorTable } from './door_figure.mjs';
import { POOL_SCENARIOS, drawPoolFigure, renderBreakEven, renderCostTable, renderPoolTable } from './pool_figure.mjs';

/** @typedef {import('../bench/lib/results.mjs').Results} Results */
/** @typedef {import('../bench/lib/results.mjs').ScenarioResult} ScenarioResult */
/** @typedef {import('../bench/lib/results.mjs').Row} Row */

const EVENT_SCENARIOS = ['channel', 'event-bus', 'emitter', 'channel-ts', 'domain-events'];
/** Scenarios that have a page of their own. */
const PAGED = [...DOOR_SCENARIOS, ...POOL_SCENARIOS, ...EVENT_SCENARIOS];
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
 * @param {readonly string[]} names of the scenarios that are shown
 * @returns {string} what was measured on which machine, in one paragraph
 */
function renderMachine({ commit, machine, versions, scenarios }, date, names) {
  const memory = `${Math.round(Number(machine['memory_bytes']) / 2 ** 30)} GiB`;
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const runs = names.flatMap((name) => scenarios[name]?.rows ?? []).map((row) => row.runs);
  // Major and minor: what follows is a distribution's own.
  const kernel = /^\d+\.\d+/.exec(String(machine['kernel']))?.[0] ?? 'unknown';
  return (
    `Measured on ${date.toISOString().slice(0, 10)} at commit ${commit.slice(0, 12)}: ` +
    `${machine['cpu']}, ${machine['cores']} cores, ${memory}, ${machine['filesystem']}, Linux ${kernel}; ` +
    `${used.join(', ')}. Medians of ${Math.min(...runs)} runs.`
  );
}

/**
 * @param {Results} results
 * @param {Date} date of the run
 * @returns {string} Markdown: every scenario but those that have a page of their own
 */
export function renderFigures(results, date) {
  const shown = Object.entries(results.scenarios).filter(([name]) => !PAGED.includes(name));
  const names = shown.map(([name]) => name);
  return [renderMachine(results, date, names), ...shown.map(([name, scenario]) => table(name, scenario))].join('\n\n');
}

/**
 * @param {Results} results
 * @param {Date} date of the run
 * @returns {string} Markdown of the page on the native doors
 */
export function renderDoorFigures(results, date) {
  return [
    renderMachine(results, date, DOOR_SCENARIOS),
    '![Step round trips a second through each door](native-doors.svg)',
    renderDoorTable(results),
  ].join('\n\n');
}

/**
 * @param {Results} results
 * @param {Date} date of the run
 * @returns {string} Markdown of the guide to executors
 */
export function renderPoolFigures(results, date) {
  return [
    renderMachine(results, date, POOL_SCENARIOS),
    renderPoolTable(results),
    renderCostTable(results),
    '![Steps a second of threads and process, times those of main](executors.svg)',
    renderBreakEven(results),
  ].join('\n\n');
}

/**
 * @param {Results} results
 * @param {Date} date of the run
 * @returns {string} Markdown of the guide to events: a table for each of its scenarios that was run
 */
export function renderEventFigures(results, date) {
  const tables = EVENT_SCENARIOS.flatMap((name) => {
    const scenario = results.scenarios[name];
    return scenario === undefined ? [] : [table(name, scenario)];
  });
  return [renderMachine(results, date, EVENT_SCENARIOS), ...tables].join('\n\n');
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

/**
 * @param {string} path of a page
 * @param {string} figures
 */
function writeFigures(path, figures) {
  writeFileSync(path, replaceFigures(readFileSync(path, 'utf8'), figures));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = process.argv[2] ?? join(ROOT, 'bench', 'out', 'results.json');
  const results = /** @type {Results} */ (JSON.parse(readFileSync(source, 'utf8')));
  const date = statSync(source).mtime;
  const names = Object.keys(results.scenarios);
  // A run of some scenarios leaves the pages of the others as they are.
  if (names.some((name) => !PAGED.includes(name))) {
    writeFigures(join(ROOT, 'README.md'), renderFigures(results, date));
  }
  if (names.some((name) => EVENT_SCENARIOS.includes(name))) {
    writeFigures(join(ROOT, 'docs', 'guides', 'events.md'), renderEventFigures(results, date));
  }
  if (names.includes('door-roundtrip')) {
    const page = join(ROOT, 'docs', 'guides', 'native-doors.md');
    if (existsSync(page)) writeFigures(page, renderDoorFigures(results, date));
    writeFileSync(join(ROOT, 'docs', 'guides', 'native-doors.svg'), drawDoorFigure(results));
  }
  if (names.includes('pool-break-even')) {
    const page = join(ROOT, 'docs', 'guides', 'executors.md');
    if (existsSync(page)) writeFigures(page, renderPoolFigures(results, date));
    writeFileSync(join(ROOT, 'docs', 'guides', 'executors.svg'), drawPoolFigure(results));
  }
}
