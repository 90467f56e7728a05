// What a runtime asks of its worker for executors; the members are described at `TaskerRuntime`.
import { requireString } from '../errors/checks.js';
import { DeliveryCalls } from './delivery-calls.js';
import { native } from './guarded.js';
import type { ExecutorName, HandlerRegistration } from './native-executors.js';
import type { FfiStepEvent } from './types.js';

/** The part of a runtime that knows where handlers run. */
export abstract class ExecutorCalls extends DeliveryCalls {
  registerHandlers(handlers: readonly (string | HandlerRegistration)[]): void {
    handlers.forEach((handler, index) => {
      requireString(typeof handler === 'object' ? handler.name : handler, `callables[${String(index)}]`);
    });
    native(() => {
      this.open().registerHandlers(handlers);
    });
  }

  setExecutorRoom(executor: ExecutorName, places: number): void {
    native(() => {
      this.open().setExecutorRoom(executor, places);
    });
  }

  attachToken(): string {
    return native(() => this.open().attachToken());
  }

  endAttachment(id: number): string[] {
    return this.worker === null ? [] : (JSON.parse(this.worker.endAttachment(id)) as string[]);
  }

  handBack(eventIds: readonly string[]): number {
    return this.worker === null ? 0 : this.worker.handBack(eventIds);
  }

  pollStepEventBatch(max: number, executor: ExecutorName = 'main'): FfiStepEvent[] | null {
    const text = this.worker === null ? null : this.worker.pollStepEvents(max, executor);
    return text === null ? null : (JSON.parse(text) as FfiStepEvent[]);
  }
}
