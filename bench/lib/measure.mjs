// Measures one scenario: every system once in each run, in an order that turns, each in a fresh process.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { runMeasurement } from './process.mjs';
import { percentile, summarize } from './statistics.mjs';

/** @typedef {import('./process.mjs').Work} Work */
/** @typedef {import('./process.mjs').Output} Output */
/** @typedef {import('./programs.mjs').Programs} Programs */
/** @typedef {import('./results.mjs').Row} Row */
/** @typedef {import('./results.mjs').ScenarioResult} ScenarioResult */

/**
 * @typedef {object} Measurement
 * @property {string} system
 * @property {string} variant
 * @property {(directory: string) => string[]} command `directory` is new and empty, and removed afterwards
 * @property {Work} work what the program has to report as done
 * @property {Record<string, string>} [environment] over the runner's own
 * @property {Record<string, { unit: string, of: (output: Output) => number }>} metrics
 */

/**
 * @typedef {object} LeftOut
 * @property {string} system
 * @property {string} variant
 * @property {string} leftOut why
 */

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} what one line
 * @property {{ what: string, variant: string, metric: string }} limit which row of system "limit" stands
 *   for the scenario
 * @property {(programs: Programs, quick: boolean) => (Measurement | LeftOut)[]} measurements
 */

/**
 * @typedef {object} MeasureOptions
 * @property {Programs} programs
 * @property {number} runs
 * @property {boolean} quick
 * @property {string} directory where the measurements keep their files
 * @property {(line: string) => void} onProgress
 */

const TIMEOUT_MS = 120_000;

/** Median latency, and the slowest hundredth, of tasks in milliseconds. */
export const TASK_LATENCY = latencyMetrics('ms', 1e-3);
/** The same in microseconds. */
export const WAKE_LATENCY = latencyMetrics('µs', 1);

/**
 * @param {string} unit
 * @param {number} factor from microseconds
 */
function latencyMetrics(unit, factor) {
  const of =
    (/** @type {number} */ percent) =>
    (/** @type {Output} */ { samples_us = [] }) =>
      percentile(samples_us, percent) * factor;
  return { latency_p50: { unit, of: of(50) }, latency_p99: { unit, of: of(99) } };
}

/**
 * Work per second over the whole time.
 *
 * @param {string} thing counted as steps: "steps" or "rows"
 */
export function rateOf(thing) {
  return {
    [`${thing}_per_second`]: {
      unit: `${thing}/s`,
      of: (/** @type {Output} */ { work, elapsed_s = Number.NaN }) => work.steps / elapsed_s,
    },
  };
}

/**
 * What a program has to report for tasks numbered after the warm-up.
 *
 * @param {{ tasks: number, warmup: number, steps: number }} size `steps` of one task
 * @returns {Work}
 */
export function expectedWork({ tasks, warmup, steps }) {
  const numbers = (tasks * (warmup + 1 + warmup + tasks)) / 2;
  return { tasks, steps: tasks * steps, checksum: numbers * steps };
}

/**
 * @param {Scenario} scenario
 * @param {MeasureOptions} options
 * @returns {Promise<ScenarioResult>}
 */
export async function measureScenario(scenario, options) {
  const listed = scenario.measurements(options.programs, options.quick);
  /** @type {Measurement[]} */
  const measurements = [];
  for (const entry of listed) {
    if (!('leftOut' in entry)) measurements.push(entry);
    else options.onProgress(`${entry.system} ${entry.variant} is left out: ${entry.leftOut}`);
  }
  /** @type {Map<Measurement, Output[]>} */
  const outputs = new Map(measurements.map((measurement) => [measurement, []]));
  for (let run = 0; run < options.runs; run += 1) {
    for (let place = 0; place < measurements.length; place += 1) {
      const turned = (place + run) % measurements.length;
      const measurement = /** @type {Measurement} */ (measurements[turned]);
      options.onProgress(`run ${run + 1} of ${options.runs}: ${measurement.system} ${measurement.variant}`);
      outputs.get(measurement)?.push(await measureOnce(measurement, options));
    }
  }
  const rows = measurements.flatMap((measurement) => rowsOf(measurement, outputs.get(measurement) ?? []));
  return { limit: limitOfScenario(scenario, rows), rows };
}

/**
 * @param {Measurement} measurement
 * @param {MeasureOptions} options
 */
async function measureOnce(measurement, { directory, programs }) {
  const own = join(directory, 'measurement');
  await rm(own, { recursive: true, force: true });
  await mkdir(own, { recursive: true });
  try {
    const output = await runMeasurement(measurement.command(own), {
      timeout_ms: TIMEOUT_MS,
      environment: { TASKER_ADDON_PATH: programs.addon, ...measurement.environment },
    });
    checkWork(measurement, output.work);
    return output;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/**
 * @param {Measurement} measurement
 * @param {Work} actual
 * @throws {Error} when more, less or other work was done than asked for
 */
export function checkWork({ system, variant, work }, actual) {
  for (const member of /** @type {const} */ (['tasks', 'steps', 'checksum'])) {
    if (actual[member] !== work[member]) {
      throw new Error(`${system} ${variant}: work.${member}: ${actual[member]}; expected ${work[member]}`);
    }
  }
}

/**
 * @param {Measurement} measurement
 * @param {readonly Output[]} outputs one for each run
 * @returns {Row[]}
 */
function rowsOf({ system, variant, metrics }, outputs) {
  return Object.entries(metrics).map(([metric, { unit, of }]) => ({
    system,
    variant,
    metric,
    unit,
    ...summarize(outputs.map(of)),
  }));
}

/**
 * @param {Scenario} scenario
 * @param {readonly Row[]} rows
 */
function limitOfScenario({ name, limit }, rows) {
  const row = rows.find(
    (candidate) =>
      candidate.system === 'limit' && candidate.variant === limit.variant && candidate.metric === limit.metric,
  );
  if (row === undefined) throw new Error(`${name}: no limit ${limit.variant} ${limit.metric}`);
  return { what: limit.what, value: row.median, unit: row.unit };
}
