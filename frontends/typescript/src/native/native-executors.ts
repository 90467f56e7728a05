// Executors behind the native door: where handlers run, and how any thread of the process takes their steps.

/**
 * Where a handler runs: on the main event loop, in a worker thread, in a child process. Each has a dispatch channel of
 * its own in the core.
 */
export type ExecutorName = 'main' | 'threads' | 'process';

/** A handler whose steps the worker takes, and how. */
export interface HandlerRegistration {
  /** Its callable, 1 to 500 bytes. */
  readonly name: string;
  /** @default 'main' */
  readonly executor?: ExecutorName;
  /** How many of its steps may be claimed at once, 1 to 100000. @default no limit beside the executor's room */
  readonly maxConcurrent?: number;
  /**
   * Deadline of its steps in milliseconds, 1 to 86400000, where the template has no `timeout_seconds`.
   *
   * @default the worker's `handler_timeout_ms`
   */
  readonly deadlineMs?: number;
  /** Why it runs there, for people: `tasker worker list` shows it. At most 1000 bytes. */
  readonly why?: string;
}

/** What executors need of an open door. */
export interface ExecutorDoor {
  /**
   * Attaches this thread to a worker of this process: it takes steps of one executor straight from the core. The
   * worker's own thread may attach too.
   *
   * @param token what `attachToken` of the worker gave, in whichever thread; of the same door
   * @param name for log and status, 1 to 255 bytes
   * @throws NOT_FOUND (no worker of this door and process has the token), CLOSED, FORKED, DRAINING, INVALID_ARGUMENT
   */
  attach(token: string, executor: ExecutorName, name: string): NativeAttachment;
}

/** What executors need of a worker. */
export interface ExecutorWorker {
  /**
   * Adds handlers; steps for them are claimed from now on. A name alone keeps what is known of it, else it runs on
   * `main`. An object replaces what was said of its name before; steps that wait already stay on their channel.
   */
  registerHandlers(handlers: readonly (string | HandlerRegistration)[]): void;
  /**
   * How many steps an executor can hold, 0 to 100000: claimed, queued, running, or ended in the core's books while their
   * handler still runs. Until it is said, `main` has `max_concurrent_handlers` of them, `threads` and `process` have
   * `threads_room` and `process_room` (0). Less room than is taken claims nothing until enough are gone.
   */
  setExecutorRoom(executor: ExecutorName, places: number): void;
  /**
   * JSON array of up to `max` (1..4096) step events of the contract's 2.1, of the executor's channel, or null when none
   * waits. @param executor 'main' by default
   */
  pollStepEvents(max: number, executor?: ExecutorName): string | null;
  /** What `attach` takes: names this worker in this process, for as long as it is open. */
  attachToken(): string;
  /**
   * Ends an attachment whose thread is gone, or has detached. Its calls throw CLOSED from now on and its wake-up is not
   * called any more. Places of steps that were timed out, cancelled or lost before are free again; the others are this
   * worker's to settle, each by `completeStepEvent` or `handBack`.
   *
   * @returns JSON array of the event ids that it still held; `[]` also when there is no such attachment (any more)
   */
  endAttachment(id: number): string;
  /**
   * Gives claims back to the store, at no cost of an attempt: for handlers that were stopped through no fault of their
   * own. Their places are free at once, so the handlers have to be gone. Ids of steps that were timed out, cancelled or
   * lost only free their place; unknown ones are passed over.
   *
   * @returns how many claims were handed back
   */
  handBack(eventIds: readonly string[]): number;
}

/**
 * A thread's own way to a worker. Every call but `detach` throws CLOSED once the attachment or its worker has ended. Not
 * to be shared between threads. Behind the addon it ends by itself with its thread's environment; behind FFI its thread
 * has to ask (`delivery` is `poll`), and one that ends without `detach` is ended by the owner's `endAttachment`.
 */
export interface NativeAttachment {
  /** Names it in notices, in the status and for `endAttachment`; never used twice in a worker. */
  readonly id: number;
  /** As `NativeWorker.delivery`. */
  readonly delivery?: 'push' | 'poll';
  /** As `NativeWorker.pollStepEvents`, of the executor's channel; the attachment holds them from now on. */
  pollStepEvents(max: number): string | null;
  /**
   * As `NativeWorker.pollNotices`, for events that this attachment took, and `failed`. The worker's own notices have
   * them too.
   */
  pollNotices(max: number): string | null;
  /**
   * Called on this thread when steps or notices wait. A step wakes one idle attachment of its executor, the one that
   * holds the fewest steps; idle is who has polled fewer than it asked for. Keeps this thread's event loop alive until
   * `detach`, unless `setWakeup(null)`.
   */
  setWakeup(onWakeup: (() => void) | null): void;
  /** As `NativeWorker.completeStepEvent`, for events that this attachment holds. */
  completeStepEvent(eventId: string, resultJson: string): void;
  completeStepEvents(completionsJson: string): string | null;
  checkpointStepEvent(eventId: string, checkpointJson: string): Promise<string>;
  checkpointStepEventSync(eventId: string, checkpointJson: string): string;
  /** As `ExecutorWorker.handBack`, for events that this attachment holds. */
  handBack(eventIds: readonly string[]): number;
  /**
   * Ends the attachment. What it still holds stays taken until the worker's owner has called `endAttachment`; a
   * `detached` notice tells it. Idempotent.
   */
  detach(): void;
}
