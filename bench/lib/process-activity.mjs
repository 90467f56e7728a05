// What a process has used the processor for, as the kernel counts it.
import { readFile, readdir } from 'node:fs/promises';

/**
 * @typedef {object} Activity since the process began, all threads together
 * @property {number} cpu_ns time on a processor
 * @property {number} wakeups times that a thread gave up the processor to wait: each wake-up ends in one
 */

/**
 * @param {number} pid
 * @returns {Promise<Activity>}
 */
export async function readActivity(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const each = await Promise.all(
    threads.map(async (thread) => {
      const folder = `/proc/${pid}/task/${thread}`;
      const [schedstat, status] = await Promise.all([
        readFile(`${folder}/schedstat`, 'utf8'),
        readFile(`${folder}/status`, 'utf8'),
      ]);
      return {
        cpu_ns: Number(schedstat.split(' ')[0]),
        wakeups: Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1]),
      };
    }),
  );
  return {
    cpu_ns: each.reduce((sum, { cpu_ns }) => sum + cpu_ns, 0),
    wakeups: each.reduce((sum, { wakeups }) => sum + wakeups, 0),
  };
}
