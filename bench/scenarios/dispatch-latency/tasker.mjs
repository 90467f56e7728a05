// Tasker with a TypeScript handler: from the core's claim stamp (`last_attempted_at`) to the start of the handler.
//
// The core takes the stamp before the commit that claims the step. To keep the disk out of the figure the store runs with
// durability normal here; writing the transaction is still in it, so the true latency is lower.
import { setTimeout as delay } from 'node:timers/promises';

import { BenchWorker, readArguments } from '../../lib/tasker-worker.mjs';

const IDLE_MS = 5;
const STAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{3}(?:\d{3})?))?$/;

/**
 * @param {string | null} text such as "2026-02-16 11:04:05.123456", UTC
 * @returns {number} microseconds since 1970
 */
function stamp_us(text) {
  const [, date, time, fraction = ''] = STAMP.exec(text ?? '') ?? [];
  if (date === undefined) throw new Error(`last_attempted_at: "${text}"; expected a time in UTC`);
  return Date.parse(`${date}T${time}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
}

const { tasks, warmup, ...options } = readArguments();
const worker = new BenchWorker({ ...options, durability: 'normal' });
/** @type {number[]} */
const latencies_us = [];
worker.onStep = (/** @type {import('tasker-worker').StepContext} */ { event }) => {
  const now_us = (performance.timeOrigin + performance.now()) * 1000;
  latencies_us.push(now_us - stamp_us(event.workflow_step.last_attempted_at));
};
await worker.server.start();

let before = worker.workSoFar();
for (let seq = 1; seq <= warmup + tasks; seq += 1) {
  await delay(IDLE_MS);
  await worker.runTask(seq);
  if (seq === warmup) before = worker.workSoFar();
}
const samples_us = latencies_us.slice(warmup);
console.log(JSON.stringify({ samples_us, work: worker.workSince(before) }));
await worker.server.shutdown();
