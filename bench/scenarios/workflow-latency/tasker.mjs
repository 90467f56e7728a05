// Tasker with a TypeScript handler, one task at a time: from creating it to knowing that it is complete. Durability: full.
import { BenchWorker, readArguments } from '../../lib/tasker-worker.mjs';

const { tasks, warmup, ...options } = readArguments();
const worker = new BenchWorker(options);
await worker.server.start();

/** @type {number[]} */
const samples_us = [];
let before = worker.workSoFar();
for (let seq = 1; seq <= warmup + tasks; seq += 1) {
  const start = performance.now();
  await worker.runTask(seq);
  if (seq > warmup) samples_us.push((performance.now() - start) * 1000);
  if (seq === warmup) before = worker.workSoFar();
}
console.log(JSON.stringify({ samples_us, work: worker.workSince(before) }));
await worker.server.shutdown();
