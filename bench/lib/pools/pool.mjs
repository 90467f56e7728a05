// A pool does its calls, so many in flight: how fast, how long each took, and how late the main loop's timers were.
import { finish } from '../doors/open.mjs';
import { percentile } from '../statistics.mjs';
import { driveCalls, functionCall, readArguments } from './drive.mjs';
import { loadContender } from './contenders.mjs';
import { LoopWatch } from './load.mjs';

const { kind, pool: name, workers, form, cpuUs, count, warmup, inFlight } = readArguments();
const open = await loadContender(kind, name);
const pool = open(workers);
const run = functionCall(pool, form, cpuUs);
/** @type {number[]} */
const samples_us = [];
const watch = new LoopWatch();

await driveCalls({ first: 0, count: warmup, inFlight }, run);
watch.start();
const start = performance.now();
const work = await driveCalls({ first: warmup, count, inFlight }, async (call) => {
  const from = performance.now();
  const sum = await run(call);
  samples_us.push((performance.now() - from) * 1000);
  return sum;
});
const elapsed_s = (performance.now() - start) / 1000;
const values = { loop_lag_p99: percentile(watch.stop(), 99) };
finish({ elapsed_s, values, samples_us: inFlight === 1 ? samples_us : [], work });
