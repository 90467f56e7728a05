// What each worker more adds to the memory of a process: the real doors, the SQLite store.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { loadDoor } from 'tasker-worker';

import { finish, readArguments } from '../../lib/doors/open.mjs';

const KIB_PER_PAGE = 4;

const { door, path, count, warmup } = readArguments();
const { native } = loadDoor({ door });
let opened = 0;

/** @param {number} workers */
function open(workers) {
  const added = Array.from({ length: workers }, () => {
    opened += 1;
    const store_path = join(dirname(path), `${opened}.db`);
    const worker = native.openWorker(JSON.stringify({ store_path, worker_id: `bench-${opened}`, log_level: 'error' }));
    worker.registerHandlers(['bench.noop']);
    worker.setWakeup(() => {});
    worker.start();
    return worker;
  });
  // As in a program that runs: what start() set going has been done.
  for (const worker of added) JSON.parse(worker.listTasks('{}'));
  return added;
}

/** @returns {number} KiB that are in memory, without those of files */
function residentKiB() {
  const [, resident = 0, shared = 0] = readFileSync('/proc/self/statm', 'utf8').split(' ').map(Number);
  return (resident - shared) * KIB_PER_PAGE;
}

const workers = open(warmup);
const before = residentKiB();
workers.push(...open(count));
const after = residentKiB();
await Promise.all(workers.map((worker) => worker.close()));
finish({
  values: { memory_per_worker: (after - before) / count },
  work: { tasks: count, steps: count, checksum: opened - warmup },
});
