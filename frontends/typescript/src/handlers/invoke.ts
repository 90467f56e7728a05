// How the worker calls a handler without an extra turn of the event loop where it can.
import type { ExecutableHandler } from './step-handler.js';
import type { StepContext } from './step-context.js';

/** Method of handlers that `defineHandler` makes: starts the author's function and returns just what it returns. */
export const runDirectly: unique symbol = Symbol.for('tasker.runDirectly');

interface DirectHandler {
  [runDirectly](context: StepContext): unknown;
}

/** Whether `handler` returns the author's own value instead of a StepHandlerResult. */
export function isDirect(handler: ExecutableHandler): handler is ExecutableHandler & DirectHandler {
  return runDirectly in handler;
}

/** Whether a value has to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
