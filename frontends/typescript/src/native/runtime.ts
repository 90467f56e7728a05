// The native side as the rest of the package sees it: one method for each function of the contract, then ours.
import type { NativeBus } from './native-bus.js';
import type { Delivery, DoorName, ExecutorName, HandlerRegistration, Notice } from './native-door.js';
import type {
  CreatedTask,
  CreateTaskOptions,
  PutTemplateResult,
  StepAuditEntry,
  StepResponse,
  TaskListParams,
  TaskListResponse,
  TaskResponse,
  TemplateReport,
  TemplateSummary,
} from './responses.js';
import type {
  BootstrapConfig,
  BootstrapResult,
  CheckpointYieldData,
  ClientResult,
  FfiDispatchMetrics,
  DeliveryFailure,
  FfiDelivery,
  FfiDomainEvent,
  FfiStepEvent,
  JsonObject,
  LogFields,
  LogLevel,
  StepExecutionResult,
  StopResult,
  WorkerStatus,
} from './types.js';
import type { TaskerError } from '../errors/tasker-error.js';

/** A completion of a batch that was not taken. */
export interface CompletionRefusal {
  /** Place in the batch. */
  readonly index: number;
  readonly eventId: string;
  readonly error: TaskerError;
}

/** What `createTasks` answers for one request. */
export type CreateTaskOutcome = CreatedTask | { readonly error: TaskerError };

/**
 * The contract's functions in camelCase. None of them throws for a worker that is not running: they answer neutrally
 * (contract, 1.7). `load` may throw.
 */
export interface ContractRuntime {
  /** `node`, `bun` or `deno`. */
  readonly name: string;
  readonly isLoaded: boolean;
  /**
   * Loads the native side into this thread; does nothing when it is loaded.
   *
   * @param path file of the addon (`.node`) or of the C library; found by the loader when left out
   * @throws {TaskerError} NOT_FOUND, UNSUPPORTED
   */
  load(path?: string): void;
  /** Stops the worker, if any, and forgets the native side. */
  unload(): void;

  /** Version of the core, `major.minor.patch`. */
  getVersion(): string;
  /** The contract's longer version text. */
  getRustVersion(): string;
  /** Whether the native side can be called; says nothing of the worker. */
  healthCheck(): boolean;
  isWorkerRunning(): boolean;
  /** Opens a worker and starts it. @param config members of the core's configuration, or its JSON text */
  bootstrapWorker(config?: BootstrapConfig | string): BootstrapResult;
  getWorkerStatus(): WorkerStatus;
  /** Ends the worker at once; `closed()` tells when the store is closed. */
  stopWorker(): StopResult;
  /** Begins to drain: nothing new is claimed; `closed()` and `drain()` tell the end. */
  transitionToGracefulShutdown(): StopResult;

  /** One step event, or null when none waits. */
  pollStepEvents(): FfiStepEvent | null;
  /** One domain event of this process, or null when none waits. Kept from `bootstrapWorker`, or the first call, on. */
  pollInProcessEvents(): FfiDomainEvent | null;
  /** @returns whether the result was taken; false for an unknown, late or refused one */
  completeStepEvent(eventId: string, result: StepExecutionResult): boolean;
  /**
   * Stores how far a step has got and dispatches it again under a new event id. Blocks until that is durable.
   *
   * @returns whether it was taken; false for an unknown, late or refused one
   */
  checkpointYieldStepEvent(eventId: string, checkpoint: CheckpointYieldData): boolean;
  getFfiDispatchMetrics(): FfiDispatchMetrics;
  /** Logs a warning when a polled step waits for its completion for too long. */
  checkStarvationWarnings(): void;
  /** Does nothing: deadlines are kept by the core's own thread. */
  cleanupTimeouts(): void;

  logError(message: string, fields?: LogFields): void;
  logWarn(message: string, fields?: LogFields): void;
  logInfo(message: string, fields?: LogFields): void;
  logDebug(message: string, fields?: LogFields): void;
  logTrace(message: string, fields?: LogFields): void;

  /** Blocks until the task is durable. @param request the contract's create request (2.8), or its JSON text */
  clientCreateTask(request: JsonObject | string): ClientResult<TaskResponse>;
  clientGetTask(taskUuid: string): ClientResult<TaskResponse>;
  clientListTasks(params: JsonObject | string): ClientResult<TaskListResponse>;
  clientCancelTask(taskUuid: string): ClientResult<{ cancelled: true }>;
  clientListTaskSteps(taskUuid: string): ClientResult<StepResponse[]>;
  clientGetStep(taskUuid: string, stepUuid: string): ClientResult<StepResponse>;
  clientGetStepAuditHistory(taskUuid: string, stepUuid: string): ClientResult<StepAuditEntry[]>;
  clientHealthCheck(): ClientResult<{ healthy: boolean; status: string; timestamp: string }>;
}

/**
 * A worker's native side. Each object holds one worker at most, and a process may hold several objects.
 *
 * The methods below throw `TaskerError`: INVALID_STATE when no worker is open, else what the core says.
 */
export interface TaskerRuntime extends ContractRuntime {
  /** Id of the open worker, or null. */
  readonly workerId: string | null;
  /** Way into the core; null until it is loaded. */
  readonly door: DoorName | null;
  /** How news comes: `push` wakes the event loop through `onWakeup`; with `poll` the caller has to ask. */
  readonly delivery: Delivery;
  /** Why the default door could not be loaded, when another one stands in for it; else null. */
  readonly fallback: string | null;
  /** File that was loaded, or null. */
  readonly libraryPath: string | null;
  /** Opens a worker that claims nothing yet. Blocks while the store is opened and checked. */
  openWorker(config: BootstrapConfig | string): void;
  /**
   * Handlers whose steps this worker takes. A name alone keeps what is known of it, else it runs on `main`; an object
   * replaces what was said of its name before.
   */
  registerHandlers(handlers: readonly (string | HandlerRegistration)[]): void;
  /** Makes this worker take the steps of every handler, also of templates that come later. */
  registerAllHandlers(): void;
  /** Begins to claim. */
  startWorker(): void;

  /**
   * Sets what is called when step events or notices wait; null removes it. Coalesced: after a call, the next comes only
   * once polls have found the queues empty. May be set before a worker is open. Absent where only polling exists.
   */
  onWakeup?(callback: (() => void) | null): void;
  /** Up to `max` (1 to 4096) step events of an executor, or null when none waits. @param executor 'main' by default */
  pollStepEventBatch(max: number, executor?: ExecutorName): FfiStepEvent[] | null;
  /** How many steps an executor can hold, 0 to 100 000; the core claims no more for it. */
  setExecutorRoom(executor: ExecutorName, places: number): void;
  /** Names the worker for `attach` of the door in another thread. */
  attachToken(): string;
  /** Ends an attachment whose thread is gone. @returns ids of the events that it still held, which are the caller's now */
  endAttachment(id: number): string[];
  /** Gives claims of handlers that are gone back to the store, at no cost of an attempt. @returns how many */
  handBack(eventIds: readonly string[]): number;
  /** Up to `max` (1 to 4096) notices, or null when none waits. */
  pollNotices(max: number): Notice[] | null;
  /** Completes with the JSON text of a result document, and says why when it is refused. */
  completeStepEventText(eventId: string, resultJson: string): void;
  /**
   * Completes several events in one call.
   *
   * @param completionsJson JSON array of up to 4096 `{"event_id":…,"result":{…}}`
   * @returns those that were not taken, each with its place and its error
   */
  completeStepEventsText(completionsJson: string): CompletionRefusal[];
  /**
   * Stores a checkpoint (contract 2.4, JSON text) and dispatches the step again.
   *
   * @returns the new event id, when the checkpoint is durable; the nil UUID when the worker drains and the step goes on
   * elsewhere
   * @throws {TaskerError} UNKNOWN_EVENT, FENCED, CLOSED; INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT: the event stays open;
   * STORE_…: the attempt has failed, retryably, with the error type `checkpoint_error`
   */
  checkpointStepEventText(eventId: string, checkpointJson: string): Promise<string>;
  /** Names the open worker's event bus to any thread of this process. */
  busToken(): string;
  /** A port of this thread to the event bus of the worker that the token names. Throws NOT_FOUND, CLOSED. */
  openBus(token: string): NativeBus;
  /** Up to `max` (1 to 4096) domain events of this process, or null when none waits; kept from the first call on. */
  pollDomainEvents(max: number): FfiDomainEvent[] | null;

  /**
   * Subscribes this worker to durable domain events. `WorkerServer.subscribeDomainEvents` is the way for people.
   *
   * @param subscription contract/schema/event_subscription.json
   * @throws {TaskerError} INVALID_ARGUMENT naming the field; INVALID_STATE when this worker has subscribed under the name
   * already; DRAINING, CLOSED
   */
  subscribeDomainEvents(subscription: JsonObject): void;
  /** Takes no more events for the subscriber here. @throws {TaskerError} NOT_FOUND, CLOSED */
  unsubscribeDomainEvents(subscriber: string): void;
  /** Forgets a subscriber for good. @throws {TaskerError} NOT_FOUND; INVALID_STATE while a worker has it; CLOSED */
  removeSubscriber(subscriber: string): void;
  /** Up to `max` (1 to 4096) durable events for the subscribers of this worker, or null when none waits. */
  pollDeliveries(max: number): FfiDelivery[] | null;
  /** @throws {TaskerError} UNKNOWN_EVENT when the delivery is not out (any more) */
  acknowledgeDelivery(deliveryId: string): void;
  /** @throws {TaskerError} UNKNOWN_EVENT; INVALID_ARGUMENT */
  failDelivery(deliveryId: string, failure: DeliveryFailure): void;

  /** Creates tasks in as few commits as possible; one outcome for each request, in order. */
  createTasks(requests: readonly CreateTaskOptions<object>[]): Promise<CreateTaskOutcome[]>;
  /**
   * Resolves with the task's state when it has ended, whichever process ends it; `blocked_by_failures` counts.
   *
   * @param timeoutMs milliseconds; 0 waits without a limit
   * @throws {TaskerError} NOT_FOUND, TIMED_OUT, CLOSED when the worker stops first
   */
  waitForTask(taskUuid: string, timeoutMs: number): Promise<string>;
  getTask(taskUuid: string): TaskResponse;
  listTasks(params?: TaskListParams): TaskListResponse;
  listTaskSteps(taskUuid: string): StepResponse[];
  getStep(taskUuid: string, stepUuid: string): StepResponse;
  getStepAuditHistory(taskUuid: string, stepUuid: string): StepAuditEntry[];
  cancelTask(taskUuid: string): void;
  /** @returns how many failed steps were given new attempts */
  retryTask(taskUuid: string): number;
  /** Checks a YAML template and stores it. */
  putTemplate(yaml: string): PutTemplateResult;
  /** Checks a YAML template; needs no worker. */
  checkTemplate(yaml: string): TemplateReport;
  listTemplates(): TemplateSummary[];
  /** Counts and latency histograms by handler and outcome. */
  metrics(): JsonObject;
  log(level: LogLevel, message: string, fields?: LogFields): void;

  /**
   * Stops claiming, waits for running handlers up to `timeoutMs` milliseconds, hands the rest back.
   *
   * @returns how many steps were handed back
   */
  drain(timeoutMs: number): Promise<number>;
  /** Resolves when the last worker that was stopped has closed its store. */
  closed(): Promise<void>;
}
