// The peer, one workflow at a time: from sending the request to its answer. Durability: the server's default.
import { parseArgs } from 'node:util';

import { withRestate } from '../../peers/restate/server.mjs';

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    directory: { type: 'string' },
    tasks: { type: 'string' },
    warmup: { type: 'string' },
  },
});
const tasks = Number(values.tasks);
const warmup = Number(values.warmup);

/** @type {number[]} */
const samples_us = [];
const work = { tasks: 0, steps: 0, checksum: 0 };

await withRestate(
  { serverPath: values.server ?? '', dataDirectory: values.directory ?? '', connections: 1 },
  async (invoke) => {
    for (let seq = 1; seq <= warmup + tasks; seq += 1) {
      const start = performance.now();
      const answer = await invoke(seq);
      const elapsed_us = (performance.now() - start) * 1000;
      if (seq <= warmup) continue;
      samples_us.push(elapsed_us);
      work.tasks += 1;
      work.steps += answer.steps;
      work.checksum += answer.checksum;
    }
  },
);
console.log(JSON.stringify({ samples_us, work }));
