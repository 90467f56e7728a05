// What a worker costs while there is nothing to do: processor time and wake-ups.
import { join } from 'node:path';

/** @typedef {import('../../lib/measure.mjs').Measurement} Measurement */

const template = join(import.meta.dirname, '..', '..', 'shapes', 'single.yaml');
const RINGS_PER_SECOND = 10;
// V8's last garbage collections come in the first ten seconds after work ends.
const SETTLE_SECONDS = 10;

const metrics = {
  cpu_percent: valueOf('cpu_percent', '% of a core'),
  wakeups_per_second: valueOf('wakeups_per_second', '1/s'),
};

/**
 * @param {string} name
 * @param {string} unit
 */
function valueOf(name, unit) {
  const of = (/** @type {import('../../lib/process.mjs').Output} */ { values }) => values?.[name] ?? Number.NaN;
  return { unit, of };
}

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'idle',
  what: 'a worker with nothing to do: processor time and wake-ups',
  limit: { what: 'a bare Node process that waits', variant: 'idle', metric: 'cpu_percent' },
  measurements(programs, quick) {
    const [seconds, settle] = quick ? [1, 0] : [10, SETTLE_SECONDS];
    // One task before the idle time and one after it.
    const work = { tasks: 2, steps: 2, checksum: 1 + 2 };
    const measure = (/** @type {string} */ child, /** @type {string} */ directory) => [
      programs.node,
      join(import.meta.dirname, 'measure.mjs'),
      ...['--program', join(import.meta.dirname, child), '--seconds', `${seconds}`, '--settle-seconds', `${settle}`],
      ...['--path', join(directory, 'store.db'), '--template', template],
    ];
    /** @type {Measurement[]} */
    const measurements = [
      { system: 'limit', variant: 'idle', metrics, work, command: (directory) => measure('limit.mjs', directory) },
      { system: 'tasker', variant: 'idle', metrics, work, command: (directory) => measure('tasker.mjs', directory) },
      {
        system: 'tasker',
        variant: `idle (another process leaves work ${RINGS_PER_SECOND} times a second)`,
        metrics,
        work,
        command: (directory) => [...measure('tasker.mjs', directory), '--rings-per-second', `${RINGS_PER_SECOND}`],
      },
    ];
    return measurements;
  },
};
