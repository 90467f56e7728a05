// The pool that one writes by hand: as many threads or children as asked for, calls dealt out in turn, answered in order.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** @typedef {import('./contenders.mjs').Pool} Pool */

const program = join(import.meta.dirname, 'workers', 'bare.mjs');

/**
 * A thread or a child; answers come in the order of the calls.
 *
 * @typedef {object} Slot
 * @property {(call: object, transfer?: ArrayBuffer[]) => void} send
 * @property {() => unknown} end
 * @property {((value: any) => void)[]} waiting
 */

/** @returns {Slot} */
function startThread() {
  const worker = new Worker(program);
  /** @type {Slot} */
  const slot = {
    send: (call, transfer) => worker.postMessage(call, transfer),
    end: () => worker.terminate(),
    waiting: [],
  };
  worker.on('message', (value) => slot.waiting.shift()?.(value));
  return slot;
}

/** @returns {Slot} */
function startChild() {
  const child = fork(program, { serialization: 'advanced' });
  /** @type {Slot} */
  const slot = { send: (call) => child.send(call), end: () => child.kill(), waiting: [] };
  child.on('message', (value) => slot.waiting.shift()?.(value));
  return slot;
}

/**
 * @param {{ workers: number, children?: boolean }} options
 * @returns {Pool & { close: () => Promise<void> }}
 */
export function openHandWritten({ workers, children = false }) {
  const slots = Array.from({ length: workers }, children ? startChild : startThread);
  let turn = 0;
  return {
    run: (name, argument, transfer) => {
      const slot = /** @type {Slot} */ (slots[turn]);
      turn = (turn + 1) % slots.length;
      return new Promise((resolve) => {
        slot.waiting.push(resolve);
        slot.send({ name, argument }, transfer);
      });
    },
    close: async () => {
      await Promise.all(slots.map((slot) => slot.end()));
    },
  };
}
