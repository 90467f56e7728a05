// What the kernel says of a process's memory and processor time.
import { readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** Bytes of a process in main memory; null when it is gone, or the kernel does not say. */
export function residentBytes(pid: number): number | null {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

/** Milliseconds of processor time that a process has used; null when it is gone, or the kernel does not say. */
export function processorMs(pid: number): number | null {
  // The second field is the program's name and may have blanks and parentheses in it.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  const user = Number(fields[11]);
  const system = Number(fields[12]);
  return Number.isInteger(user) && Number.isInteger(system) ? ((user + system) * 1000) / ticksPerSecond : null;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
