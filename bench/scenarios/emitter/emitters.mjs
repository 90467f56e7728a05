// The emitters that are measured, each made with nothing on it.
import { EventEmitter } from 'node:events';

import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import mitt from 'mitt';
import { TaskerEventEmitter } from 'tasker-worker/events';
import { EventEmitter as TseepEmitter } from 'tseep';

/**
 * @typedef {object} Emitter
 * @property {(name: string, listener: (payload: any) => void) => unknown} on
 * @property {(name: string, payload: any) => unknown} emit
 */

/** @type {Record<string, () => Emitter>} */
export const emitters = {
  events: () => new EventEmitter(),
  eventemitter3: () => new EventEmitter3(),
  tseep: () => new TseepEmitter(),
  mitt: () => /** @type {any} */ (mitt)(),
  tasker: () => /** @type {any} */ (new TaskerEventEmitter()),
  'tasker-eventemitter3': () => /** @type {any} */ (new TaskerEventEmitter({ emitter: 'eventemitter3' })),
};
