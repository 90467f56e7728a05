// The limit: a thread that sleeps on a futex is woken for each event, does the JSON work and wakes the main thread, which
// sleeps too.
import { Worker, isMainThread, workerData } from 'node:worker_threads';

import { readArguments } from '../../lib/pools/drive.mjs';
import { makeEvents, seqOf } from '../../lib/pools/events.mjs';
import { answer } from '../../lib/pools/workers/functions.mjs';

const CALL = 0;
const ANSWER = 1;
const SUM = 2;

if (isMainThread) runMain();
else runThread();

function runMain() {
  const { count, warmup } = readArguments();
  const shared = new Int32Array(new SharedArrayBuffer(12));
  const total = warmup + count;
  new Worker(new URL(import.meta.url), { workerData: { shared, total, events: makeEvents() } });
  const samples_us = [];
  let checksum = 0;
  for (let call = 0; call < total; call += 1) {
    const start = performance.now();
    Atomics.store(shared, CALL, call + 1);
    Atomics.notify(shared, CALL);
    Atomics.wait(shared, ANSWER, call);
    if (call < warmup) continue;
    samples_us.push((performance.now() - start) * 1000);
    checksum += Atomics.load(shared, SUM);
  }
  console.log(JSON.stringify({ samples_us, work: { tasks: count, steps: count, checksum } }));
}

function runThread() {
  const { shared, total, events } = workerData;
  for (let call = 0; call < total; call += 1) {
    Atomics.wait(shared, CALL, call);
    Atomics.store(shared, SUM, seqOf(answer(events[call % events.length])));
    Atomics.store(shared, ANSWER, call + 1);
    Atomics.notify(shared, ANSWER);
  }
}
