// The event bus behind the native door: how any thread of the process publishes and listens.

/**
 * A thread's own port to the event bus of a worker. JSON text crosses. Not to be shared between threads; it ends by itself
 * with its worker, after which calls throw CLOSED, and behind the addon with its thread's environment too. Behind FFI a
 * thread that is not the main one has to ask (`delivery` is `poll`), and should close its port before it ends.
 */
export interface NativeBus {
  /** As `NativeWorker.delivery`. */
  readonly delivery?: 'push' | 'poll';
  /**
   * Makes an event known to the bus; the same again is no error.
   *
   * @param schemaJson JSON Schema of its payloads, or null: any JSON is one
   * @throws INVALID_ARGUMENT, INVALID_JSON, INVALID_STATE (it has another schema), FULL
   */
  registerEvent(name: string, schemaJson: string | null): void;
  /** JSON array of `{"name","schema","published","refused","filtered"}`, by name. */
  listEvents(): string;
  /**
   * Publishes without waiting.
   *
   * @param depth how many listeners stand behind the publish: 1 outside of listeners, inside one that of its event + 1
   * @returns 0 when every queue has it; else a number, whose end `poll` tells: a full queue is waited for
   * @throws NOT_FOUND, INVALID_JSON, INVALID_ARGUMENT (the field is the place in the payload), TOO_LARGE, FULL;
   * INVALID_STATE when `depth` is over 32
   */
  publish(name: string, payloadJson: string, depth: number): number;
  /**
   * Subscribes a queue of this port.
   *
   * @param optionsJson null, or `{"capacity","policy":"wait"|"refuse"|"drop_oldest","wait_ms"}`
   * @returns its number
   * @throws INVALID_ARGUMENT, INVALID_JSON, NOT_FOUND, FULL
   */
  subscribe(pattern: string, optionsJson: string | null): number;
  /** @throws NOT_FOUND */
  unsubscribe(subscription: number): void;
  /** JSON object: `pattern`, `capacity`, `policy`, `depth`, `depth_max`, `delivered`, `lost`. Throws NOT_FOUND. */
  subscription(subscription: number): string;
  /**
   * JSON array of up to `max` (1..4096) `{"subscription","event","payload","depth"?}` and `{"published","error"?}`, or
   * null when none waits.
   *
   * @param subscription 0, or the one whose events are wanted; ends of publishes are given either way
   */
  poll(max: number, subscription: number): string | null;
  /** Called on this thread when something waits; coalesced. Keeps its loop alive until `close`, unless null. */
  setWakeup(onWakeup: (() => void) | null): void;
  /** Ends the port and its subscriptions. Idempotent. */
  close(): Promise<void>;
}

/** What the bus needs of an open door. */
export interface BusDoor {
  /**
   * Opens a port of this thread to the bus of a worker of this process.
   *
   * @param token what `busToken` of the worker gave, in whichever thread; of the same door
   * @throws NOT_FOUND, CLOSED, FORKED
   */
  openBus(token: string): NativeBus;
}
