// A worker whose steps come from the counting feed: started with its executor, and watched through the tally that the feed
// writes (native/door_tally.h).
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { WorkerServer } from 'tasker-worker';

import { benchHandler } from './tasker-handlers.mjs';

/** @typedef {import('../process.mjs').Work} Work */

/** @typedef {import('./executors.mjs').Executor} Executor */

/** Members of the tally before the samples. */
const MEMBERS = 6;
const BYTES = 8;
const LOOK_EVERY_MS = 2;

/**
 * @typedef {object} TaskerRun
 * @property {Executor} executor
 * @property {number} workers threads or children
 * @property {number} count steps that are measured
 * @property {number} warmup steps before them
 * @property {number} inFlight steps at a time
 * @property {string} directory for the tally
 */

/**
 * @param {TaskerRun} run
 * @returns {import('tasker-worker').TaskerWorkerOptions}
 */
function executorOptions({ executor, workers, inFlight }) {
  const pool = { poolSize: workers, handlers: [benchHandler.handlerName] };
  if (executor === 'main') return {};
  // A child does not have the environment of this process.
  if (executor === 'process') return { workerProcesses: { ...pool, environment: benchEnvironment() } };
  const mode = executor === 'relay' ? 'relay' : 'direct';
  return { workerThreads: { ...pool, mode, concurrency: Math.ceil(inFlight / workers) } };
}

/** What says to the handler what to do. */
function benchEnvironment() {
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('BENCH_'));
  return /** @type {Record<string, string>} */ (Object.fromEntries(own));
}

export class TaskerPool {
  #run;
  #server;
  #tally = -1;
  #path;

  /** @param {TaskerRun} run */
  constructor(run) {
    this.#run = run;
    this.#path = join(run.directory, 'tally');
    Object.assign(process.env, {
      TASKER_BENCH_FEED: 'counted',
      TASKER_BENCH_TALLY: this.#path,
      TASKER_BENCH_STEPS: `${run.warmup + run.count}`,
      TASKER_BENCH_WARMUP: `${run.warmup}`,
      TASKER_BENCH_IN_FLIGHT: `${run.inFlight}`,
    });
    this.#server = new WorkerServer({
      storePath: join(run.directory, 'store.db'),
      handlers: [benchHandler],
      maxConcurrentHandlers: run.inFlight,
      logLevel: 'error',
      ...executorOptions(run),
    });
  }

  /** From here on steps come. */
  async start() {
    await this.#server.start();
    this.#tally = openSync(this.#path, 'r');
  }

  /** Waits for the end of the warm-up. */
  async warm() {
    while (this.times().warm === 0n) await delay(LOOK_EVERY_MS);
  }

  /** Waits for the last step. */
  async finished() {
    while (this.times().finished === 0n) await delay(LOOK_EVERY_MS);
  }

  /**
   * @returns nanoseconds of the clock of `process.hrtime`: when the first step was handed out, when the warm-up had ended,
   *   when the last step ended
   */
  times() {
    const [started = 0n, warm = 0n, finished = 0n] = this.#read(3, 3);
    return { started, warm, finished };
  }

  /** Seconds that the measured steps took; with few of them, all may end in the commit that ends the warm-up. */
  elapsed() {
    const { started, warm, finished } = this.times();
    return Number(finished - (finished > warm ? warm : started)) / 1e9;
  }

  /**
   * The measured steps in the order in which they ended: when each was handed out and when its end was recorded, on the
   * clock of `process.hrtime`, in nanoseconds.
   */
  steps() {
    const pairs = this.#read(MEMBERS, 2 * this.#run.count);
    return Array.from({ length: this.#run.count }, (_, index) => ({
      handedOut: pairs[2 * index] ?? 0n,
      ended: pairs[2 * index + 1] ?? 0n,
    }));
  }

  /** @returns {Work} */
  work() {
    const [ended = 0n, sum = 0n] = this.#read(0, 2);
    const steps = Number(ended) - this.#run.warmup;
    return { tasks: steps, steps, checksum: Number(sum) };
  }

  async close() {
    closeSync(this.#tally);
    await this.#server.shutdown();
  }

  /**
   * @param {number} first member
   * @param {number} count
   */
  #read(first, count) {
    const members = new BigInt64Array(count);
    readSync(this.#tally, members, 0, count * BYTES, first * BYTES);
    return members;
  }
}
