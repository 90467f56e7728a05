// The native door: what the core offers to JavaScript, whichever way it is reached. What it offers to executors is in
// native-executors.ts.
export type {
  ExecutorDoor,
  ExecutorName,
  ExecutorWorker,
  HandlerRegistration,
  NativeAttachment,
} from './native-executors.js';

export type { BusDoor, NativeBus } from './native-bus.js';
import type { BusDoor } from './native-bus.js';
import type { ExecutorDoor, ExecutorWorker } from './native-executors.js';

/** Way into the core: the Node-API addon, or the C library through the runtime's FFI. */
export type DoorName = 'addon' | 'ffi';

/** How news reaches JavaScript: the core wakes the event loop, or a timer asks. */
export type Delivery = 'push' | 'poll';

/**
 * A door that is open: one method for each method of the core's `Worker`, JSON text across.
 *
 * Every method throws an `Error` with `code` (contract/errors.def), `field` and `retryable` on wrong use or failure.
 * Methods that return a promise reject with the same. `null` means "not given"; `undefined` is refused.
 */
export interface NativeDoor extends BusDoor, ExecutorDoor {
  /** Version of the core, `major.minor.patch`. */
  version(): string;
  /** Number of the interface behind the door; the package and the file have to agree on it. */
  abiVersion(): number;
  /**
   * Opens the store named in `configJson` and registers a worker in it. Blocks while the file is opened, migrated and
   * checked.
   */
  openWorker(configJson: string): NativeWorker;
  /** Checks a YAML template. Returns `{"ok":boolean,"problems":[{"line","field","reason"}],"template":object|null}`. */
  checkTemplate(yaml: string): string;
  /** A line through the core's logger; `fieldsJson` is an object of scalars, or null. */
  log(level: 'trace' | 'debug' | 'info' | 'warn' | 'error', message: string, fieldsJson: string | null): void;
}

export interface NativeWorker extends ExecutorWorker {
  /** Whether `setWakeup` works; absent is `push`. With `poll`, the caller has to ask by itself. */
  readonly delivery?: Delivery;
  /** Steps of every handler are claimed from now on, also of templates that come later. */
  registerAllHandlers(): void;
  start(): void;
  /**
   * Called on this thread when step events or notices wait; coalesced: after a call, the next one comes only once a poll
   * has found the queues empty. Keeps the event loop alive until `close`, unless `setWakeup(null)`.
   */
  setWakeup(onWakeup: (() => void) | null): void;
  /** JSON array of up to `max` notices (see Notice), or null when none waits. */
  pollNotices(max: number): string | null;
  /** Throws UNKNOWN_EVENT, FENCED, INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT, FULL, CLOSED. */
  completeStepEvent(eventId: string, resultJson: string): void;
  /**
   * JSON array of `{"event_id","result":{…}}`, up to 4096; null when all were taken, else a JSON array of
   * `{"index","event_id","error":{…}}` of those that were not.
   */
  completeStepEvents(completionsJson: string): string | null;
  /**
   * Stores a checkpoint (contract 2.4) and dispatches the step again; resolves with the new event id when it is durable.
   * UNKNOWN_EVENT, FENCED, INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT (the event stays open), CLOSED, STORE_… (the attempt
   * has failed, retryably, with the error type `checkpoint_error`).
   */
  checkpointStepEvent(eventId: string, checkpointJson: string): Promise<string>;
  /** The same, blocking. */
  checkpointStepEventSync(eventId: string, checkpointJson: string): string;
  /** Domain events are kept for `pollDomainEvents` from now on, the newest 2000. */
  keepDomainEvents(): void;
  /** JSON array of up to `max` (1..4096) domain events of the contract's 2.7, or null when none waits. */
  pollDomainEvents(max: number): string | null;
  /**
   * Subscribes to durable domain events: contract/schema/event_subscription.json. Blocks for a commit. INVALID_STATE when
   * this worker has subscribed under the name already.
   */
  subscribeDomainEvents(subscriptionJson: string): void;
  /** Takes no more events for the subscriber; what is out is revoked at no cost. Blocks for a commit. NOT_FOUND. */
  unsubscribeDomainEvents(subscriber: string): void;
  /** Forgets a subscriber for good. Blocks for a commit. NOT_FOUND; INVALID_STATE while a worker has it. */
  removeSubscriber(subscriber: string): void;
  /** JSON array of up to `max` (1..4096) items of contract/schema/event_delivery.json, or null when none waits. */
  pollDeliveries(max: number): string | null;
  /** UNKNOWN_EVENT when the delivery is not out (any more). */
  acknowledgeDelivery(deliveryId: string): void;
  /** `failureJson`: `{"message","error_type","retryable"}`. UNKNOWN_EVENT, INVALID_JSON, INVALID_ARGUMENT. */
  failDelivery(deliveryId: string, failureJson: string): void;
  /** JSON array of task requests (contract 2.8) to a JSON array of `{"task_uuid","duplicate"}` or `{"error":{…}}`. */
  createTasks(requestsJson: string): Promise<string>;
  /** The same for one request, blocking until it is durable; returns `{"task_uuid","duplicate"}`. */
  createTaskSync(requestJson: string): string;
  /**
   * Resolves with the task's status once it has ended (complete, blocked_by_failures, error, cancelled,
   * resolved_manually), whichever process ended it. Rejects with NOT_FOUND, TIMED_OUT (`timeoutMs` 0: never) or CLOSED.
   */
  waitForTask(taskUuid: string, timeoutMs: number): Promise<string>;
  /** Checks and stores a YAML template; returns `{"namespace","name","version","revision","changed"}`. */
  putTemplate(yaml: string): string;
  getTask(taskUuid: string): string;
  listTasks(paramsJson: string): string;
  listTaskSteps(taskUuid: string): string;
  getStep(taskUuid: string, stepUuid: string): string;
  getStepAuditHistory(taskUuid: string, stepUuid: string): string;
  listTemplates(): string;
  cancelTask(taskUuid: string): void;
  /** What `openBus` of the door takes, in whichever thread; names this worker in this process while it is open. */
  busToken(): string;
  /** Number of steps that were given new attempts. */
  retryTask(taskUuid: string): number;
  status(): string;
  metrics(): string;
  dispatchMetrics(): string;
  /** Logs one warning for each event that runs longer than 10 s and was not reported before. */
  checkStarvationWarnings(): void;
  /** Resolves with the number of steps handed back. */
  drain(timeoutMs: number): Promise<number>;
  /** Stops at once and closes the store; later calls of any other method throw CLOSED. Idempotent. */
  close(): Promise<void>;
}

/** An element of `pollNotices`. */
export type Notice =
  | { kind: 'abort'; event_id: string; reason: 'timeout' | 'cancel' | 'lease_lost' | 'shutdown' }
  | { kind: 'refused'; event_id: string }
  /** The attachment has ended by itself, by `detach` or with its thread, and held so many events: `endAttachment`. */
  | { kind: 'detached'; attachment: number; held: number }
  | { kind: 'failed'; error: { code: string; message: string } };
