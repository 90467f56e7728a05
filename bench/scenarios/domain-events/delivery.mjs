// A worker that publishes one event after the other, and an idle subscriber in another process: from the end of the
// handler that publishes (the event's `firedAt`, before the commit) to the start of the subscriber's handler. So the
// commit with the step, durability full, is part of it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { BenchWorker, readArguments } from '../../lib/tasker-worker.mjs';

const IDLE_MS = 5;

const { tasks, warmup, ...options } = readArguments();
const worker = new BenchWorker(options);
await worker.server.start();
const subscriber = fork(join(import.meta.dirname, 'subscriber.mjs'), [options.path], {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
await once(subscriber, 'message');

/** @type {number[]} */
const samples_us = [];
let before = worker.workSoFar();
for (let seq = 1; seq <= warmup + tasks; seq += 1) {
  await delay(IDLE_MS);
  const heard = once(subscriber, 'message');
  await worker.runTask(seq);
  const [latency_us] = /** @type {[number]} */ (await heard);
  if (seq > warmup) samples_us.push(latency_us);
  if (seq === warmup) before = worker.workSoFar();
}
console.log(JSON.stringify({ samples_us, work: worker.workSince(before) }));
subscriber.disconnect();
await once(subscriber, 'exit');
await worker.server.shutdown();
