// Two senders, one receiver, as fast as they can.
import { parseArgs } from 'node:util';

import { queues } from './queues.mjs';

const CAPACITY = 1000;

const { values } = parseArgs({
  options: { queue: { type: 'string' }, count: { type: 'string' }, warmup: { type: 'string' } },
});
const count = Number(values.count);
const warmup = Number(values.warmup);
const make = queues[values.queue ?? ''];
if (make === undefined) throw new Error(`--queue ${values.queue}: expected one of ${Object.keys(queues).join(', ')}`);
const queue = make(CAPACITY, count + warmup);

/**
 * @param {number} first
 * @param {number} last
 * @returns {Promise<number>} sum of what arrived
 */
async function move(first, last) {
  const send = async (/** @type {number} */ from) => {
    for (let item = from; item <= last; item += 2) await queue.send(item);
  };
  const receive = async () => {
    let sum = 0;
    for (let item = first; item <= last; item += 1) sum += await queue.recv();
    return sum;
  };
  const receiving = receive();
  const [sum] = await Promise.all([receiving, send(first), send(first + 1)]);
  return sum;
}

await move(1, warmup);
const start = performance.now();
const checksum = await move(warmup + 1, warmup + count);
const elapsed_s = (performance.now() - start) / 1000;
console.log(JSON.stringify({ elapsed_s, work: { tasks: count, steps: count, checksum } }));
