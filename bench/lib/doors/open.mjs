// The doors as the benchmarks use them, in whatever runtime this is: the real ones with the feeding store behind them,
// and bare ones with nothing. Environment: BENCH_BARE_DIRECTORY, TASKER_ADDON_PATH, TASKER_FFI_LIBRARY_PATH.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { openBareLibrary } from './bare-library.mjs';

/** @typedef {'addon' | 'ffi'} DoorName */

/**
 * The calls that are measured. `null` where only one side has them.
 *
 * @typedef {object} Door
 * @property {() => number} number a call with nothing in and always the same number out
 * @property {(max: number) => string | null} poll JSON array of up to `max` step events
 * @property {(eventId: string, result: string) => void} complete
 * @property {((completions: string) => void) | null} completeMany JSON array of `{event_id, result}`
 * @property {(completed: number, bytes: number) => number} count how many completions arrived, given those that were sent
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} BareAddon
 * @property {() => number} number
 * @property {() => number} nowUs the clock of all stamps, CLOCK_MONOTONIC in microseconds
 * @property {(max: number) => string} poll
 * @property {(eventId: string, result: string) => void} complete
 * @property {(completions: string) => void} completeMany
 * @property {() => number} resultBytes
 * @property {(max: number) => { event_id: string, step_uuid: string, seq: number }[]} pollObjects
 * @property {(count: number, onWakeup: (stampUs: number) => void) => void} wakeups
 */

const require = createRequire(import.meta.url);

/** @returns {BareAddon} */
export function loadBareAddon() {
  return require(join(process.env['BENCH_BARE_DIRECTORY'] ?? '', 'tasker.node'));
}

/** Arguments that the programs of the door scenarios share. */
export function readArguments() {
  const { values } = parseArgs({
    options: {
      behind: { type: 'string' },
      door: { type: 'string' },
      path: { type: 'string' },
      count: { type: 'string' },
      warmup: { type: 'string' },
      batch: { type: 'string', default: '1' },
      form: { type: 'string', default: 'text' },
      news: { type: 'string', default: 'push' },
    },
  });
  const numbers = { count: Number(values.count), warmup: Number(values.warmup), batch: Number(values.batch) };
  return { path: '', ...values, ...numbers, door: /** @type {DoorName} */ (values.door) };
}

/** @returns {Door} */
function openBareAddon() {
  const addon = loadBareAddon();
  return {
    number: () => addon.number(),
    poll: (max) => addon.poll(max),
    complete: (eventId, result) => addon.complete(eventId, result),
    completeMany: (completions) => addon.completeMany(completions),
    count: (completed, bytes) => (addon.resultBytes() === bytes ? completed : Number.NaN),
    close: async () => {},
  };
}

/**
 * @param {DoorName} door
 * @returns {Promise<Door>}
 */
export async function openBare(door) {
  return door === 'addon' ? openBareAddon() : openBareLibrary();
}

/**
 * A worker behind a real door, started.
 *
 * @param {DoorName} door
 * @param {string} path of a store file that need not exist; the feeding store does not touch it
 * @param {number} concurrency
 */
export async function openWorker(door, path, concurrency) {
  const { loadDoor } = await import('tasker-worker');
  const { native } = loadDoor({ door });
  const config = {
    store_path: path,
    worker_id: 'bench',
    max_concurrent_handlers: concurrency,
    completion_channel_capacity: 65_536,
    log_level: 'error',
  };
  const worker = native.openWorker(JSON.stringify(config));
  worker.registerHandlers(['bench.door']);
  worker.start();
  return { native, worker };
}

/**
 * @param {DoorName} door
 * @param {string} path
 * @param {number} concurrency
 * @returns {Promise<Door>}
 */
export async function openReal(door, path, concurrency) {
  const { native, worker } = await openWorker(door, path, concurrency);
  const many = /** @type {{ completeStepEvents?: (completions: string) => string | null }} */ (worker);
  return {
    number: () => native.abiVersion(),
    poll: (max) => worker.pollStepEvents(max),
    complete: (eventId, result) => worker.completeStepEvent(eventId, result),
    completeMany:
      many.completeStepEvents === undefined
        ? null
        : (completions) => {
            const refusals = many.completeStepEvents?.(completions) ?? null;
            if (refusals !== null) throw new Error(`refused: ${refusals}`);
          },
    count: () => JSON.parse(worker.metrics()).handlers['bench.door'].tasker_attempts_total.completed,
    close: () => worker.close(),
  };
}

/**
 * Prints the figures and ends the process: what a runtime does at its exit is not measured.
 *
 * @param {import('../process.mjs').Output} output
 */
export function finish(output) {
  process.stdout.write(`${JSON.stringify(output)}\n`, () => process.exit(0));
}
