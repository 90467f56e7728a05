// The runtime that code gets when it does not care which: one of each thread, made on first use.
import { NodeAddonRuntime } from './node-addon-runtime.js';
import type { TaskerRuntime } from './runtime.js';

let threadRuntime: TaskerRuntime | null = null;

/**
 * The default runtime of this thread, loaded. It is one object for each thread and never leaves it; further workers of
 * the same process get a `NodeAddonRuntime` of their own.
 *
 * @throws {TaskerError} NOT_FOUND or UNSUPPORTED when the addon can not be loaded
 */
export function getTaskerRuntime(): TaskerRuntime {
  const runtime = threadRuntime ?? new NodeAddonRuntime();
  runtime.load();
  threadRuntime = runtime;
  return runtime;
}
