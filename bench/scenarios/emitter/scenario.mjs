// What an emit costs, with one listener and with five. Judged with five: one alone is inlined by a JIT.
import { join } from 'node:path';

import { commandOf, valueMetric } from '../../lib/doors/variants.mjs';

/** @typedef {import('../../lib/measure.mjs').Measurement} Measurement */
/** @typedef {import('../../lib/measure.mjs').LeftOut} LeftOut */

const program = join(import.meta.dirname, 'emit.mjs');
const metrics = valueMetric('time_per_emit', 'ns');

/** System, what it runs, and what is behind it, which is its limit. */
const SYSTEMS = [
  { system: 'limit', emitter: 'events', over: 'events' },
  { system: 'tasker', emitter: 'tasker', over: 'events' },
  { system: 'limit', emitter: 'eventemitter3', over: 'eventemitter3' },
  { system: 'tasker', emitter: 'tasker-eventemitter3', over: 'eventemitter3' },
  { system: 'tseep', emitter: 'tseep', over: 'events' },
  { system: 'mitt', emitter: 'mitt', over: 'events' },
];

const ownNode = `node ${process.versions.node.split('.')[0]}`;

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'emitter',
  what: 'an emit of TaskerEventEmitter to one listener and to five',
  limit: {
    what: 'the emitter that it is over; here events with five listeners',
    variant: `${ownNode} events, 5 listeners`,
    metric: 'time_per_emit',
  },
  measurements({ runtimes }, quick) {
    const size = quick ? { rounds: 3, count: 1000 } : { rounds: 60, count: 100_000 };
    const chosen = runtimes.filter(({ name }) => name === ownNode || name === 'bun');
    return chosen.flatMap((runtime) => {
      /** @type {(Measurement | LeftOut)[]} */
      const leftOut = [{ system: 'tasker', variant: runtime.name, leftOut: 'reason' in runtime ? runtime.reason : '' }];
      if ('reason' in runtime) return leftOut;
      return [1, 5].flatMap((listeners) =>
        SYSTEMS.map(({ system, emitter, over }) => {
          const emits = size.rounds * size.count;
          const command = commandOf(runtime, program, { emitter, listeners, ...size });
          return {
            system,
            variant: `${runtime.name} ${over}, ${listeners} ${listeners === 1 ? 'listener' : 'listeners'}`,
            metrics,
            work: { tasks: emits, steps: emits * listeners, checksum: emits * listeners },
            command: (/** @type {string} */ directory) => command(directory).filter(notTheStore),
          };
        }),
      );
    });
  },
};

/** @param {string} argument of a program that has no store */
function notTheStore(argument) {
  return argument !== '--path' && !argument.endsWith('store.db');
}
