// The executor `process`: handlers in child processes.
import type { Executor } from '../executor.js';
import { UnavailableExecutor } from '../unavailable.js';

/** Makes the executor; nothing is started. */
export function makeProcessExecutor(): Executor {
  return new UnavailableExecutor('process', 'this version has no child processes');
}
