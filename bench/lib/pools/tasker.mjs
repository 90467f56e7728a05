// Tasker runs steps on one of its executors, so many in flight: how fast, how long each took, and how late the main loop's
// timers were.
import { percentile } from '../statistics.mjs';
import { readArguments } from './drive.mjs';
import { LoopWatch, calibrate } from './load.mjs';
import { TaskerPool } from './tasker-pool.mjs';

const { cpuUs, ...run } = readArguments();
if (cpuUs > 0) Object.assign(process.env, { BENCH_HANDLER: 'spin', BENCH_SPINS: `${calibrate(cpuUs)}` });
const pool = new TaskerPool(run);
const watch = new LoopWatch();
await pool.start();
await pool.warm();
watch.start();
await pool.finished();
const values = { loop_lag_p99: percentile(watch.stop(), 99) };
const samples_us =
  run.inFlight === 1 ? pool.steps().map(({ handedOut, ended }) => Number(ended - handedOut) / 1000) : [];
console.log(JSON.stringify({ elapsed_s: pool.elapsed(), values, samples_us, work: pool.work() }));
await pool.close();
