// A thread's bridge to the event bus of a worker: what is published here reaches listeners in C++ and in all threads of the
// process, and the reverse.
import { refuseUnknownKeys, requireFunction, requireInteger, requireString, showValue } from '../errors/checks.js';
import { makeTaskerError, toTaskerError } from '../errors/convert.js';
import type { NativeBus } from '../native/native-bus.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { JsonObject } from '../native/types.js';
import { getTaskerRuntime } from '../native/thread-runtime.js';
import { patternMatches } from './bridge-middleware.js';
import {
  BridgeSubscription,
  closedError,
  listenerDepth,
  type DeliveredEvent,
  type PolledElement,
  type SubscriptionOwner,
} from './bridge-subscription.js';
import type {
  BusListener,
  BusMiddleware,
  BusPattern,
  BusSubscribeOptions,
  BusSubscription,
  EventBridgeOptions,
  RegisteredBusEvent,
} from './bridge-types.js';
import { requireSignal } from './subscriptions.js';
import type { TransitionEvents } from './transition-events.js';

/** How often the bus is asked where it can not wake this thread. */
const pollMs = 10;
const subscribeKeys = ['capacity', 'policy', 'waitMs', 'signal'] as const;

type AnyMiddleware = (event: DeliveredEvent, next: (payload?: unknown) => Promise<void>) => Promise<void> | void;
interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Publishes and subscribes on the event bus of a worker. `Events` is the map from name to payload; transitions of tasks and
 * steps are always in it. One for each thread; it keeps its event loop alive while it has subscriptions.
 *
 * @example
 * const bridge = worker.getEventBridge<{ 'page.printed': { sheets: number } }>();
 * bridge.registerEvent('page.printed', { type: 'object', required: ['sheets'] });
 * bridge.subscribe('page.*', ({ name, payload }) => console.log(name, payload.sheets));
 * await bridge.publish('page.printed', { sheets: 2 });
 */
export class EventBridge<Events extends object = object> {
  /** Names the worker's bus to `EventBridge.attach`, in any thread of this process. */
  readonly token: string;
  private readonly native: NativeBus;
  private readonly runtime: TaskerRuntime;
  private readonly options: EventBridgeOptions;
  private readonly subscriptions = new Map<number, BridgeSubscription>();
  private readonly waiting = new Map<number, Waiting>();
  private readonly middleware: { readonly pattern: string; readonly run: AnyMiddleware }[] = [];
  private listening = false;
  private timer: NodeJS.Timeout | null = null;
  private closing: Promise<void> | null = null;
  private readonly owner: SubscriptionOwner;

  /**
   * A bridge of this thread to the bus of a worker that another thread has opened.
   *
   * @param token `token` of a bridge of that worker, behind the same door
   * @throws {TaskerError} NOT_FOUND, CLOSED
   */
  static attach<Events extends object = object>(
    token: string,
    options: EventBridgeOptions & { readonly runtime?: TaskerRuntime } = {},
  ): EventBridge<Events> {
    requireString(token, 'token');
    const { runtime = getTaskerRuntime({ door: token.startsWith('ffi:') ? 'ffi' : 'addon' }), ...rest } = options;
    return new EventBridge<Events>(runtime, token, rest);
  }

  /** @internal By `WorkerServer.getEventBridge` and `attach`. */
  constructor(runtime: TaskerRuntime, token: string, options: EventBridgeOptions = {}) {
    refuseUnknownKeys(options, ['onListenerError'], 'options');
    if (options.onListenerError !== undefined) {
      requireFunction(options.onListenerError, 'options.onListenerError');
    }
    this.runtime = runtime;
    this.token = token;
    this.options = options;
    this.native = runtime.openBus(token);
    this.owner = {
      native: this.native,
      take: (subscription, max) => this.take(subscription, max),
      ended: (subscription) => {
        this.ended(subscription);
      },
      failed: (error, event, failures) => {
        this.listenerFailed(error, event, failures);
      },
    };
  }

  get isClosed(): boolean {
    return this.closing !== null;
  }

  /**
   * Makes an event known to the bus, for all who use it. The same again is no error.
   *
   * @param name segments of letters, digits, `_` and `-`, separated by dots
   * @param schema JSON Schema of its payloads; left out: any JSON is one
   * @throws {TaskerError} INVALID_ARGUMENT; INVALID_STATE when it has another schema; FULL; CLOSED
   */
  registerEvent(name: keyof Events & string, schema?: object): void {
    this.alive();
    requireString(name, 'name');
    this.asTasker(() => {
      this.native.registerEvent(name, schema === undefined ? null : JSON.stringify(schema));
    });
  }

  /** The events that are known, by name. */
  listEvents(): RegisteredBusEvent[] {
    this.alive();
    return this.asTasker(() => JSON.parse(this.native.listEvents()) as RegisteredBusEvent[]);
  }

  /**
   * Publishes an event. Without middleware it is on its way when this returns; the promise resolves when every queue has it,
   * which takes as long as a full one whose policy is to wait.
   *
   * @throws {TaskerError} NOT_FOUND (not registered, with the name that was meant); INVALID_ARGUMENT, whose `field` is the
   * place in the payload; TOO_LARGE; FULL; CLOSED; INVALID_STATE when more than 31 listeners stand behind this publish, each
   * of which published in its turn
   */
  async publish<Name extends keyof (Events & TransitionEvents) & string>(
    name: Name,
    payload: (Events & TransitionEvents)[Name],
  ): Promise<void> {
    this.alive();
    requireString(name, 'name');
    const around = this.middleware.filter(({ pattern }) => patternMatches(pattern, name));
    if (around.length === 0) {
      return this.send(name, payload);
    }
    return this.through(around, 0, name, payload);
  }

  /**
   * Calls `listener` with the events that `pattern` chooses, also with those that become known later.
   *
   * @throws {TaskerError} INVALID_ARGUMENT naming the option; NOT_FOUND for a name that is not registered; FULL; CLOSED
   */
  subscribe<Pattern extends BusPattern<Events & TransitionEvents>>(
    pattern: Pattern,
    listener: BusListener<Events & TransitionEvents, Pattern>,
    options: BusSubscribeOptions = {},
  ): BusSubscription {
    this.alive();
    requireString(pattern, 'pattern');
    requireFunction(listener, 'listener');
    const { signal } = options;
    if (signal !== undefined) {
      requireSignal(signal, 'options.signal');
      signal.throwIfAborted();
    }
    const number = this.asTasker(() => this.native.subscribe(pattern, optionsDocument(options)));
    const subscription = new BridgeSubscription(
      this.owner,
      number,
      pattern,
      listener as (event: DeliveredEvent) => unknown,
      signal,
    );
    this.subscriptions.set(number, subscription);
    this.listen();
    return subscription;
  }

  /** The same as the subscription's own `unsubscribe`. */
  unsubscribe(subscription: BusSubscription): void {
    subscription.unsubscribe();
  }

  /**
   * Puts middleware around the publishes of this bridge that `pattern` chooses, inside that which was added before.
   *
   * @throws {TaskerError} INVALID_ARGUMENT
   */
  use<Pattern extends BusPattern<Events & TransitionEvents>>(
    pattern: Pattern,
    middleware: BusMiddleware<Events & TransitionEvents, Pattern>,
  ): this {
    requireString(pattern, 'pattern');
    requireFunction(middleware, 'middleware');
    this.middleware.push({ pattern, run: middleware as AnyMiddleware });
    return this;
  }

  /** Ends all subscriptions, after which the listeners are not called any more; publishes that wait reject. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    for (const subscription of [...this.subscriptions.values()]) {
      subscription.unsubscribe();
    }
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    this.listen();
    for (const { reject } of waiting) {
      reject(closedError());
    }
    await this.native.close();
  }

  private alive(): void {
    if (this.closing !== null) {
      throw closedError();
    }
  }

  private asTasker<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw toTaskerError(error);
    }
  }

  private through(around: typeof this.middleware, index: number, name: string, payload: unknown): Promise<void> {
    const step = around[index];
    if (step === undefined) {
      return this.send(name, payload);
    }
    let called = false;
    const next = async (...changed: [payload?: unknown]): Promise<void> => {
      if (called) {
        throw makeTaskerError('INVALID_STATE', `middleware of ${step.pattern} called next twice for ${name}`);
      }
      called = true;
      await this.through(around, index + 1, name, changed.length === 0 ? payload : changed[0]);
    };
    return Promise.resolve(step.run({ name, payload }, next));
  }

  private async send(name: string, payload: unknown): Promise<void> {
    this.alive();
    const text = JSON.stringify(payload) as string | undefined;
    if (text === undefined) {
      throw makeTaskerError('INVALID_ARGUMENT', `payload: ${showValue(payload)}, expected a JSON value`, {
        field: 'payload',
      });
    }
    const depth = (listenerDepth.getStore() ?? 0) + 1;
    const number = this.asTasker(() => this.native.publish(name, text, depth));
    if (number > 0) {
      await new Promise<void>((resolve, reject) => {
        this.waiting.set(number, { resolve, reject });
        this.listen();
      });
    }
  }

  /** Hears of the bus while somebody wants to. */
  private listen(): void {
    const wanted = this.subscriptions.size > 0 || this.waiting.size > 0;
    if (wanted === this.listening) {
      return;
    }
    this.listening = wanted;
    const look = (): void => {
      this.onNews();
    };
    if (this.native.delivery === 'poll') {
      if (wanted) {
        this.timer = setInterval(look, pollMs);
      } else if (this.timer !== null) {
        clearInterval(this.timer);
        this.timer = null;
      }
      return;
    }
    try {
      this.native.setWakeup(wanted ? look : null);
    } catch (error) {
      // The worker was closed, and wakes nobody any more.
      if (wanted) {
        throw toTaskerError(error);
      }
    }
  }

  private onNews(): void {
    try {
      // Ends of publishes come with any look; this one is for when nobody listens.
      if (this.subscriptions.size === 0) {
        this.take(0, 1);
      }
      let more = false;
      for (const subscription of [...this.subscriptions.values()]) {
        more = subscription.deliver() || more;
      }
      // A flood leaves the loop to others between two batches.
      if (more) {
        setImmediate(() => {
          this.onNews();
        });
      }
    } catch (error) {
      if (toTaskerError(error).code !== 'CLOSED') {
        throw error;
      }
      void this.close();
    }
  }

  private take(subscription: number, max: number): PolledElement[] {
    const events: PolledElement[] = [];
    while (events.length < max) {
      const text = this.native.poll(max - events.length, subscription);
      if (text === null) {
        break;
      }
      for (const element of JSON.parse(text) as PolledElement[]) {
        if (element.published === undefined) {
          events.push(element);
        } else {
          this.settle(element.published, element.error);
        }
      }
    }
    return events;
  }

  private settle(number: number, error: unknown): void {
    const waiting = this.waiting.get(number);
    this.waiting.delete(number);
    if (error === undefined) {
      waiting?.resolve();
    } else {
      waiting?.reject(toTaskerError(error));
    }
    this.listen();
  }

  private ended(subscription: number): void {
    this.subscriptions.delete(subscription);
    try {
      this.native.unsubscribe(subscription);
    } catch {
      // The bus is gone, and the subscription with it.
    }
    this.listen();
  }

  private listenerFailed(error: unknown, event: DeliveredEvent, failures: number): void {
    const { onListenerError } = this.options;
    if (onListenerError !== undefined) {
      onListenerError(error, event);
    } else if ((failures & (failures - 1)) === 0) {
      const { message } = toTaskerError(error);
      this.runtime.logWarn('an event listener failed', {
        component: 'events',
        event: event.name,
        failures,
        error: message,
      });
    }
  }
}

/** The options as the core takes them. */
function optionsDocument(options: BusSubscribeOptions): string {
  refuseUnknownKeys(options, subscribeKeys, 'options');
  const { capacity, policy, waitMs } = options;
  const document: JsonObject = {};
  if (capacity !== undefined) {
    requireInteger(capacity, 'options.capacity', 1, 1_048_576);
    document['capacity'] = capacity;
  }
  if (policy !== undefined) {
    if (!['wait', 'refuse', 'drop_oldest'].includes(policy)) {
      const message = `options.policy: ${showValue(policy)}, expected 'wait', 'refuse' or 'drop_oldest'`;
      throw makeTaskerError('INVALID_ARGUMENT', message, { field: 'options.policy' });
    }
    document['policy'] = policy;
  }
  if (waitMs !== undefined) {
    requireInteger(waitMs, 'options.waitMs', 0, 3_600_000);
    document['wait_ms'] = waitMs;
  }
  return JSON.stringify(document);
}
