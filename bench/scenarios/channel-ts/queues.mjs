// The queues that are measured, each seen as a pair of functions.
import { FixedBuffer, Repeater } from '@repeaterjs/repeater';
import { Channel } from 'tasker-worker/events';

import { SketchChannel } from './sketch.mjs';

/**
 * @typedef {object} Queue
 * @property {(item: number) => PromiseLike<unknown>} send
 * @property {() => PromiseLike<number>} recv
 */

/** From a sender to a receiver by nothing but a promise each way, with no room in between: what the language itself costs. */
function makeHandOff() {
  /** @type {((item: number) => void) | null} */
  let receiver = null;
  /** @type {{ item: number, go: () => void }[]} as many as there are senders */
  const senders = [];
  return {
    send: (/** @type {number} */ item) => {
      if (receiver === null) return new Promise((resolve) => senders.push({ item, go: () => resolve(undefined) }));
      const resolve = receiver;
      receiver = null;
      resolve(item);
      return Promise.resolve();
    },
    recv: () => {
      const sender = senders.shift();
      sender?.go();
      return sender === undefined
        ? /** @type {Promise<number>} */ (new Promise((resolve) => (receiver = resolve)))
        : Promise.resolve(sender.item);
    },
  };
}

/** @param {number} capacity */
function makeRepeater(capacity) {
  /** @type {(item: number) => PromiseLike<unknown>} */
  let send = () => Promise.reject(new Error('the repeater has not begun'));
  const repeater = new Repeater((push) => {
    send = push;
    return new Promise(() => {});
  }, new FixedBuffer(capacity));
  return {
    send: (/** @type {number} */ item) => send(item),
    recv: async () => /** @type {number} */ ((await repeater.next()).value),
  };
}

/** @type {Record<string, (capacity: number, items: number) => Queue>} */
export const queues = {
  'hand-off': makeHandOff,
  tasker: (capacity) => new Channel(capacity),
  // With room for all, since a sender that waits is never woken.
  sketch: (_, items) => new SketchChannel(items),
  repeater: makeRepeater,
};
