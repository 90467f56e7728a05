// The peer with many workflows in flight, from the first request to the last answer. Durability: the server's default.
import { parseArgs } from 'node:util';

import { withRestate } from '../../peers/restate/server.mjs';

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    directory: { type: 'string' },
    tasks: { type: 'string' },
    warmup: { type: 'string' },
    'in-flight': { type: 'string' },
  },
});
const tasks = Number(values.tasks);
const warmup = Number(values.warmup);
const inFlight = Number(values['in-flight']);

/**
 * Runs the workflows `first` to `last`, `inFlight` at a time.
 *
 * @param {(seq: number) => Promise<{ steps: number, checksum: number }>} invoke
 * @param {number} first
 * @param {number} last
 */
async function runAll(invoke, first, last) {
  const work = { tasks: 0, steps: 0, checksum: 0 };
  let next = first;
  const lane = async () => {
    while (next <= last) {
      const seq = next;
      next += 1;
      const answer = await invoke(seq);
      work.tasks += 1;
      work.steps += answer.steps;
      work.checksum += answer.checksum;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return work;
}

await withRestate(
  { serverPath: values.server ?? '', dataDirectory: values.directory ?? '', connections: inFlight },
  async (invoke) => {
    await runAll(invoke, 1, warmup);
    const start = performance.now();
    const work = await runAll(invoke, warmup + 1, warmup + tasks);
    const elapsed_s = (performance.now() - start) / 1000;
    console.log(JSON.stringify({ elapsed_s, work }));
  },
);
