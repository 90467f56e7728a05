// The limit of rates: threads that do nothing but the work, parse the events and stringify the results or compute, with
// nothing between them.
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { percentile } from '../statistics.mjs';
import { readArguments } from './drive.mjs';
import { makeEvents, seqOf } from './events.mjs';
import { LoopWatch, calibrate } from './load.mjs';
import { answer, spin } from './workers/functions.mjs';

if (isMainThread) await runMain();
else runThread();

async function runMain() {
  const { workers, count, warmup, form, cpuUs } = readArguments();
  const common = {
    step: workers,
    count,
    warmup,
    ...(form === 'spin' ? { spins: calibrate(cpuUs) } : { events: makeEvents() }),
  };
  const threads = Array.from(
    { length: workers },
    (_, first) => new Worker(new URL(import.meta.url), { workerData: { ...common, first } }),
  );
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  const watch = new LoopWatch();
  watch.start();
  const start = performance.now();
  const answers = threads.map((thread) => once(thread, 'message'));
  for (const thread of threads) thread.postMessage('go');
  const works = (await Promise.all(answers)).map(([work]) => work);
  const elapsed_s = (performance.now() - start) / 1000;
  const values = { loop_lag_p99: percentile(watch.stop(), 99) };
  const sum = (/** @type {'steps' | 'checksum'} */ member) => works.reduce((total, work) => total + work[member], 0);
  const steps = sum('steps');
  console.log(JSON.stringify({ elapsed_s, values, work: { tasks: steps, steps, checksum: sum('checksum') } }));
}

/** Every `step`-th call is this thread's. */
function runThread() {
  const { events, spins, first, step, count, warmup } = workerData;
  const runOne = (/** @type {number} */ call) => {
    if (events !== undefined) return seqOf(answer(events[call % events.length]));
    spin(spins);
    return 1;
  };
  const run = (/** @type {number} */ from, /** @type {number} */ to) => {
    const work = { steps: 0, checksum: 0 };
    for (let call = from + first; call < to; call += step) {
      work.checksum += runOne(call);
      work.steps += 1;
    }
    return work;
  };
  run(0, warmup);
  parentPort?.once('message', () => parentPort?.postMessage(run(warmup, warmup + count)));
  parentPort?.postMessage('ready');
}
