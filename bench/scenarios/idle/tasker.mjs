// A worker that runs one task for each number on its standard input and has nothing to do in between.
import { createInterface } from 'node:readline';

import { BenchWorker, readArguments } from '../../lib/tasker-worker.mjs';

const worker = new BenchWorker(readArguments());
await worker.server.start();
for await (const line of createInterface({ input: process.stdin })) {
  await worker.runTask(Number(line));
  console.log(line);
}
await worker.server.shutdown();
