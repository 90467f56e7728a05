// The pools that Tasker's executors are compared with, behind one interface; they end with their process. Each is set up as
// its documentation advises for a fixed number of warm workers; each library is loaded only where it is measured.
import { join } from 'node:path';

import { openHandWritten } from './hand-written.mjs';

/** @typedef {keyof typeof import('./workers/functions.mjs')} FunctionName */
/** @typedef {'threads' | 'children'} Kind */

/**
 * @typedef {object} Pool
 * @property {(name: FunctionName, argument: any, transfer?: ArrayBuffer[]) => Promise<any>} run
 */

/**
 * Loads a library and gives the function that starts a pool of so many workers.
 *
 * @typedef {() => Promise<(workers: number) => Pool>} Contender
 */

const directory = join(import.meta.dirname, 'workers');
const fileOf = (/** @type {string} */ name) => join(directory, `${name}.mjs`);

/**
 * @param {object} options
 * @returns {Contender}
 */
function piscina(options) {
  return async () => {
    const { Piscina } = await import('piscina');
    return (workers) => {
      const pool = new Piscina({
        filename: fileOf('functions'),
        minThreads: workers,
        maxThreads: workers,
        ...options,
      });
      return {
        run: (name, argument, transfer) =>
          pool.run(transfer === undefined ? argument : Piscina.move(argument), { name }),
      };
    };
  };
}

/**
 * @param {'worker_threads' | 'child_process'} runtime
 * @returns {Contender}
 */
function tinypool(runtime) {
  return async () => {
    const { Tinypool } = await import('tinypool');
    return (workers) => {
      const pool = new Tinypool({ filename: fileOf('functions'), minThreads: workers, maxThreads: workers, runtime });
      return {
        run: (name, argument, transferList) => pool.run(argument, { name, ...(transferList && { transferList }) }),
      };
    };
  };
}

/** @returns {ReturnType<Contender>} */
async function poolifierThreads() {
  const { FixedThreadPool } = await import('poolifier');
  return (workers) => {
    const pool = new FixedThreadPool(workers, fileOf('poolifier-thread'));
    return {
      run: (name, argument, transfer) => pool.execute(argument, name, undefined, transfer),
    };
  };
}

/** @returns {ReturnType<Contender>} */
async function poolifierChildren() {
  const { FixedClusterPool } = await import('poolifier');
  return (workers) => {
    const pool = new FixedClusterPool(workers, fileOf('poolifier-process'), {
      settings: { serialization: 'advanced' },
    });
    return { run: (name, argument) => pool.execute(argument, name) };
  };
}

/**
 * @param {'thread' | 'process'} workerType
 * @returns {Contender}
 */
function workerpoolOf(workerType) {
  return async () => {
    const { default: workerpool } = await import('workerpool');
    return (workers) => {
      const pool = workerpool.pool(fileOf('workerpool'), { minWorkers: workers, maxWorkers: workers, workerType });
      return {
        run: async (name, argument, transfer) => pool.exec(name, [argument], { ...(transfer && { transfer }) }),
      };
    };
  };
}

/** Pools of threads, by the name of their row; piscina-32 gives each worker up to 32 tasks at a time. */
export const threadPools = /** @type {const} */ (['piscina', 'piscina-32', 'tinypool', 'poolifier', 'workerpool']);

/** Pools of child processes. */
export const childPools = /** @type {const} */ (['tinypool', 'poolifier', 'workerpool']);

/** @type {Record<Kind, Record<string, Contender>>} */
const contenders = {
  threads: {
    piscina: piscina({}),
    'piscina-32': piscina({ concurrentTasksPerWorker: 32 }),
    tinypool: tinypool('worker_threads'),
    poolifier: poolifierThreads,
    workerpool: workerpoolOf('thread'),
    'hand-written': async () => (workers) => openHandWritten({ workers }),
  },
  children: {
    tinypool: tinypool('child_process'),
    poolifier: poolifierChildren,
    workerpool: workerpoolOf('process'),
    'hand-written': async () => (workers) => openHandWritten({ workers, children: true }),
  },
};

/**
 * @param {Kind} kind
 * @param {string} name
 * @throws {Error} when there is none of this name
 */
export function loadContender(kind, name) {
  const load = contenders[kind][name];
  if (load === undefined)
    throw new Error(`--pool ${name}: expected one of ${Object.keys(contenders[kind]).join(', ')}`);
  return load();
}
