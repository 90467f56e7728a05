// A second worker in a thread of its own, on the store of the first: says when it runs, then how many steps it ran.
import { parentPort, workerData } from 'node:worker_threads';

import { WorkerServer, defineHandler } from 'tasker-worker';

const { storePath, leaseTtlMs } = workerData as { storePath: string; leaseTtlMs: number };
let runs = 0;
const only = defineHandler({
  name: 'only',
  run: () => {
    runs += 1;
    return { rival: true };
  },
});
const server = new WorkerServer({
  storePath,
  durability: 'normal',
  logLevel: 'error',
  leaseTtlMs,
  handlers: [only],
  workerId: 'rival',
});
await server.start();
parentPort?.once('message', () => {
  void server.shutdown().then(() => {
    parentPort?.postMessage(runs);
  });
});
parentPort?.postMessage('ready');
