// The contract's functions over a runtime. Without a loaded runtime they answer neutrally and never throw.
import type { TaskerRuntime } from '../native/runtime.js';
import type { BootstrapResult, StopResult, WorkerStatus } from '../native/types.js';

/** Settings of `bootstrapWorker` in camelCase. */
export interface BootstrapOptions {
  readonly workerId?: string;
  readonly namespace?: string;
  readonly logLevel?: string;
  readonly storePath?: string;
  readonly [key: string]: unknown;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function loaded(runtime: TaskerRuntime | undefined): TaskerRuntime | null {
  return runtime?.isLoaded === true ? runtime : null;
}

const noRuntime = 'no runtime is loaded';

/** Opens a worker and starts it. Keys become snake_case members of the core's configuration. */
export function bootstrapWorker(config: BootstrapOptions, runtime?: TaskerRuntime): Promise<BootstrapResult> {
  const found = loaded(runtime);
  if (found === null) {
    return Promise.resolve({ success: false, status: 'error', message: noRuntime, error: noRuntime });
  }
  const members = Object.entries(config).map(([key, value]) => [snakeCase(key), value] as const);
  return Promise.resolve(found.bootstrapWorker(Object.fromEntries(members)));
}

export function stopWorker(runtime?: TaskerRuntime): StopResult {
  return loaded(runtime)?.stopWorker() ?? { success: true, status: 'not_running', message: noRuntime };
}

export function getWorkerStatus(runtime?: TaskerRuntime): WorkerStatus {
  return loaded(runtime)?.getWorkerStatus() ?? { success: true, running: false, status: 'stopped' };
}

export function transitionToGracefulShutdown(runtime?: TaskerRuntime): StopResult {
  return (
    loaded(runtime)?.transitionToGracefulShutdown() ?? { success: true, status: 'not_running', message: noRuntime }
  );
}

export function isWorkerRunning(runtime?: TaskerRuntime): boolean {
  return loaded(runtime)?.isWorkerRunning() ?? false;
}

export function getVersion(runtime?: TaskerRuntime): string {
  return loaded(runtime)?.getVersion() ?? 'unknown';
}

export function getRustVersion(runtime?: TaskerRuntime): string {
  return loaded(runtime)?.getRustVersion() ?? 'unknown';
}

export function healthCheck(runtime?: TaskerRuntime): boolean {
  return loaded(runtime)?.healthCheck() ?? false;
}
