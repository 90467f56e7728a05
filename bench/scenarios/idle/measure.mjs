// Watches a child process from outside while it has nothing to do. The child runs one task for each number that it is
// sent and answers with that number; it does so before and after the idle time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { readActivity } from '../../lib/process-activity.mjs';

// Until the runtime has done what follows from starting, its garbage collection among it.
const SETTLE_MS = 2000;

const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    path: { type: 'string' },
    template: { type: 'string' },
    seconds: { type: 'string' },
    touch: { type: 'string' },
    'touches-per-second': { type: 'string' },
  },
});
const { program = '', path = '', template = '', touch, 'touches-per-second': touches = '' } = values;
const seconds = Number(values.seconds);

const child = spawn(process.execPath, [program, '--path', path, '--template', template], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const work = { tasks: 0, steps: 0, checksum: 0 };

/** @param {number} seq */
async function runTask(seq) {
  child.stdin.write(`${seq}\n`);
  const answer = await answers.next();
  if (answer.done) throw new Error(`${program} ended`);
  work.tasks += 1;
  work.steps += 1;
  work.checksum += Number(answer.value);
}

/** Changes the store's file all through the idle time. */
function startTouching() {
  if (touch === undefined) return undefined;
  const args = ['touch', '--path', path, '--per-second', touches, '--seconds', `${seconds + SETTLE_MS / 1000}`];
  return once(spawn(touch, args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
}

await runTask(1);
const touching = startTouching();
await delay(SETTLE_MS);
const before = await readActivity(child.pid ?? 0);
const start = performance.now();
await delay(seconds * 1000);
const after = await readActivity(child.pid ?? 0);
const elapsed_s = (performance.now() - start) / 1000;
const [code] = (await touching) ?? [0];
if (code !== 0) throw new Error(`${touch} ended with exit code ${code}`);
await runTask(2);

const ended = once(child, 'exit');
child.stdin.end();
await ended;
console.log(
  JSON.stringify({
    values: {
      cpu_percent: ((after.cpu_ns - before.cpu_ns) / 1e9 / elapsed_s) * 100,
      wakeups_per_second: (after.wakeups - before.wakeups) / elapsed_s,
    },
    work,
  }),
);
