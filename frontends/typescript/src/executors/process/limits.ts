// The limits that are kept from outside: memory and processor time of a child, as the kernel counts them.
//
// Limits of the kernel's own do not fit: V8 and JavaScriptCore reserve gigabytes of addresses that they never touch, which
// RLIMIT_AS and, in part, RLIMIT_DATA count; RLIMIT_CPU counts all steps of a child together.
import { CrashErrorType } from '../../errors/crash-types.js';
import type { Ending } from './endings.js';
import type { ProcessPoolSettings } from './options.js';
import { processorMs, residentBytes } from './process-memory.js';

const bytesPerMb = 1_048_576;

/** What a look at a child has found. */
export interface LimitReport {
  /** Why it has to be killed; null when it need not be. */
  readonly verdict: Ending | null;
  /** Whether it is to be replaced once it is idle. */
  readonly isLarge: boolean;
}

/** Milliseconds of processor time of a process so far, when there is a limit to compare them with; else 0. */
export function processorMsBefore(settings: ProcessPoolSettings, pid: number): number {
  return settings.cpuLimitMs === null ? 0 : (processorMs(pid) ?? 0);
}

/** Looks at a child that works. @param cpuMsBefore what `processorMsBefore` said when its step began */
export function checkLimits(settings: ProcessPoolSettings, pid: number, cpuMsBefore: number): LimitReport {
  const { memoryLimitMb, recycleAboveMb, cpuLimitMs } = settings;
  const megabytes = (residentBytes(pid) ?? 0) / bytesPerMb;
  const isLarge = megabytes > recycleAboveMb;
  const over = (errorType: CrashErrorType, message: string): LimitReport => ({
    verdict: { errorType, message, backtrace: null },
    isLarge,
  });
  if (memoryLimitMb !== null && megabytes > memoryLimitMb) {
    const message = `the process has ${Math.round(megabytes)} MiB in main memory, expected ${memoryLimitMb} at most`;
    return over(CrashErrorType.OUT_OF_MEMORY, message);
  }
  if (cpuLimitMs !== null && (processorMs(pid) ?? 0) - cpuMsBefore > cpuLimitMs) {
    return over(CrashErrorType.TIMEOUT, `the step has used more than ${cpuLimitMs} ms of processor time`);
  }
  return { verdict: null, isLarge };
}
