// Tasker: from the start of a worker with its executor to the first result, then the memory of each idle thread or child
// more; a second worker has these, so that its own memory is in the figure. The package has been loaded before.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { readArguments } from '../../lib/pools/drive.mjs';
import { descendantsKiB, residentKiB, settledKiB } from '../../lib/pools/memory.mjs';
import { TaskerPool } from '../../lib/pools/tasker-pool.mjs';

const { directory, executor, workers, count } = readArguments();
const read = executor === 'process' ? descendantsKiB : residentKiB;
const common = { executor, warmup: 0 };
const calls = 4 * count;

const start = process.hrtime.bigint();
const first = new TaskerPool({ ...common, directory, workers, count: 1, inFlight: 1 });
await first.start();
await first.finished();
const first_result = Number(first.times().finished - start) / 1e6;
const before = await settledKiB(read);

const other = join(directory, 'more');
mkdirSync(other);
const more = new TaskerPool({ ...common, directory: other, workers: count, count: calls, inFlight: count });
await more.start();
await more.finished();
const after = await settledKiB(read);
const steps = first.work().steps + more.work().steps;
const work = { tasks: steps, steps, checksum: first.work().checksum };
console.log(JSON.stringify({ values: { first_result, memory_per_worker: (after - before) / count }, work }));
await Promise.all([first.close(), more.close()]);
