// Tasker with a TypeScript handler and many tasks in flight: from the first creation until the last task is complete.
// Durability: full.
import { BenchWorker, readArguments } from '../../lib/tasker-worker.mjs';

const STEPS = 4;
const BATCH = 500;
const IN_FLIGHT = 4000;

const { tasks, warmup, ...options } = readArguments();
const worker = new BenchWorker({ ...options, concurrency: IN_FLIGHT });
await worker.server.start();

/**
 * Creates and runs the tasks `first` to `last`, until all are complete.
 *
 * @param {number} first
 * @param {number} last
 */
async function runTasks(first, last) {
  let next = first;
  /** @type {Promise<void>[]} */
  const creations = [];
  const allDone = new Promise((resolve) => {
    const createMore = () => {
      while (next <= last) {
        const count = Math.min(BATCH, last - next + 1);
        if (next - 1 + count - Math.floor(worker.steps / STEPS) > IN_FLIGHT) return;
        creations.push(worker.createTasks(next, count));
        next += count;
      }
    };
    worker.onStep = () => {
      // The step that runs now is counted after this call.
      const steps = worker.steps + 1;
      if (steps % STEPS === 0) createMore();
      if (steps === last * STEPS) setImmediate(resolve);
    };
    createMore();
  });
  await allDone;
  await Promise.all(creations);
  // Completions are recorded in their order: with the last one all are.
  await worker.awaitTask(worker.lastTaskUuid);
}

await runTasks(1, warmup);
const before = worker.workSoFar();
const start = performance.now();
await runTasks(warmup + 1, warmup + tasks);
const elapsed_s = (performance.now() - start) / 1000;
console.log(JSON.stringify({ elapsed_s, work: worker.workSince(before) }));
await worker.server.shutdown();
