// A bounded queue between asynchronous functions of one thread.
//
// Order: items leave in the order in which they were accepted. Waiting senders are served first come, first served, and
// so are waiting receivers: whoever has something for a waiter hands it over at once, so that nobody can overtake it and
// no wake-up is lost. Hence two invariants: senders wait only at a full channel, receivers only at an empty one. Nothing
// polls; a timer exists only while a call with a `timeoutMs` waits.
//
// Closing: after closeSending() sends fail and receivers get what is inside, then the end. After closeReceiving() both
// sides fail; what was inside is returned to the one who closed. An item whose send did not succeed is not inside. Closing
// twice is allowed, in any order.
import { refuseUnknownKeys, requireInteger, showValue } from '../errors/checks.js';
import { makeTaskerError, toError } from '../errors/convert.js';
import type { ChannelCounters, ChannelOptions, FullPolicy, ChannelWaitOptions } from './channel-types.js';
import { Ring } from './ring.js';
import { requireSignal } from './subscriptions.js';
import { Signals, Waiters, timedOut, type Settle, type Waiter } from './waiters.js';

const capacityDefault = 1024;
const capacityMax = 2 ** 24;
const timeoutMsMax = 2_147_483_647;
const policies: readonly FullPolicy[] = ['wait', 'refuse', 'drop-oldest'];
const whatSenders = 'room in the channel';
const whatReceivers = 'an item of the channel';

/** Most sends need not wait; they share this promise. */
const accepted: Promise<void> = Promise.resolve();

function closedError(): Error {
  return makeTaskerError('CLOSED', 'the channel is closed');
}

function checkWait(options: ChannelWaitOptions): void {
  refuseUnknownKeys(options, ['signal', 'timeoutMs'], 'options');
  if (options.signal !== undefined) {
    requireSignal(options.signal, 'options.signal');
  }
  if (options.timeoutMs !== undefined) {
    requireInteger(options.timeoutMs, 'options.timeoutMs', 0, timeoutMsMax);
  }
}

function problemOf(options: ChannelWaitOptions): Error | null {
  try {
    checkWait(options);
    return null;
  } catch (error) {
    return toError(error);
  }
}

/** The error of a call that may not begin to wait, or null. */
function refusalToWait(options: ChannelWaitOptions | undefined, what: string): unknown {
  if (options === undefined) {
    return null;
  }
  if (options.signal?.aborted === true) {
    return options.signal.reason;
  }
  return options.timeoutMs === 0 ? timedOut(what, 0) : null;
}

/**
 * A bounded channel: many senders, many receivers.
 *
 * An item that is itself a promise arrives through `recv` as what it stands for, as any value of an async function does.
 *
 * @example
 * const pages = new Channel<Page>({ capacity: 8 });
 * void printAll(pages);
 * for (const page of book) await pages.send(page); // waits while 8 are inside
 * pages.closeSending();
 *
 * async function printAll(pages: Channel<Page>) {
 *   for await (const page of pages) await print(page); // ends when the last one is printed
 * }
 */
export class Channel<T> implements AsyncIterable<T> {
  readonly #ring: Ring<T>;
  readonly #full: FullPolicy;
  readonly #senders: Waiters<void, T>;
  readonly #receivers: Waiters<T, null>;
  #closed = false;
  #depthMax = 0;
  #sent = 0;
  #received = 0;
  #dropped = 0;
  #refused = 0;
  #returned = 0;
  #sendWaits = 0;
  #receiveWaits = 0;

  /**
   * @param given options, or the capacity alone
   * @throws {TaskerError} INVALID_ARGUMENT naming the option, its value and what was expected
   */
  constructor(given: ChannelOptions | number = {}) {
    const options: ChannelOptions = typeof given === 'number' ? { capacity: given } : given;
    refuseUnknownKeys(options, ['capacity', 'full'], 'options');
    const { capacity = capacityDefault, full = 'wait' } = options;
    requireInteger(capacity, 'options.capacity', 1, capacityMax);
    if (!policies.includes(full)) {
      const message = `options.full: ${showValue(full)}, expected one of ${policies.join(', ')}`;
      throw makeTaskerError('INVALID_ARGUMENT', message, { field: 'options.full' });
    }
    this.#ring = new Ring(capacity);
    this.#full = full;
    const signals = new Signals();
    this.#senders = new Waiters(whatSenders, signals);
    this.#receivers = new Waiters(whatReceivers, signals);
  }

  get capacity(): number {
    return this.#ring.capacity;
  }

  /** Whether one of the sides is closed: nothing can be sent any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Hands `item` in; when the channel is full, by its policy. Done when the item is inside, or with a receiver. One that is
   * not awaited waits all the same, and holds its item: who sends without awaiting is not held back.
   *
   * @returns rejects with a TaskerError CLOSED, TIMED_OUT, FULL (policy `refuse`) or INVALID_ARGUMENT (options), or with
   * the reason of the signal; then the item is not inside
   */
  send(item: T, options?: ChannelWaitOptions): Promise<void> {
    const problem = options === undefined ? null : problemOf(options);
    if (problem !== null) {
      return Promise.reject(problem);
    }
    if (this.#place(item, this.#full === 'refuse')) {
      return accepted;
    }
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        throw closedError();
      }
      if (this.#full === 'refuse') {
        throw makeTaskerError('FULL', `the channel is full: ${this.#ring.capacity} items`);
      }
      const settle: Settle<void> = { resolve, reject };
      const refusal = refusalToWait(options, whatSenders);
      if (refusal !== null) {
        settle.reject(refusal);
        return;
      }
      this.#sendWaits += 1;
      this.#senders.add(item, settle, options);
    });
  }

  /** As send, but never waits. @returns whether the item is inside; false when the channel is full or closed */
  trySend(item: T): boolean {
    return this.#place(item, true);
  }

  /**
   * The oldest item; waits for one.
   *
   * @returns rejects with a TaskerError CLOSED (when nothing is inside), TIMED_OUT or INVALID_ARGUMENT (options), or with
   * the reason of the signal
   */
  recv(options?: ChannelWaitOptions): Promise<T> {
    const problem = options === undefined ? null : problemOf(options);
    if (problem !== null) {
      return Promise.reject(problem);
    }
    if (this.#ring.size > 0) {
      return Promise.resolve(this.#take());
    }
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        throw closedError();
      }
      this.#waitToReceive({ resolve, reject }, options);
    });
  }

  /** As recv, but never waits. @returns undefined when nothing is inside */
  tryRecv(): T | undefined {
    return this.#ring.size > 0 ? this.#take() : undefined;
  }

  /** The sending side ends: see the head of this file. Waiting senders get CLOSED. */
  closeSending(): void {
    this.#closed = true;
    this.#senders.rejectAll(closedError);
    // With something inside nobody waits for it.
    this.#receivers.rejectAll(closedError);
  }

  /** The receiving side ends: see the head of this file. @returns what was inside, oldest first */
  closeReceiving(): T[] {
    const returned: T[] = [];
    while (this.#ring.size > 0) {
      returned.push(this.#ring.shift());
    }
    this.#returned += returned.length;
    this.closeSending();
    return returned;
  }

  /** As closeSending: what is inside can still be received. */
  close(): void {
    this.closeSending();
  }

  counters(): ChannelCounters {
    return {
      depth: this.#ring.size,
      depthMax: this.#depthMax,
      sendersWaiting: this.#senders.size,
      receiversWaiting: this.#receivers.size,
      sent: this.#sent,
      received: this.#received,
      dropped: this.#dropped,
      refused: this.#refused,
      returned: this.#returned,
      sendWaits: this.#sendWaits,
      receiveWaits: this.#receiveWaits,
    };
  }

  /** The items until the channel is closed and empty. To leave early closes nothing: others may receive as well. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values();
  }

  /**
   * As the channel itself in `for await`, each wait with these options.
   *
   * @returns its `next` rejects as recv does, but ends where recv rejects with CLOSED
   * @throws {TaskerError} INVALID_ARGUMENT naming the option, its value and what was expected
   */
  values(options?: ChannelWaitOptions): AsyncIterableIterator<T> {
    if (options !== undefined) {
      checkWait(options);
    }
    const waiting = new Set<Waiter<T, null>>();
    let left = false;
    const end: IteratorReturnResult<undefined> = { done: true, value: undefined };
    const next = (): Promise<IteratorResult<T>> => {
      if (left) {
        return Promise.resolve(end);
      }
      if (this.#ring.size > 0) {
        return Promise.resolve({ done: false, value: this.#take() });
      }
      if (this.#closed) {
        left = true;
        return Promise.resolve(end);
      }
      return new Promise((resolve, reject) => {
        const settled: Settle<IteratorResult<T>> = { resolve, reject };
        let waiter: Waiter<T, null> | null = null;
        const forget = (): void => {
          if (waiter !== null) {
            waiting.delete(waiter);
          }
        };
        const onItem = (value: T): void => {
          forget();
          settled.resolve({ done: false, value });
        };
        const onEnd = (reason: unknown): void => {
          forget();
          if (left || this.#closed) {
            settled.resolve(end);
          } else {
            left = true;
            settled.reject(reason);
          }
        };
        waiter = this.#waitToReceive({ resolve: onItem, reject: onEnd }, options);
        if (waiter !== null) {
          waiting.add(waiter);
        }
      });
    };
    const leave = (): Promise<IteratorResult<T>> => {
      left = true;
      for (const waiter of [...waiting]) {
        this.#receivers.giveUp(waiter, null);
      }
      return Promise.resolve(end);
    };
    const iterator: AsyncIterableIterator<T> = { next, return: leave, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  /** Puts `item` inside or hands it to a receiver. @param counted whether to have found no room is a refusal */
  #place(item: T, counted: boolean): boolean {
    if (this.#closed) {
      return false;
    }
    const receiver = this.#receivers.shift();
    if (receiver !== null) {
      this.#sent += 1;
      this.#received += 1;
      receiver.settle.resolve(item);
      return true;
    }
    if (this.#ring.full) {
      if (this.#full !== 'drop-oldest') {
        this.#refused += counted ? 1 : 0;
        return false;
      }
      this.#ring.shift();
      this.#dropped += 1;
    }
    this.#putInside(item);
    return true;
  }

  #putInside(item: T): void {
    this.#ring.push(item);
    this.#sent += 1;
    if (this.#ring.size > this.#depthMax) {
      this.#depthMax = this.#ring.size;
    }
  }

  /** The oldest item, of which there is one; the sender who has waited longest takes its room. */
  #take(): T {
    const item = this.#ring.shift();
    this.#received += 1;
    const sender = this.#senders.shift();
    if (sender !== null) {
      this.#putInside(sender.item);
      sender.settle.resolve();
    }
    return item;
  }

  #waitToReceive(settle: Settle<T>, options: ChannelWaitOptions | undefined): Waiter<T, null> | null {
    const refusal = refusalToWait(options, whatReceivers);
    if (refusal !== null) {
      settle.reject(refusal);
      return null;
    }
    this.#receiveWaits += 1;
    return this.#receivers.add(null, settle, options);
  }
}
