// What a figure depends on besides the code: the machine, the versions, the commit.
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {string} its output, or "unknown" when it cannot be run
 */
function outputOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
}

/**
 * Type of the file system that holds `directory`.
 *
 * @param {string} directory
 * @param {string} [mountinfo] text of /proc/self/mountinfo
 */
export function filesystemOf(directory, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')) {
  let best = { point: '', type: 'unknown' };
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4];
    if (point === undefined) continue;
    const inside = point === '/' || directory === point || directory.startsWith(`${point}/`);
    if (inside && point.length >= best.point.length) {
      best = { point, type: after.split(' ')[0] ?? 'unknown' };
    }
  }
  return best.type;
}

/**
 * @param {string} directory where the measurements keep their files
 * @returns {Record<string, string | number>}
 */
export function describeMachine(directory) {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_bytes: totalmem(),
    kernel: release(),
    filesystem: filesystemOf(realpathSync(directory)),
    load_at_start: loadavg()[0] ?? 0,
  };
}

/**
 * Why figures taken now would mislead: others that use processor and disk slow the limit too, which flatters the ratios.
 *
 * @param {{ load: number, cores: number }} machine load: processes that ran or waited, on average over the last minute
 * @returns {string | null} null on a quiet machine
 */
export function busyWarning({ load, cores }) {
  if (load <= cores / 2) return null;
  return `the machine is busy (load ${load.toFixed(1)} on ${cores} cores): neither figures nor ratios can be relied on`;
}

/** The commit that is checked out; `-dirty` is appended when files differ from it. */
export function describeCommit() {
  return outputOf('git', ['-C', import.meta.dirname, 'describe', '--always', '--abbrev=40', '--dirty', '--exclude=*']);
}
