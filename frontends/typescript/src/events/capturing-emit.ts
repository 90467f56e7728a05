// `emit` with captureRejections, for runtimes whose own one captures less than Node's: Bun's leaves out thenables that
// are no native promises, and listeners of `error`.
import { EventEmitter } from 'node:events';

type Name = string | symbol;

/** Emitters that are telling of a rejection: one by a listener of that `error` is no longer captured. */
const telling = new WeakSet<EventEmitter>();

function tell(emitter: EventEmitter, reason: unknown, name: Name, args: unknown[]): void {
  const handler = (emitter as { [EventEmitter.captureRejectionSymbol]?: unknown })[EventEmitter.captureRejectionSymbol];
  if (typeof handler === 'function') {
    Reflect.apply(handler, emitter, [reason, name, ...args]);
    return;
  }
  telling.add(emitter);
  try {
    emitter.emit('error', reason);
  } finally {
    telling.delete(emitter);
  }
}

function capture(emitter: EventEmitter, returned: object, name: Name, args: unknown[]): void {
  if (telling.has(emitter)) {
    return;
  }
  try {
    const { then } = returned as { then?: unknown };
    if (typeof then === 'function') {
      const onRejected = (reason: unknown): void => {
        // Out of the promise's reach, so that what a listener throws is uncaught, not one more rejection.
        process.nextTick(tell, emitter, reason, name, args);
      };
      Reflect.apply(then, returned, [undefined, onRejected]);
    }
  } catch (error) {
    emitter.emit('error', error);
  }
}

function emitCapturing(this: EventEmitter, name: Name, ...args: unknown[]): boolean {
  const listeners = this.rawListeners(name) as ((...args: unknown[]) => unknown)[];
  if (name === 'error') {
    if (listeners.length === 0) {
      return EventEmitter.prototype.emit.call(this, name, ...args);
    }
    if (this.listenerCount(EventEmitter.errorMonitor) > 0) {
      this.emit(EventEmitter.errorMonitor, ...args);
    }
  }
  for (const listener of listeners) {
    const returned = Reflect.apply(listener, this, args);
    if (returned !== undefined && returned !== null) {
      capture(this, returned, name, args);
    }
  }
  return listeners.length > 0;
}

/** Puts this file's `emit` in the place of one that the runtime gave to `emitter` itself. */
export function captureAsNode(emitter: EventEmitter): void {
  if (Object.hasOwn(emitter, 'emit')) {
    Object.defineProperty(emitter, 'emit', { value: emitCapturing, writable: true, configurable: true });
  }
}
