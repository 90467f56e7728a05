// Durable domain events in this process: what subscribers ask for, and how their handlers are run.
import { refuseUnknownKeys, requireFunction, requireInteger, requireString, showValue } from '../errors/checks.js';
import { makeTaskerError, toTaskerError } from '../errors/convert.js';
import type { Logger } from '../log/logger.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { FfiDelivery, FfiDurableEvent, JsonObject } from '../native/types.js';
import { failureOfThrown } from './result-document.js';

/** A durable domain event, as its subscriber sees it. */
export interface DurableDomainEvent<Payload = JsonObject> {
  /** The same in every delivery of the event: the key for what must not be done twice. */
  readonly eventId: string;
  readonly eventName: string;
  readonly eventVersion: string;
  readonly metadata: {
    readonly taskUuid: string;
    readonly stepUuid: string | null;
    readonly stepName: string | null;
    readonly namespace: string;
    readonly correlationId: string;
    readonly firedAt: string;
    readonly firedBy: string | null;
  };
  /** The business part: the step's result, or what the handler published. Nothing is checked beyond its schema. */
  readonly payload: Payload;
  /** The result document of the step's attempt (contract 2.2). */
  readonly executionResult: JsonObject;
  /** Task, step, its definition and the results that it depends on. */
  readonly taskSequenceStep: JsonObject;
}

/** Why a subscriber's handler is to stop; the `reason` of the signal's `DeliveryRevokedError`. */
export type RevokeReason = Extract<FfiDelivery, { kind: 'revoked' }>['reason'];

/** What a subscriber's handler may ask about its delivery. */
export interface DeliveryContext {
  readonly deliveryId: string;
  readonly subscriber: string;
  /** The event's place in the outbox: grows from event to event. */
  readonly number: number;
  /** 1 for the first delivery of the event. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Aborted when the delivery is not wanted any more: what the handler still returns counts for nothing. */
  readonly signal: AbortSignal;
}

/** A subscriber and what it does with its events. */
export interface DomainEventSubscriptionOptions<Payload = JsonObject> {
  /** Name of the subscriber, 1 to 255 bytes. Processes that use the same name share its events: one has them at a time. */
  readonly subscriber: string;
  /** Names or patterns: `parcel.registered`, `parcel.*`, `*`. */
  readonly events: string | readonly string[];
  /**
   * Called for each event, at least once. When it returns, or its promise is fulfilled, the event is acknowledged; when
   * it throws, the event comes again after a back-off, and with `PermanentError` or after `maxAttempts` it is dead.
   */
  readonly handler: (event: DurableDomainEvent<Payload>, context: DeliveryContext) => unknown;
  /** Where a new subscriber begins: with the next event, or with the oldest one kept. @default 'next' */
  readonly from?: 'next' | 'oldest';
  /**
   * Events out at once, those that wait for a retry included, 1 to 1024. With 1, events are handled strictly in their
   * order; with more they are begun in order, and one that fails is overtaken by those after it. @default 16
   */
  readonly maxInFlight?: number;
  /** Deliveries of an event before it is dead, 1 to 100. @default 5 */
  readonly maxAttempts?: number;
  /** Milliseconds before the second delivery, 1 to 3 600 000; doubles with each further one. @default 1000 */
  readonly backoffBaseMs?: number;
  /** Longest such pause in milliseconds, 1 to 86 400 000. @default 300000 */
  readonly backoffMaxMs?: number;
  /** Milliseconds that a handler may take, 1 to 86 400 000. @default 300000 */
  readonly timeoutMs?: number;
  /** Ends the subscription, as `close` does. */
  readonly signal?: AbortSignal;
}

/** A subscription of this process. */
export interface DomainEventSubscription {
  readonly subscriber: string;
  /** Handlers that run now. */
  readonly active: number;
  /** Deliveries that were acknowledged, and those whose handler failed. */
  readonly acknowledged: number;
  readonly failed: number;
  /**
   * Takes no more events here and tells running handlers to stop; their events go to another process, or to the next
   * subscription of this name, at no cost. Resolves when the handlers have ended, so a handler must not wait for it. Idempotent.
   */
  close(): Promise<void>;
}

/** Why a delivery's signal was aborted. */
export class DeliveryRevokedError extends Error {
  override readonly name: string = 'AbortError';
  readonly reason: RevokeReason;

  constructor(reason: RevokeReason) {
    super(`the delivery is revoked: ${reason}`);
    this.reason = reason;
  }
}

const integers = {
  maxInFlight: ['in_flight_max', 1024],
  maxAttempts: ['max_attempts', 100],
  backoffBaseMs: ['backoff_base_ms', 3_600_000],
  backoffMaxMs: ['backoff_max_ms', 86_400_000],
  timeoutMs: ['timeout_ms', 86_400_000],
} as const;
const known = ['subscriber', 'events', 'handler', 'from', 'signal', ...Object.keys(integers)];

/** @throws {TaskerError} INVALID_ARGUMENT naming the option */
function requestOf(options: DomainEventSubscriptionOptions): JsonObject {
  if (typeof options !== 'object' || (options as object | null) === null) {
    throw makeTaskerError('INVALID_ARGUMENT', `options: ${showValue(options)}, expected an object`, {
      field: 'options',
    });
  }
  refuseUnknownKeys(options, known, 'options');
  requireString(options.subscriber, 'options.subscriber');
  requireFunction(options.handler, 'options.handler');
  const events: unknown = typeof options.events === 'string' ? [options.events] : options.events;
  if (!Array.isArray(events) || events.length === 0) {
    throw makeTaskerError('INVALID_ARGUMENT', `options.events: ${showValue(events)}, expected names or patterns`, {
      field: 'options.events',
    });
  }
  events.forEach((pattern: unknown, index) => {
    requireString(pattern, `options.events[${String(index)}]`);
  });
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw makeTaskerError('INVALID_ARGUMENT', `options.signal: ${showValue(options.signal)}, expected an AbortSignal`, {
      field: 'options.signal',
    });
  }
  const request: JsonObject = { subscriber: options.subscriber, events };
  if (options.from !== undefined) {
    if (!['next', 'oldest'].includes(options.from)) {
      throw makeTaskerError('INVALID_ARGUMENT', `options.from: ${showValue(options.from)}, expected next or oldest`, {
        field: 'options.from',
      });
    }
    request['from'] = options.from;
  }
  for (const [option, [member, max]] of Object.entries(integers)) {
    const value = options[option as keyof typeof integers];
    if (value !== undefined) {
      requireInteger(value, `options.${option}`, 1, max);
      request[member] = value;
    }
  }
  return request;
}

function eventOf(event: FfiDurableEvent): DurableDomainEvent {
  const { metadata, payload } = event;
  return {
    eventId: event.event_id,
    eventName: event.event_name,
    eventVersion: event.event_version,
    metadata: {
      taskUuid: metadata.task_uuid,
      stepUuid: metadata.step_uuid,
      stepName: metadata.step_name,
      namespace: metadata.namespace,
      correlationId: metadata.correlation_id,
      firedAt: metadata.fired_at,
      firedBy: metadata.fired_by,
    },
    payload: payload.payload,
    executionResult: payload.execution_result,
    taskSequenceStep: payload.task_sequence_step,
  };
}

class Subscription implements DomainEventSubscription {
  readonly subscriber: string;
  readonly request: JsonObject;
  readonly handler: DomainEventSubscriptionOptions['handler'];
  active = 0;
  acknowledged = 0;
  failed = 0;
  private readonly onClose: (subscription: Subscription) => void;
  private readonly idleWaiters = new Set<() => void>();
  private closing: Promise<void> | null = null;

  constructor(options: DomainEventSubscriptionOptions, onClose: (subscription: Subscription) => void) {
    this.request = requestOf(options);
    this.subscriber = options.subscriber;
    this.handler = options.handler;
    this.onClose = onClose;
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  began(): void {
    this.active += 1;
  }

  ended(): void {
    this.active -= 1;
    if (this.active === 0) {
      for (const idle of this.idleWaiters) {
        idle();
      }
      this.idleWaiters.clear();
    }
  }

  idle(): Promise<void> {
    return this.active === 0
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.idleWaiters.add(resolve);
        });
  }

  private async end(): Promise<void> {
    this.onClose(this);
    await this.idle();
  }
}

/** The subscriptions of one worker. @internal */
export class DurableSubscriptions {
  private readonly runtime: TaskerRuntime;
  private readonly logger: Logger;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly running = new Map<string, AbortController>();
  private open = false;

  constructor(runtime: TaskerRuntime, logger: Logger) {
    this.runtime = runtime;
    this.logger = logger;
  }

  /** Subscriptions that are not closed. */
  get size(): number {
    return this.subscriptions.size;
  }

  /** Adds a subscription; before the worker is open it waits for that. @throws {TaskerError} see WorkerServer */
  add(options: DomainEventSubscriptionOptions): DomainEventSubscription {
    const subscription = new Subscription(options, (closed) => {
      this.remove(closed);
    });
    const { subscriber } = subscription;
    if (this.subscriptions.has(subscriber)) {
      throw makeTaskerError('INVALID_STATE', `options.subscriber: ${subscriber} has a subscription in this worker`, {
        field: 'options.subscriber',
      });
    }
    const { signal } = options;
    if (signal?.aborted === true) {
      void subscription.close();
      return subscription;
    }
    if (this.open) {
      this.runtime.subscribeDomainEvents(subscription.request);
    }
    this.subscriptions.set(subscriber, subscription);
    signal?.addEventListener(
      'abort',
      () => {
        void subscription.close();
      },
      { once: true },
    );
    return subscription;
  }

  /** The worker is open. @throws {TaskerError} what the core says of a subscription */
  attach(): void {
    this.open = true;
    for (const subscription of this.subscriptions.values()) {
      this.runtime.subscribeDomainEvents(subscription.request);
    }
  }

  /** The worker closes: nothing is subscribed any more. */
  detach(): void {
    this.open = false;
    this.subscriptions.clear();
    for (const controller of this.running.values()) {
      controller.abort(new DeliveryRevokedError('shutdown'));
    }
  }

  /** Takes one element of `pollDeliveries`. */
  readonly take = (delivery: FfiDelivery): void => {
    if (delivery.kind === 'revoked') {
      this.running.get(delivery.delivery_id)?.abort(new DeliveryRevokedError(delivery.reason));
      return;
    }
    const subscription = this.subscriptions.get(delivery.subscriber);
    if (subscription !== undefined) {
      void this.run(subscription, delivery);
    }
  };

  private async run(subscription: Subscription, delivery: Extract<FfiDelivery, { kind: 'event' }>): Promise<void> {
    const { delivery_id: deliveryId } = delivery;
    const controller = new AbortController();
    this.running.set(deliveryId, controller);
    subscription.began();
    try {
      await subscription.handler(eventOf(delivery.event), {
        deliveryId,
        subscriber: subscription.subscriber,
        number: delivery.number,
        attempt: delivery.attempt,
        maxAttempts: delivery.max_attempts,
        signal: controller.signal,
      });
      this.settle(deliveryId, () => {
        this.runtime.acknowledgeDelivery(deliveryId);
        subscription.acknowledged += 1;
      });
    } catch (thrown) {
      const { error, errorType, retryable } = failureOfThrown(thrown);
      subscription.failed += 1;
      this.settle(deliveryId, () => {
        this.runtime.failDelivery(deliveryId, { message: error.message, error_type: errorType, retryable });
      });
    } finally {
      this.running.delete(deliveryId);
      subscription.ended();
    }
  }

  /** A delivery that is not out any more comes again by itself. */
  private settle(deliveryId: string, call: () => void): void {
    try {
      call();
    } catch (thrown) {
      const { code, message } = toTaskerError(thrown);
      const log = code === 'UNKNOWN_EVENT' || code === 'CLOSED' || code === 'INVALID_STATE' ? 'debug' : 'error';
      this.logger[log]('the end of a delivery was refused', { delivery_id: deliveryId, code, reason: message });
    }
  }

  private remove(subscription: Subscription): void {
    const { subscriber } = subscription;
    if (this.subscriptions.get(subscriber) !== subscription) {
      return;
    }
    this.subscriptions.delete(subscriber);
    if (!this.open) {
      return;
    }
    try {
      this.runtime.unsubscribeDomainEvents(subscriber);
    } catch (thrown) {
      const { code, message } = toTaskerError(thrown);
      this.logger.warn('a subscriber could not be given up', { subscriber, code, reason: message });
    }
  }
}
