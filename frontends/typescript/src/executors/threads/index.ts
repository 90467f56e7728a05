// The executor `threads`: handlers in worker threads.
import type { Executor } from '../executor.js';
import { UnavailableExecutor } from '../unavailable.js';

/** Makes the executor; nothing is started. */
export function makeThreadExecutor(): Executor {
  return new UnavailableExecutor('threads', 'this version has no worker threads');
}
