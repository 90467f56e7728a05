// What a runtime asks of its worker for executors. A core with one dispatch channel has none of it: all steps are on `main`.
import { requireString } from '../errors/checks.js';
import type { ExecutorName, ExecutorWorker, HandlerRegistration, NativeDoor, NativeWorker } from './native-door.js';

/** A worker of a core with a channel for each executor, or with one for all. */
type OpenWorker = NativeWorker & Partial<Omit<ExecutorWorker, 'registerHandlers' | 'pollStepEvents'>>;

function hasExecutors(worker: NativeWorker): worker is NativeWorker & ExecutorWorker {
  return (worker as OpenWorker).setExecutorRoom !== undefined;
}

export function registerHandlers(worker: NativeWorker, handlers: readonly (string | HandlerRegistration)[]): void {
  handlers.forEach((handler, index) => {
    requireString(typeof handler === 'object' ? handler.name : handler, `callables[${String(index)}]`);
  });
  if (hasExecutors(worker)) {
    (worker as ExecutorWorker).registerHandlers(handlers);
  } else {
    worker.registerHandlers(handlers.map((handler) => (typeof handler === 'string' ? handler : handler.name)));
  }
}

/** JSON array of step events, or null when none waits. */
export function pollStepEvents(worker: NativeWorker, max: number, executor: ExecutorName): string | null {
  if (hasExecutors(worker)) {
    return (worker as ExecutorWorker).pollStepEvents(max, executor);
  }
  return executor === 'main' ? worker.pollStepEvents(max) : null;
}

export function setExecutorRoom(worker: NativeWorker, executor: ExecutorName, places: number): void {
  (worker as OpenWorker).setExecutorRoom?.(executor, places);
}

/** Null where threads can not attach. */
export function attachToken(door: NativeDoor, worker: NativeWorker): string | null {
  return 'attach' in door && hasExecutors(worker) ? worker.attachToken() : null;
}

export function endAttachment(worker: NativeWorker | null, id: number): string[] {
  return worker !== null && hasExecutors(worker) ? (JSON.parse(worker.endAttachment(id)) as string[]) : [];
}

export function handBack(worker: NativeWorker | null, eventIds: readonly string[]): number {
  return worker !== null && hasExecutors(worker) ? worker.handBack(eventIds) : 0;
}
