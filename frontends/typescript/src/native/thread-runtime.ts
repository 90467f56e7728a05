// The runtime that code gets when it does not care which: one of each thread, made on first use.
import { makeTaskerError } from '../errors/convert.js';
import { NativeRuntime } from './native-runtime.js';
import type { NativeRuntimeOptions } from './runtime-options.js';
import type { TaskerRuntime } from './runtime.js';

let threadRuntime: NativeRuntime | null = null;

/**
 * The default runtime of this thread, loaded. It is one object for each thread and never leaves it; further workers of
 * the same process get a `NativeRuntime` of their own.
 *
 * @param options `door` counts at the first call; a later one may not ask for another door
 * @throws {TaskerError} NOT_FOUND or UNSUPPORTED when the native side can not be loaded; INVALID_CONFIG for a wrong
 * TASKER_RUNTIME; INVALID_STATE when the thread has a runtime behind the other door
 */
export function getTaskerRuntime(options: Pick<NativeRuntimeOptions, 'door'> = {}): TaskerRuntime {
  const runtime = threadRuntime ?? new NativeRuntime(options);
  runtime.load();
  threadRuntime = runtime;
  if (options.door !== undefined && options.door !== runtime.door) {
    throw makeTaskerError(
      'INVALID_STATE',
      `options.door: ${options.door}, but this thread has loaded ${runtime.door}`,
      {
        field: 'options.door',
      },
    );
  }
  return runtime;
}
