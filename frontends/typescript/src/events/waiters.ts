// Those who wait on one side of a channel, first come, first served. A list linked both ways: whoever gives up, at any
// place in it, leaves in constant time, and lets go of its timer and its signal.
import { makeTaskerError } from '../errors/convert.js';
import type { ChannelWaitOptions } from './channel-types.js';

/** Ends the wait: what is waited for came, or it will not come. */
export interface Settle<T> {
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** One that waits. `item` is what a sender brings. */
export interface Waiter<T, Item> {
  readonly item: Item;
  readonly settle: Settle<T>;
  readonly owner: Waiters<T, Item>;
  before: Waiter<T, Item> | null;
  after: Waiter<T, Item> | null;
  timer: ReturnType<typeof setTimeout> | null;
  signal: AbortSignal | null;
}

type AnyWaiter = Waiter<never, unknown>;

/** For each signal the waiters of one channel that hear it: one listener, however many they are. */
export class Signals {
  readonly #waiters = new Map<AbortSignal, { readonly waiting: Set<AnyWaiter>; readonly onAbort: () => void }>();

  add(waiter: AnyWaiter, signal: AbortSignal): void {
    const known = this.#waiters.get(signal);
    if (known !== undefined) {
      known.waiting.add(waiter);
      return;
    }
    const waiting = new Set([waiter]);
    const onAbort = (): void => {
      for (const each of [...waiting]) {
        each.owner.giveUp(each, signal.reason);
      }
    };
    this.#waiters.set(signal, { waiting, onAbort });
    signal.addEventListener('abort', onAbort);
  }

  remove(waiter: AnyWaiter, signal: AbortSignal): void {
    const known = this.#waiters.get(signal);
    known?.waiting.delete(waiter);
    if (known?.waiting.size === 0) {
      signal.removeEventListener('abort', known.onAbort);
      this.#waiters.delete(signal);
    }
  }
}

/** The waiters of one side. */
export class Waiters<T, Item> {
  readonly #what: string;
  readonly #signals: Signals;
  #first: Waiter<T, Item> | null = null;
  #last: Waiter<T, Item> | null = null;
  #size = 0;

  /** @param what they wait for, for messages */
  constructor(what: string, signals: Signals) {
    this.#what = what;
    this.#signals = signals;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds one at the end. Its options are checked, its signal is not aborted and its `timeoutMs` is not 0. */
  add(item: Item, settle: Settle<T>, options: ChannelWaitOptions | undefined): Waiter<T, Item> {
    const waiter: Waiter<T, Item> = {
      item,
      settle,
      owner: this,
      before: this.#last,
      after: null,
      timer: null,
      signal: options?.signal ?? null,
    };
    if (this.#last === null) {
      this.#first = waiter;
    } else {
      this.#last.after = waiter;
    }
    this.#last = waiter;
    this.#size += 1;
    if (options?.timeoutMs !== undefined) {
      const { timeoutMs } = options;
      waiter.timer = setTimeout(() => {
        this.giveUp(waiter, timedOut(this.#what, timeoutMs));
      }, timeoutMs);
    }
    if (waiter.signal !== null) {
      this.#signals.add(waiter, waiter.signal);
    }
    return waiter;
  }

  /** Takes out the one that came first. */
  shift(): Waiter<T, Item> | null {
    const waiter = this.#first;
    if (waiter !== null) {
      this.remove(waiter);
    }
    return waiter;
  }

  /** Takes out one that is in this list. */
  remove(waiter: Waiter<T, Item>): void {
    if (waiter.before === null) {
      this.#first = waiter.after;
    } else {
      waiter.before.after = waiter.after;
    }
    if (waiter.after === null) {
      this.#last = waiter.before;
    } else {
      waiter.after.before = waiter.before;
    }
    waiter.before = null;
    waiter.after = null;
    this.#size -= 1;
    if (waiter.timer !== null) {
      clearTimeout(waiter.timer);
    }
    if (waiter.signal !== null) {
      this.#signals.remove(waiter, waiter.signal);
    }
  }

  giveUp(waiter: Waiter<T, Item>, reason: unknown): void {
    this.remove(waiter);
    waiter.settle.reject(reason);
  }

  /** Takes all out, in their order, and ends their waits with what `reason` makes for each. */
  rejectAll(reason: () => unknown): void {
    for (let waiter = this.shift(); waiter !== null; waiter = this.shift()) {
      waiter.settle.reject(reason());
    }
  }
}

/** The error of a wait that took too long. */
export function timedOut(what: string, timeoutMs: number): Error {
  return makeTaskerError('TIMED_OUT', `${what}: none within ${timeoutMs} ms`);
}
