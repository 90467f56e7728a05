// Watches a child process from outside while it has nothing to do. The child runs one task for each number that it is
// sent and answers with that number; it does so before and after the idle time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { utimes } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { readActivity } from '../../lib/process-activity.mjs';

const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    path: { type: 'string' },
    template: { type: 'string' },
    seconds: { type: 'string' },
    'settle-seconds': { type: 'string' },
    'rings-per-second': { type: 'string', default: '0' },
  },
});
const { program = '', path = '', template = '' } = values;
const seconds = Number(values.seconds);
const settle_ms = Number(values['settle-seconds']) * 1000;
const ringsPerSecond = Number(values['rings-per-second']);

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

/**
 * Changes the file's times, as another process does when it leaves work in the store.
 *
 * @returns {() => void} ends it
 */
function startRinging() {
  if (ringsPerSecond === 0) return () => {};
  const timer = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now);
  }, 1000 / ringsPerSecond);
  return () => clearInterval(timer);
}

await runTask(1);
await delay(settle_ms);
const stopRinging = startRinging();
const before = await readActivity(child.pid ?? 0);
const start = performance.now();
await delay(seconds * 1000);
const after = await readActivity(child.pid ?? 0);
const elapsed_s = (performance.now() - start) / 1000;
stopRinging();
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
