// Listeners that leave with an AbortSignal. Node's emitter knows no such thing: each stands in its list as a wrapper with
// `listener`, as those of `once` do, and the signal is let go as soon as the listener is gone, however that came about.
import { showValue } from '../errors/checks.js';
import { makeTaskerError } from '../errors/convert.js';

type Name = string | symbol;
export type AnyListener = (...args: unknown[]) => unknown;

/** What is needed of the emitter that the listeners belong to. */
interface Owner {
  rawListeners(name: Name): unknown[];
  removeListener(name: Name, listener: AnyListener): unknown;
}

interface Subscription {
  readonly wrapper: AnyListener;
  readonly signal: AbortSignal;
  readonly onAbort: () => void;
}

/** @throws {TaskerError} INVALID_ARGUMENT unless `signal` is an AbortSignal */
export function requireSignal(signal: unknown, field: string): asserts signal is AbortSignal {
  if (!(signal instanceof AbortSignal)) {
    throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(signal)}, expected an AbortSignal`, { field });
  }
}

/** Those listeners of one emitter that have a signal. */
export class Subscriptions {
  private readonly owner: Owner;
  private readonly byName = new Map<Name, Set<Subscription>>();

  constructor(owner: Owner) {
    this.owner = owner;
  }

  /**
   * Adds a listener through `add`, which puts what it is given into the emitter's list.
   *
   * @param once whether its first call is its last one
   */
  subscribe(
    name: Name,
    listener: AnyListener,
    given: { signal: AbortSignal; once: boolean; add: (wrapper: AnyListener) => void },
  ): void {
    const { signal, once, add } = given;
    if (signal.aborted) {
      return;
    }
    const { owner } = this;
    let called = false;
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      if (once) {
        if (called) {
          return undefined;
        }
        called = true;
        owner.removeListener(name, wrapper);
      }
      return Reflect.apply(listener, this, args);
    };
    wrapper.listener = listener;
    add(wrapper);
    // A listener of newListener may have aborted it, before there was anything to take away.
    if (signal.aborted as boolean) {
      owner.removeListener(name, wrapper);
      return;
    }
    const subscription: Subscription = { wrapper, signal, onAbort: () => owner.removeListener(name, wrapper) };
    signal.addEventListener('abort', subscription.onAbort, { once: true });
    const own = this.byName.get(name);
    if (own === undefined) {
      this.byName.set(name, new Set([subscription]));
    } else {
      own.add(subscription);
    }
  }

  /** Lets go of the signals of listeners that are gone. */
  release(name: Name): void {
    const own = this.byName.get(name);
    if (own === undefined) {
      return;
    }
    const left = new Set(this.owner.rawListeners(name));
    for (const subscription of own) {
      if (!left.has(subscription.wrapper)) {
        own.delete(subscription);
        subscription.signal.removeEventListener('abort', subscription.onAbort);
      }
    }
    if (own.size === 0) {
      this.byName.delete(name);
    }
  }

  releaseAll(): void {
    for (const name of [...this.byName.keys()]) {
      this.release(name);
    }
  }
}
