// Node's emitter with the events of one typed map. It is the runtime's own `EventEmitter`, so it behaves as that does in
// all that is not said here: listeners may have an AbortSignal, and `emit` can be eventemitter3's.
//
// Where runtimes differ, so does this: on Bun a listener of `removeListener` is told of the function that was given to
// `once`, on Node and Deno of its wrapper when others remain; an AbortError has no `cause` on Deno. Over eventemitter3, and
// where rejections are captured, one thing is as before Node 24: removeAllListeners(name) while that name is being emitted
// works on the list itself, so that what listeners of `removeListener` do to it shows at once, or makes it throw.
import { EventEmitter } from 'node:events';

import { refuseUnknownKeys, showValue } from '../errors/checks.js';
import { makeTaskerError } from '../errors/convert.js';
import { captureAsNode } from './capturing-emit.js';
import type {
  AnyEventNameOf,
  EventListenerOf,
  SubscribeOptions,
  TypedEmitter,
  TypedEmitterStatics,
} from './emitter-types.js';
import { dispatchThrough, loadEventEmitter3, type EventEmitter3Class } from './eventemitter3-dispatch.js';
import { Subscriptions, requireSignal, type AnyListener } from './subscriptions.js';

export interface TypedEmitterOptions {
  /**
   * Whose `emit` it is: the runtime's own, or eventemitter3's, which is faster on some runtimes. The package eventemitter3
   * has to be installed then; its class can be given in place of its name, such as in a bundle. What can be seen is the
   * same. @default 'node'
   */
  readonly emitter?: 'node' | 'eventemitter3' | EventEmitter3Class;
  /**
   * Whether the rejection of a listener's promise becomes an `error` event, as with Node. Then `emit` is the runtime's own
   * also with eventemitter3, which does not look at what a listener returns. @default EventEmitter.captureRejections
   */
  readonly captureRejections?: boolean;
}

interface TypedBase extends TypedEmitterStatics {
  new <Events extends object>(options?: { captureRejections?: boolean | undefined }): TypedEmitter<Events>;
}
const Base = EventEmitter as unknown as TypedBase;

function emitterClass(given: unknown): EventEmitter3Class | undefined {
  if (given === undefined || given === 'node') {
    return undefined;
  }
  if (given === 'eventemitter3') {
    return loadEventEmitter3();
  }
  if (typeof given !== 'function') {
    const field = 'options.emitter';
    const expected = "'node', 'eventemitter3' or the class of eventemitter3";
    throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(given)}, expected ${expected}`, { field });
  }
  return given as EventEmitter3Class;
}

/**
 * An emitter whose events are those of `Events`, a map from name to payload.
 *
 * @example
 * const emitter = new TypedEventEmitter<{ 'page.printed': { sheets: number } }>();
 * emitter.on('page.printed', ({ sheets }) => console.log(sheets), { signal });
 */
export class TypedEventEmitter<Events extends object> extends Base<Events> {
  #subscriptions: Subscriptions | undefined;

  /** @throws {TaskerError} INVALID_ARGUMENT naming the option; UNSUPPORTED when eventemitter3 is not installed */
  constructor(options: TypedEmitterOptions = {}) {
    refuseUnknownKeys(options, ['emitter', 'captureRejections'], 'options');
    const Class = emitterClass(options.emitter);
    super({ captureRejections: options.captureRejections });
    if (options.captureRejections === true || EventEmitter.captureRejections) {
      captureAsNode(this);
    } else if (Class !== undefined) {
      dispatchThrough(this, Class);
    }
  }

  /** @param options a signal that takes the listener away */
  override on<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this {
    if (options?.signal === undefined || typeof listener !== 'function') {
      return super.on(name, listener);
    }
    return this.#subscribe(name, listener, options.signal, false, (wrapper) => super.on(name, wrapper));
  }

  /** @param options a signal that takes the listener away */
  override addListener<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this {
    if (options?.signal === undefined || typeof listener !== 'function') {
      return super.addListener(name, listener);
    }
    return this.#subscribe(name, listener, options.signal, false, (wrapper) => super.addListener(name, wrapper));
  }

  /** @param options a signal that takes the listener away */
  override prependListener<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this {
    if (options?.signal === undefined || typeof listener !== 'function') {
      return super.prependListener(name, listener);
    }
    return this.#subscribe(name, listener, options.signal, false, (wrapper) => super.prependListener(name, wrapper));
  }

  /** @param options a signal that takes the listener away */
  override once<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this {
    if (options?.signal === undefined || typeof listener !== 'function') {
      return super.once(name, listener);
    }
    return this.#subscribe(name, listener, options.signal, true, (wrapper) => super.on(name, wrapper));
  }

  /** @param options a signal that takes the listener away */
  override prependOnceListener<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
    options?: SubscribeOptions,
  ): this {
    if (options?.signal === undefined || typeof listener !== 'function') {
      return super.prependOnceListener(name, listener);
    }
    return this.#subscribe(name, listener, options.signal, true, (wrapper) => super.prependListener(name, wrapper));
  }

  override off<Name extends AnyEventNameOf<Events>>(name: Name, listener: EventListenerOf<Events, Name>): this {
    super.off(name, listener);
    this.#subscriptions?.release(name);
    return this;
  }

  override removeListener<Name extends AnyEventNameOf<Events>>(
    name: Name,
    listener: EventListenerOf<Events, Name>,
  ): this {
    super.removeListener(name, listener);
    this.#subscriptions?.release(name);
    return this;
  }

  override removeAllListeners(...names: [name?: AnyEventNameOf<Events>]): this {
    // With `undefined` as a name Node does something else than without one.
    super.removeAllListeners(...names);
    this.#subscriptions?.releaseAll();
    return this;
  }

  #subscribe(
    name: AnyEventNameOf<Events>,
    listener: unknown,
    signal: unknown,
    once: boolean,
    add: (wrapper: never) => void,
  ): this {
    requireSignal(signal, 'options.signal');
    this.#subscriptions ??= new Subscriptions(this);
    this.#subscriptions.subscribe(name, listener as AnyListener, {
      signal,
      once,
      add: add as (w: AnyListener) => void,
    });
    return this;
  }
}
