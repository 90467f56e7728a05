// Tasker with one thread or child: every other step ends it; from then to the next step's recorded result, several times.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readArguments } from '../../lib/pools/drive.mjs';
import { TaskerPool } from '../../lib/pools/tasker-pool.mjs';

const { directory, executor, count } = readArguments();
const stamps = join(directory, 'stamps');
Object.assign(process.env, { BENCH_HANDLER: 'exit', BENCH_EXIT_FILE: stamps });
const pool = new TaskerPool({ executor, directory, workers: 1, count: 2 * count, warmup: 0, inFlight: 1 });
await pool.start();
await pool.finished();
const exits = readFileSync(stamps, 'utf8').trim().split('\n').map(BigInt);
// The first, third, … step ended the worker; the one after each was the next in its place.
const samples_us = exits.map((exit, turn) => Number((pool.steps()[2 * turn + 1]?.ended ?? 0n) - exit) / 1000);
const { steps, checksum } = pool.work();
console.log(JSON.stringify({ samples_us, work: { tasks: steps, steps, checksum } }));
await pool.close();
