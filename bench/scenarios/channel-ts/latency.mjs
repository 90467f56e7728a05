// One item at a time to a receiver that waits for it, with a pause in between: from just before the send until the receiver
// goes on.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { queues } from './queues.mjs';

const CAPACITY = 1000;
// Pauses of 1 to 11 ms in no step with a queue that looks every so often.
const pauseMs = (/** @type {number} */ index) => 1 + ((index * 7) % 11);

const { values } = parseArgs({
  options: { queue: { type: 'string' }, count: { type: 'string' }, warmup: { type: 'string' } },
});
const count = Number(values.count);
const warmup = Number(values.warmup);
const make = queues[values.queue ?? ''];
if (make === undefined) throw new Error(`--queue ${values.queue}: expected one of ${Object.keys(queues).join(', ')}`);
const queue = make(CAPACITY, count + warmup);

let sentAt = 0;
let checksum = 0;
/** @type {number[]} */
const samples_us = [];

async function receive() {
  for (let received = 0; received < count + warmup; received += 1) {
    const item = await queue.recv();
    const took = performance.now() - sentAt;
    if (received < warmup) continue;
    samples_us.push(took * 1000);
    checksum += item;
  }
}

const receiving = receive();
for (let item = 1; item <= count + warmup; item += 1) {
  await delay(pauseMs(item));
  sentAt = performance.now();
  await queue.send(item);
  // The next one is sent when this one has arrived.
  while (samples_us.length < item - warmup) await delay(1);
}
await receiving;
console.log(JSON.stringify({ samples_us, work: { tasks: count, steps: count, checksum } }));
