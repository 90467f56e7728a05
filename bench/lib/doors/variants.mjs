// What every door scenario measures: each door of each runtime.
import { join } from 'node:path';

/** @typedef {import('../measure.mjs').LeftOut} LeftOut */
/** @typedef {import('../measure.mjs').Measurement} Measurement */
/** @typedef {import('../programs.mjs').Programs} Programs */
/** @typedef {import('./runtimes.mjs').Runtime} Runtime */
/** @typedef {import('./open.mjs').DoorName} DoorName */

/** @type {readonly DoorName[]} */
const DOORS = ['addon', 'ffi'];

/**
 * @param {Programs} programs
 * @param {(runtime: Runtime, door: DoorName) => Measurement[]} measurementsOf
 * @returns {(Measurement | LeftOut)[]} of every door of every runtime; those that are not there are left out
 */
export function forEachDoor({ runtimes, ffi }, measurementsOf) {
  return runtimes.flatMap((runtime) => {
    if ('reason' in runtime) return [{ system: 'tasker', variant: runtime.name, leftOut: runtime.reason }];
    return DOORS.flatMap((door) => {
      const reason = door === 'ffi' ? whyNoFfi(runtime, ffi) : null;
      /** @type {(Measurement | LeftOut)[]} */
      const leftOut = [{ system: 'tasker', variant: `${runtime.name} ${door}`, leftOut: reason ?? '' }];
      return reason === null ? measurementsOf(runtime, door) : leftOut;
    });
  });
}

/**
 * @param {Runtime} runtime
 * @param {Programs['ffi']} ffi
 */
function whyNoFfi({ name }, { library, koffi }) {
  if (library === null) return 'libtasker_worker.so is not built';
  return name.startsWith('node') && koffi === null ? 'koffi is not installed; run: npm ci' : null;
}

/**
 * Arguments of a measuring program.
 *
 * @param {Runtime} runtime
 * @param {string} program file
 * @param {Record<string, string | number>} options
 * @returns {(directory: string) => string[]}
 */
export function commandOf(runtime, program, options) {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return (directory) => [...runtime.command, program, '--path', join(directory, 'store.db'), ...args];
}

/**
 * @param {{ count: number, warmup: number }} size of a program whose steps are numbered from 1, warm-up included
 * @returns {import('../process.mjs').Work}
 */
export function numberedWork({ count, warmup }) {
  return { tasks: count, steps: count, checksum: (count * (warmup + 1 + warmup + count)) / 2 };
}

/**
 * @param {string} name of a value that the program prints
 * @param {string} unit
 */
export function valueMetric(name, unit) {
  const of = (/** @type {import('../process.mjs').Output} */ { values }) => values?.[name] ?? Number.NaN;
  return { [name]: { unit, of } };
}
