// What the event bridge takes and gives.
import type { JsonObject } from '../native/types.js';

/** The names of a map's events. */
type BusName<Events extends object> = keyof Events & string;

/** What can be subscribed to: a name of the map, or a pattern, of which segments are `*`. */
export type BusPattern<Events extends object> = BusName<Events> | '*' | `${string}.*` | `*.${string}`;

/** The names that a pattern chooses, as far as the map knows them. */
export type NamesOfPattern<Events extends object, Pattern> =
  Pattern extends BusName<Events>
    ? Pattern
    : Pattern extends `*${string}`
      ? BusName<Events>
      : Pattern extends `${infer Head}.*`
        ? Head extends `${string}*${string}`
          ? BusName<Events>
          : Extract<BusName<Events>, `${Head}.${string}`>
        : BusName<Events>;

/** One event, as listeners and middleware get it. */
export type BusEvent<Events extends object, Names extends BusName<Events> = BusName<Events>> = {
  readonly [Name in Names]: { readonly name: Name; readonly payload: Events[Name] };
}[Names];

/**
 * Called with one event after the other: the next comes when what the last call returned has settled. A listener that
 * throws or rejects is counted and reported, and called with the next event.
 */
export type BusListener<Events extends object, Pattern> = (
  event: BusEvent<Events, NamesOfPattern<Events, Pattern>>,
) => unknown;

/** What a publish finds when a subscriber's queue is full. */
export type BusFullPolicy = 'wait' | 'refuse' | 'drop_oldest';

/** How a subscription is kept. */
export interface BusSubscribeOptions {
  /** Events that wait in the core for the listener, 1 to 1048576. @default 1024 */
  readonly capacity?: number;
  /** A publish waits for room, or its event is lost to this subscriber, or the oldest one inside. @default 'wait' */
  readonly policy?: BusFullPolicy;
  /** How long a publish waits, in milliseconds, 0 to 3600000; then its event is lost to this subscriber. @default 30000 */
  readonly waitMs?: number;
  /** Ends the subscription. */
  readonly signal?: AbortSignal;
}

/** How a subscription fares. */
export interface BusSubscriptionCounters {
  /** Events that the listener was called with. */
  readonly delivered: number;
  /** Calls that threw or rejected. */
  readonly failures: number;
  /** Events that were lost to it: refused, dropped, not waited for long enough. */
  readonly lost: number;
  /** Events that wait. */
  readonly waiting: number;
}

/** A subscription that can be ended. */
export interface BusSubscription {
  readonly pattern: string;
  /** Whether it gets events. */
  readonly active: boolean;
  counters(): BusSubscriptionCounters;
  /** The listener is not called any more; what waits is thrown away. May be called inside it. Idempotent. */
  unsubscribe(): void;
}

/**
 * Stands around the publishes of one bridge: calls `next` once to let one through, with another payload if it likes, or not
 * at all to filter it out, which is no failure. What it throws is what the publisher gets.
 */
export type BusMiddleware<Events extends object, Pattern = '*'> = (
  event: BusEvent<Events, NamesOfPattern<Events, Pattern>>,
  next: (payload?: unknown) => Promise<void>,
) => Promise<void> | void;

/** A registered event. */
export interface RegisteredBusEvent {
  readonly name: string;
  /** JSON Schema of its payloads, or null. */
  readonly schema: JsonObject | null;
  /** Publishes of it, those that were refused, and those that middleware of C++ filtered out. */
  readonly published: number;
  readonly refused: number;
  readonly filtered: number;
}

/** Options of a bridge; each is optional. */
export interface EventBridgeOptions {
  /** Told of each listener that fails. @default a warning in the log at the 1st, 2nd, 4th, 8th … of a subscription */
  readonly onListenerError?: (error: unknown, event: { readonly name: string; readonly payload: unknown }) => void;
}
