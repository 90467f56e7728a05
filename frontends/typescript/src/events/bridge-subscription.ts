// One listener of a bridge: its events, one after the other, and what becomes of its failures.
import { AsyncLocalStorage } from 'node:async_hooks';

import { makeTaskerError } from '../errors/convert.js';
import type { NativeBus } from '../native/native-bus.js';
import type { BusSubscription, BusSubscriptionCounters } from './bridge-types.js';

/** How many listeners stand behind what runs now. */
export const listenerDepth = new AsyncLocalStorage<number>();

/** An element of the bus's poll. */
export interface PolledElement {
  readonly subscription: number;
  readonly event: string;
  readonly payload?: unknown;
  readonly payload_text?: string;
  readonly depth?: number;
  readonly published?: number;
  readonly error?: unknown;
}

/** An event on its way to a listener. */
export interface DeliveredEvent {
  readonly name: string;
  readonly payload: unknown;
}

/** What a subscription needs of its bridge. */
export interface SubscriptionOwner {
  readonly native: NativeBus;
  /** Takes up to so many events of one subscription. */
  take(subscription: number, max: number): PolledElement[];
  ended(subscription: number): void;
  failed(error: unknown, event: DeliveredEvent, failures: number): void;
}

/** Events that are taken from the core at once: what a listener holds of them waits here, not in its queue. */
const takenAtOnce = 64;

export class BridgeSubscription implements BusSubscription {
  readonly pattern: string;
  private readonly owner: SubscriptionOwner;
  private readonly number: number;
  private readonly listener: (event: DeliveredEvent) => unknown;
  private isActive = true;
  private busy = false;
  private delivered = 0;
  private failures = 0;
  private lostBefore = 0;
  private taken: PolledElement[] = [];
  private readonly dropAbort: () => void;

  constructor(
    owner: SubscriptionOwner,
    number: number,
    pattern: string,
    listener: (event: DeliveredEvent) => unknown,
    signal: AbortSignal | undefined,
  ) {
    this.owner = owner;
    this.number = number;
    this.pattern = pattern;
    this.listener = listener;
    const onAbort = (): void => {
      this.unsubscribe();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.dropAbort = () => {
      signal?.removeEventListener('abort', onAbort);
    };
  }

  get active(): boolean {
    return this.isActive;
  }

  counters(): BusSubscriptionCounters {
    const { delivered, failures } = this;
    if (!this.isActive) {
      return { delivered, failures, lost: this.lostBefore, waiting: 0 };
    }
    const native = JSON.parse(this.owner.native.subscription(this.number)) as { lost: number; depth: number };
    return { delivered, failures, lost: native.lost, waiting: native.depth + this.taken.length };
  }

  unsubscribe(): void {
    if (!this.isActive) {
      return;
    }
    try {
      const { lost, waiting } = this.counters();
      this.lostBefore = lost + waiting;
    } catch {
      // The bus is gone, and what waited with it.
    }
    this.isActive = false;
    this.taken = [];
    this.dropAbort();
    this.owner.ended(this.number);
  }

  /**
   * Handles what waits, unless the last event is still being handled.
   *
   * @returns whether more may wait
   */
  deliver(): boolean {
    if (this.busy || !this.isActive) {
      return false;
    }
    this.taken = this.owner.take(this.number, takenAtOnce);
    const full = this.taken.length === takenAtOnce;
    return this.handleTaken() && full;
  }

  /** @returns false when it waits for a listener that has not ended yet */
  private handleTaken(): boolean {
    for (let next = this.taken.shift(); next !== undefined && this.isActive; next = this.taken.shift()) {
      const returned = this.call(next);
      if (returned !== undefined) {
        this.busy = true;
        void returned.then(() => {
          this.busy = false;
          // What came meanwhile was told of, and not looked at.
          if (this.handleTaken()) {
            this.again();
          }
        });
        return false;
      }
    }
    return true;
  }

  private again(): void {
    try {
      if (this.deliver()) {
        setImmediate(() => {
          this.again();
        });
      }
    } catch {
      // The bus was closed while the listener ran.
      this.unsubscribe();
    }
  }

  /** @returns what settles when the listener has ended, unless it has already; never rejects */
  private call(element: PolledElement): Promise<void> | undefined {
    const payload = element.payload_text ?? element.payload;
    const event = { name: element.event, payload };
    this.delivered += 1;
    const fail = (error: unknown): void => {
      this.failures += 1;
      this.owner.failed(error, event, this.failures);
    };
    try {
      const returned = listenerDepth.run(element.depth ?? 1, this.listener, event);
      if (isThenable(returned)) {
        return Promise.resolve(returned).then(() => undefined, fail);
      }
    } catch (error) {
      fail(error);
    }
    return undefined;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** A bridge that is closed refuses with this. */
export function closedError(): Error {
  return makeTaskerError('CLOSED', 'the event bridge is closed');
}
