// What an emitter looks like to the compiler when its events come from one map, and what its methods take.
import type { EventEmitter } from 'node:events';

/** A type-only member by which a map of events is found again from an emitter. */
export declare const eventMap: unique symbol;

type errorMonitor = typeof EventEmitter.errorMonitor;
type MetaEventName = 'newListener' | 'removeListener';

/** The events that every emitter has besides those of its map, with the first that their listeners are called with. */
type CommonEvents = Record<'error' | errorMonitor, unknown> & Record<MetaEventName, string | symbol>;

/** A listener as newListener and removeListener tell of it. */
type ToldListener = (...args: never[]) => unknown;

/** The names of a map's events. */
export type EventNameOf<Events extends object> = keyof Events & (string | symbol);
/** The names that can be listened to: those of the map, and those that every emitter has. */
export type AnyEventNameOf<Events extends object> = EventNameOf<Events> | keyof CommonEvents;

/** What a listener of the event is called with. */
export type EventPayloadOf<Events extends object, Name extends AnyEventNameOf<Events>> = (Events & CommonEvents)[Name];

/** A listener of the event. Only newListener and removeListener give it a second argument: the listener in question. */
export type EventListenerOf<Events extends object, Name extends AnyEventNameOf<Events>> = (
  payload: EventPayloadOf<Events, Name>,
  listener: Name extends MetaEventName ? ToldListener : undefined,
) => unknown;

/** What `emit` takes after the name: the payload, which can be left out when the map says that it can be `undefined`. */
export type EventArguments<Events extends object, Name extends AnyEventNameOf<Events>> = Name extends MetaEventName
  ? [name: string | symbol, listener: ToldListener]
  : undefined extends EventPayloadOf<Events, Name>
    ? [payload?: EventPayloadOf<Events, Name>]
    : [payload: EventPayloadOf<Events, Name>];

/** How long a listener stays. */
export interface SubscribeOptions {
  /** Takes the listener away when it is aborted. One that is aborted already: the listener is not added. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of the static `once`. */
export interface OnceOptions {
  /** Ends the wait: the promise rejects with an `AbortError`. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of the static `on`. */
export interface IterateOptions<Events extends object> extends OnceOptions {
  /** Events that end the iteration. */
  readonly close?: readonly AnyEventNameOf<Events>[] | undefined;
  /** Events that wait to be taken from which on a source with `pause` is paused. @default no limit */
  readonly highWaterMark?: number | undefined;
  /** Events that wait to be taken under which it is resumed. @default 1 */
  readonly lowWaterMark?: number | undefined;
}

/** Node's emitter, its events those of one map. */
export interface TypedEmitter<Events extends object> extends EventEmitter {
  readonly [eventMap]?: Events;
  on<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this;
  addListener<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this;
  prependListener<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this;
  once<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this;
  prependOnceListener<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this;
  off<Name extends AnyEventNameOf<Events>>(name: Name, listener: EventListenerOf<Events, Name>): this;
  removeListener<Name extends AnyEventNameOf<Events>>(name: Name, listener: EventListenerOf<Events, Name>): this;
  removeAllListeners(name?: AnyEventNameOf<Events>): this;
  emit<Name extends AnyEventNameOf<Events>>(name: Name, ...args: EventArguments<Events, Name>): boolean;
  listenerCount<Name extends AnyEventNameOf<Events>>(name: Name, listener?: EventListenerOf<Events, Name>): number;
  listeners(name: AnyEventNameOf<Events>): ReturnType<EventEmitter['listeners']>;
  rawListeners(name: AnyEventNameOf<Events>): ReturnType<EventEmitter['rawListeners']>;
}

/** The static side: Node's own, with `on` and `once` typed. */
export interface TypedEmitterStatics extends Omit<typeof EventEmitter, 'on' | 'once' | 'prototype'> {
  /**
   * The events of one name, one after the other; none is lost between two turns of the loop. It ends with an event of
   * `close`, and fails with an `error` event or the signal.
   *
   * @example
   * for await (const [payload] of TaskerEventEmitter.on(worker.getEmitter(), 'step.execution.failed')) { … }
   */
  on<Events extends object, Name extends AnyEventNameOf<Events>>(
    emitter: { readonly [eventMap]?: Events },
    name: Name,
    options?: IterateOptions<Events>,
  ): AsyncIterableIterator<EventArguments<Events, Name>>;
  /** The next event of one name. Rejects with an `error` event that comes first, or with the signal. */
  once<Events extends object, Name extends AnyEventNameOf<Events>>(
    emitter: { readonly [eventMap]?: Events },
    name: Name,
    options?: OnceOptions,
  ): Promise<EventArguments<Events, Name>>;
}
