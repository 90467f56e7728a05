// What threads and children take of the memory.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const KIB_PER_PAGE = 4;
const LOOK_EVERY_MS = 200;
const LOOKS_ALIKE = 5;
const LOOKS_MAX = 25;
const ALIKE_KIB = 256;

/** @returns {number} KiB of this process that are in memory, without those of files */
export function residentKiB() {
  const [, resident = 0, shared = 0] = readFileSync('/proc/self/statm', 'utf8').split(' ').map(Number);
  return (resident - shared) * KIB_PER_PAGE;
}

/** @returns {number[]} the processes that this one started, those that they started, and so on */
function descendants() {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), parentOf(pid)]),
  );
  const childrenOf = (/** @type {number} */ parent) =>
    [...parents].filter(([, other]) => other === parent).map(([pid]) => pid);
  const found = childrenOf(process.pid);
  for (const pid of found) found.push(...childrenOf(pid));
  return found;
}

/** @param {string} pid */
function parentOf(pid) {
  try {
    // After the name, which stands in brackets: state, parent.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    return Number.NaN; // has ended
  }
}

/** @returns {number} KiB of all processes that this one started, what they share counted once */
export function descendantsKiB() {
  return descendants()
    .map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]))
    .reduce((sum, size) => sum + size, 0);
}

/**
 * Waits until the memory has been much the same for a second; threads and children go on loading after they are ready.
 *
 * @param {() => number} read KiB
 */
export async function settledKiB(read) {
  let last = read();
  for (let looks = 0, alike = 0; looks < LOOKS_MAX && alike < LOOKS_ALIKE; looks += 1) {
    await delay(LOOK_EVERY_MS);
    const now = read();
    alike = Math.abs(now - last) < ALIKE_KIB ? alike + 1 : 0;
    last = now;
  }
  return last;
}
