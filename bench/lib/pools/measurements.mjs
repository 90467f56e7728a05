// What the pool scenarios measure: Tasker's executors, the pools of npm, and the pool that one writes by hand.
import { join } from 'node:path';

import { numberedWork } from '../doors/variants.mjs';
import { childPools, threadPools } from './contenders.mjs';

/** @typedef {import('../measure.mjs').Measurement} Measurement */
/** @typedef {import('../programs.mjs').Programs} Programs */
/** @typedef {import('./contenders.mjs').Kind} Kind */
/** @typedef {import('./executors.mjs').Executor} Executor */

/** Threads or children of every contender. */
export const WORKERS = 2;

/** Takes the options of a rate; its work is the pools'. */
export const LIMIT_PROGRAM = join(import.meta.dirname, 'limit.mjs');

const NAMES = { threads: threadPools, children: childPools };

/**
 * @param {Programs} programs
 * @param {string} program file
 * @param {Record<string, string | number>} options
 * @returns {(directory: string) => string[]}
 */
export function programCommand({ node }, program, options) {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return (directory) => [node, program, '--path', join(directory, 'store.db'), ...args];
}

/**
 * A measurement of each pool. The one written by hand does less than a pool has to, no queue, no errors, no healing; it
 * has a variant of its own, so that the best of the pools is never taken to be that one.
 *
 * @param {Programs} programs
 * @param {object} what
 * @param {Record<string, string | number>} what.options of the program
 * @param {Pick<Measurement, 'metrics' | 'work'>} what.common
 * @param {string} [what.program] takes --pool and --kind
 * @param {Kind} [what.kind]
 * @param {string} [what.variant]
 * @param {readonly string[]} [what.names] of pools that take part
 * @param {boolean} [what.bare] whether the one written by hand takes part
 * @returns {Measurement[]}
 */
export function peerMeasurements(programs, { options, common, ...what }) {
  const { program = join(import.meta.dirname, 'pool.mjs'), kind = 'threads', bare = true } = what;
  const { variant = kind, names = NAMES[kind] } = what;
  const of = (/** @type {string} */ pool, /** @type {string} */ ownVariant) => ({
    ...common,
    ...{ system: pool, variant: ownVariant, environment: programs.doors },
    command: programCommand(programs, program, { workers: WORKERS, ...options, pool, kind }),
  });
  const pools = names.map((pool) => of(pool, variant));
  return bare ? [...pools, of('hand-written', `${variant}, bare messages`)] : pools;
}

/**
 * A measurement of Tasker on one executor.
 *
 * @param {Programs} programs
 * @param {Executor} executor
 * @param {object} what
 * @param {{ count: number, warmup: number } & Record<string, string | number>} what.options of the program
 * @param {Measurement['metrics']} what.metrics
 * @param {string} [what.program] takes --executor
 * @param {string} [what.variant]
 * @returns {Measurement}
 */
export function taskerMeasurement(programs, executor, { options, metrics, ...what }) {
  const { program = join(import.meta.dirname, 'tasker.mjs'), variant = executor } = what;
  return {
    ...{ system: 'tasker', variant, metrics, work: numberedWork(options), environment: programs.doors },
    command: programCommand(programs, program, { workers: WORKERS, ...options, executor }),
  };
}
