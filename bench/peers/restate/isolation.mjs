// Runs the peer where it can reach nothing but itself: its server tries to call out when it starts.
import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';

/**
 * Brings loopback up and makes sure that there is nothing else. To be called inside the namespace.
 *
 * @throws {Error} when another interface is there
 */
export function enterLoopback() {
  const up = spawnSync('ip', ['link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  if (up.status !== 0) {
    throw new Error(`ip link set lo up: ${up.error?.message ?? up.stderr.trim()}`);
  }
  const names = Object.keys(networkInterfaces());
  if (names.length !== 1 || names[0] !== 'lo') {
    throw new Error(`network namespace holds ${names.join(', ')}; expected lo alone`);
  }
}

/**
 * How to enter a network namespace that holds nothing but loopback.
 *
 * @returns {{ prefix: string[] } | { reason: string }} words to put before a command, or why it cannot be done
 */
export function findIsolation() {
  const flags = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const prefix = ['unshare', ...flags, '--net', '--'];
  const probe = spawnSync('unshare', [...prefix.slice(1), 'ip', 'link', 'set', 'lo', 'up'], {
    encoding: 'utf8',
  });
  if (probe.status === 0) return { prefix };
  return {
    reason: `no network namespace of its own: ${prefix.join(' ')}: ${probe.error?.message ?? probe.stderr.trim()}`,
  };
}
