// A worker as its author holds it: handlers, templates and tasks of one store, from start to shutdown.
//
// States: initialized ─▶ starting ─▶ running ─▶ shutting_down ─▶ stopped; any ─▶ error, and from there shutdown().
import { readFile } from 'node:fs/promises';

import { makeTaskerError, toTaskerError } from '../errors/convert.js';
import type { TaskerError } from '../errors/tasker-error.js';
import { EventBridge } from '../events/bridge.js';
import type { TaskerEventEmitter } from '../events/emitter.js';
import {
  DurableSubscriptions,
  type DomainEventSubscription,
  type DomainEventSubscriptionOptions,
} from '../events/durable-subscriptions.js';
import { EventSystem } from '../events/event-system.js';
import {
  ExecutorEventNames,
  MetricsEventNames,
  PollerEventNames,
  StepEventNames,
  WorkerEventNames,
} from '../events/names.js';
import type { ExecutorStatus } from '../executors/executor.js';
import { LoopWatch } from '../events/loop-watch.js';
import { ExecutorSet } from '../executors/executor-set.js';
import { loopStallDefaultMs, stopGraceDefaultMs } from '../executors/options.js';
import type { HandlerPlacement } from '../executors/placement.js';
import type { HandlerModule } from '../handlers/handler-module.js';
import { HandlerRegistry } from '../handlers/handler-registry.js';
import type { ExecutableHandler, StepHandlerClass } from '../handlers/step-handler.js';
import { createLogger, type Logger } from '../log/logger.js';
import type { Delivery, DoorName } from '../native/native-door.js';
import { NativeRuntime } from '../native/native-runtime.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { JsonObject, WorkerStatus } from '../native/types.js';
import { HandlerSystem } from './handler-system.js';
import {
  LOG_LEVELS,
  checkOptions,
  coreConfig,
  pollerConfig,
  type TaskerWorkerOptions,
  type TemplateSource,
} from './options.js';
import { ShutdownController, type ShutdownHandler } from './shutdown-controller.js';
import { runUntilStopped, type RunOptions } from './signals.js';
import { Tasks } from './tasks.js';

export type WorkerServerState = 'initialized' | 'starting' | 'running' | 'shutting_down' | 'stopped' | 'error';

/** A snapshot for people and probes. */
export interface WorkerServerStatus {
  state: WorkerServerState;
  workerId: string | null;
  running: boolean;
  /** JavaScript runtime: `node`, `bun` or `deno`. */
  runtime: string;
  /** Way into the core; null until it is loaded. */
  door: DoorName | null;
  /** `push`: the core wakes the event loop; `poll`: a timer asks every `pollIntervalMs`. */
  delivery: Delivery;
  /** Why the default door could not be loaded, when another one stands in for it; else null. */
  doorFallback: string | null;
  processedCount: number;
  errorCount: number;
  activeHandlers: number;
  uptimeMs: number;
  /** Threads and children, and in which mode they run; empty when no handler needs them. */
  executors: ExecutorStatus[];
  /** Where each handler runs, and why; empty before the start. */
  handlers: readonly HandlerPlacementStatus[];
}

/** Where a handler runs, for people and probes. */
export type HandlerPlacementStatus = Pick<HandlerPlacement, 'executor' | 'source' | 'reason'> & {
  readonly handler: string;
};

export interface HealthCheckResult {
  healthy: boolean;
  status?: WorkerStatus;
  error?: string;
}

const drainTimeoutDefaultMs = 30_000;

const allEvents = [
  ...Object.values(StepEventNames),
  ...Object.values(ExecutorEventNames),
  ...Object.values(WorkerEventNames),
  ...Object.values(PollerEventNames),
  ...Object.values(MetricsEventNames),
];

/**
 * Runs handlers for the steps of a store, inside this process. Several may live in one process, each on a store of its
 * own or all on one.
 *
 * @example
 * ```ts
 * const worker = new WorkerServer({ storePath: 'work.db', handlers: [greet], templates: ['greeting.yaml'] });
 * await worker.start();
 * const { taskUuid } = await worker.createTask({ name: 'greeting', namespace: 'demo', context: { name: 'Ada' } });
 * console.log(await worker.waitForTask(taskUuid));
 * await worker.shutdown();
 * ```
 */
export class WorkerServer extends Tasks {
  private options: TaskerWorkerOptions;
  private readonly native: TaskerRuntime;
  private readonly handlerSystem: HandlerSystem;
  private readonly shutdownController: ShutdownController;
  private readonly logger: Logger;
  private readonly domainEvents: DurableSubscriptions;
  private events: EventSystem;
  private executors: ExecutorSet | null = null;
  private loopWatch: LoopWatch | null = null;
  /** By handler: how often it has blocked the event loop. */
  private readonly loopStalls = new Map<string, number>();
  private bridge: EventBridge | null = null;
  private state: WorkerServerState = 'initialized';
  private startedAt: number | null = null;
  private failure: TaskerError | null = null;
  private stopping: Promise<void> | null = null;
  private opening: Promise<void> = Promise.resolve();
  private unwatch: () => void = () => undefined;

  /** @throws {TaskerError} INVALID_ARGUMENT naming the option */
  constructor(options: TaskerWorkerOptions = {}) {
    const checked = checkOptions(options);
    const native = checked.runtime ?? new NativeRuntime({ door: checked.door });
    super(native);
    this.options = checked;
    this.native = native;
    this.logger = createLogger({ component: 'worker' }, (level, message, fields) => {
      // The core's own lines are left out by the core.
      if (LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.options.logLevel ?? 'trace')) {
        native.log(level, message, fields);
      }
    });
    this.shutdownController = new ShutdownController(this.logger);
    this.handlerSystem = new HandlerSystem(checked.registry ?? new HandlerRegistry());
    this.domainEvents = new DurableSubscriptions(native, this.logger);
    this.events = this.makeEventSystem(checked);
    checked.handlers?.forEach((handler) => this.register(handler));
  }

  /**
   * Loads the native side, opens the store, stores the templates, and begins to claim steps.
   *
   * @param config options over those of the constructor
   * @throws {TaskerError} INVALID_ARGUMENT, INVALID_STATE when it was started before, INVALID_TEMPLATE, STORE_… and
   * what the loader says; nothing stays open then
   */
  async start(config: TaskerWorkerOptions = {}): Promise<void> {
    this.applyConfig(config);
    this.moveTo('starting');
    try {
      this.opening = this.open();
      await this.opening;
    } catch (error) {
      this.failure = toTaskerError(error);
      this.moveTo('error');
      await this.executors?.stop(0);
      this.close();
      await this.native.closed();
      throw this.failure;
    }
    if (this.stopping !== null) {
      throw makeTaskerError('CLOSED', 'start: the worker was shut down meanwhile');
    }
    this.startedAt = performance.now();
    this.moveTo('running');
    const identity = this.native.workerId === null ? {} : { workerId: this.native.workerId };
    this.getEmitter().emitWorkerStarted(identity);
    this.getEmitter().emitWorkerReady(identity);
  }

  /**
   * Stops claiming, waits for running handlers up to `drainTimeoutMs`, hands back what is left, closes the store, runs
   * the shutdown handlers. Idempotent: every call gets the one promise.
   *
   * @throws {TaskerError} what closing the store says; the worker is stopped all the same
   */
  shutdown(): Promise<void> {
    this.stopping ??= this.stop();
    return this.stopping;
  }

  /**
   * Starts if need be, and runs until SIGTERM or SIGINT (or `shutdown`). The first signal drains; a second ends the
   * process at once with exit code 128 plus its number. The signal handlers are gone afterwards.
   *
   * @throws {TaskerError} when starting fails, or with the cause when the worker stopped by itself
   */
  async run(options: RunOptions = {}): Promise<void> {
    await runUntilStopped(this, this.shutdownController, options);
    if (this.failure !== null) {
      throw this.failure;
    }
  }

  /** Adds a function that runs at the end of `shutdown`, after those added before. */
  onShutdown(handler: ShutdownHandler): this {
    this.shutdownController.onShutdown(handler);
    return this;
  }

  /**
   * Adds a handler under its own name; a running worker claims its steps from now on. `getRegistry()` takes other names,
   * factories and resolvers.
   *
   * @throws {TaskerError} INVALID_ARGUMENT when it is no handler or has no name
   */
  register(handler: StepHandlerClass | ExecutableHandler | HandlerModule): this {
    this.getRegistry().register(handler);
    return this;
  }

  /**
   * Subscribes to durable domain events of the store, whichever process publishes them: each is handed to `handler` at
   * least once, in order, until it is acknowledged. Before `start`, the subscription waits for that; it ends with
   * `close`, its signal, or `shutdown`, which waits for running handlers as it does for steps.
   *
   * @throws {TaskerError} INVALID_ARGUMENT naming the option; INVALID_STATE when the subscriber has a subscription in
   * this worker, or the worker was shut down
   *
   * @example
   * ```ts
   * const subscription = worker.subscribeDomainEvents<{ parcelId: string }>({
   *   subscriber: 'billing',
   *   events: 'parcel.*',
   *   handler: async (event, { signal }) => {
   *     await invoice(event.payload.parcelId, event.eventId, signal);
   *   },
   * });
   * ```
   */
  subscribeDomainEvents<Payload = JsonObject>(
    options: DomainEventSubscriptionOptions<Payload>,
  ): DomainEventSubscription {
    if (this.stopping !== null || this.state === 'error') {
      throw makeTaskerError('INVALID_STATE', `subscribeDomainEvents: the worker is ${this.state}`);
    }
    // The payload's type is the author's word.
    const subscription = this.domainEvents.add(options as DomainEventSubscriptionOptions);
    this.events.getPoller().onDelivery(this.domainEvents.take);
    return subscription;
  }

  /**
   * Forgets a subscriber for good, with all that was to be delivered to it.
   *
   * @throws {TaskerError} NOT_FOUND; INVALID_STATE while a process has a subscription of that name
   */
  removeSubscriber(subscriber: string): void {
    this.native.removeSubscriber(subscriber);
  }

  healthCheck(): HealthCheckResult {
    if (this.state !== 'running') {
      return { healthy: false, error: this.failure?.message ?? `the worker is ${this.state}` };
    }
    const status = this.native.getWorkerStatus();
    return status.running
      ? { healthy: true, status }
      : { healthy: false, status, error: status.error ?? `the core is ${status.status ?? 'not running'}` };
  }

  status(): WorkerServerStatus {
    const { processedCount, errorCount, activeHandlers } = this.events.getStats();
    return {
      state: this.state,
      workerId: this.native.workerId,
      running: this.isRunning(),
      runtime: this.native.name,
      door: this.native.door,
      delivery: this.native.delivery,
      doorFallback: this.native.fallback,
      processedCount,
      errorCount,
      activeHandlers,
      uptimeMs: this.startedAt === null ? 0 : Math.round(performance.now() - this.startedAt),
      executors: this.executors?.status() ?? [],
      handlers: (this.executors?.placements() ?? []).map(({ callable, executor, source, reason }) => ({
        handler: callable,
        executor,
        source,
        reason,
      })),
    };
  }

  getState(): WorkerServerState {
    return this.state;
  }

  getWorkerId(): string | null {
    return this.native.workerId;
  }

  isRunning(): boolean {
    return this.state === 'running';
  }

  getHandlerSystem(): HandlerSystem {
    return this.handlerSystem;
  }

  getRegistry(): HandlerRegistry {
    return this.handlerSystem.getRegistry();
  }

  getEventSystem(): EventSystem {
    return this.events;
  }

  getEmitter(): TaskerEventEmitter {
    return this.events.getEmitter();
  }

  /**
   * This thread's bridge to the worker's event bus; the same object until the worker stops.
   *
   * @throws {TaskerError} INVALID_STATE when the worker is not open
   */
  getEventBridge<Events extends object = object>(): EventBridge<Events> {
    if (this.bridge === null || this.bridge.isClosed) {
      this.bridge = new EventBridge(this.native, this.native.busToken());
    }
    return this.bridge as unknown as EventBridge<Events>;
  }

  getRuntime(): TaskerRuntime {
    return this.native;
  }

  /**
   * Counts and latency histograms by handler and outcome; under `executors`, counts of threads and children, with each rung
   * of the stop ladder; under `loop_stalls`, how often handlers have blocked the event loop.
   *
   * @throws {TaskerError} INVALID_STATE when not open
   */
  metrics(): JsonObject {
    const status = this.executors?.status() ?? [];
    return {
      ...this.native.metrics(),
      ...(status.length === 0 ? {} : { executors: Object.fromEntries(status.map((each) => [each.executor, each])) }),
      ...(this.loopStalls.size === 0 ? {} : { loop_stalls: Object.fromEntries(this.loopStalls) }),
    };
  }

  private applyConfig(config: TaskerWorkerOptions): void {
    if (this.state !== 'initialized') {
      throw makeTaskerError('INVALID_STATE', `start: the worker is ${this.state}, expected initialized`);
    }
    if (Object.keys(config).length === 0) {
      return;
    }
    for (const key of ['runtime', 'door', 'registry', 'onEvent'] as const) {
      if (config[key] !== undefined) {
        throw makeTaskerError('INVALID_ARGUMENT', `config.${key}: give it to the constructor`, {
          field: `config.${key}`,
        });
      }
    }
    checkOptions(config).handlers?.forEach((handler) => this.register(handler));
    const merged = { ...this.options, ...config };
    this.options = checkOptions(merged);
    if (Object.keys(pollerConfig(config)).length > 0) {
      this.events = this.makeEventSystem(this.options, this.events);
    }
  }

  private makeEventSystem(options: TaskerWorkerOptions, previous?: EventSystem): EventSystem {
    const events = new EventSystem(this.native, this.getRegistry(), {
      poller: pollerConfig(options),
      ...(previous === undefined ? {} : { emitter: previous.getEmitter() }),
    });
    events.onWorkerFailed((error) => {
      this.failed(error);
    });
    const { onEvent } = options;
    if (onEvent !== undefined && previous === undefined) {
      for (const name of allEvents) {
        events.getEmitter().on(name, (payload) => {
          onEvent(name, payload);
        });
      }
    }
    return events;
  }

  private async open(): Promise<void> {
    const { options, native } = this;
    native.load(options.addonPath ?? options.libraryPath);
    await this.handlerSystem.loadFromEnv();
    const registry = this.getRegistry();
    const executors = new ExecutorSet(
      { runtime: native, registry, emitter: this.getEmitter(), logger: this.logger },
      options,
    );
    executors.place();
    const templates = await Promise.all((options.templates ?? []).map(readTemplate));
    native.openWorker(coreConfig(options));
    for (const yaml of templates) {
      native.putTemplate(yaml);
    }
    this.executors = executors;
    this.events.useExecutors(executors);
    this.unwatch = registry.watch((name) => {
      executors.add(name);
    });
    this.watchLoop(executors);
    await executors.start(options.callables ?? []);
    if (this.domainEvents.size > 0) {
      this.events.getPoller().onDelivery(this.domainEvents.take);
    }
    this.events.start();
    this.domainEvents.attach();
    native.startWorker();
  }

  /** Names handlers that block the loop, and moves them if that is wanted. */
  private watchLoop(executors: ExecutorSet): void {
    const { loopStallMs = loopStallDefaultMs, onLoopStall = 'warn' } = this.options;
    if (loopStallMs === 0) {
      return;
    }
    this.loopWatch = new LoopWatch(loopStallMs, (event, blocked) => {
      const handlerName = event.step_definition.handler.callable;
      const stepName = event.step_definition.name;
      const blockedMs = Math.round(blocked);
      this.loopStalls.set(handlerName, (this.loopStalls.get(handlerName) ?? 0) + 1);
      const moved =
        onLoopStall === 'move' && executors.moveToThreads(handlerName, `it blocked the loop for ${blockedMs} ms`);
      this.getEmitter().publish('handler.loop.stalled', {
        eventId: event.event_id,
        stepUuid: event.step_uuid,
        taskUuid: event.task_uuid,
        stepName,
        handlerName,
        blockedMs,
        moved,
        timestamp: new Date(),
      });
      this.logger.warn('a handler blocked the event loop', {
        task_id: event.task_uuid,
        step: stepName,
        handler: handlerName,
        blocked_ms: blockedMs,
        advice: moved ? 'it runs in threads from its next step on' : "give it executor: 'threads'",
      });
    });
    this.events.getSubscriber().watchedBy(this.loopWatch);
  }

  private async stop(): Promise<void> {
    this.shutdownController.trigger('shutdown');
    await this.opening.catch(() => undefined);
    const wasOpen = this.native.isWorkerRunning();
    this.moveTo('shutting_down');
    this.getEmitter().emitWorkerShutdownStarted();
    let problem: TaskerError | null = null;
    try {
      if (wasOpen) {
        await this.drainAndClose();
      }
    } catch (error) {
      problem = toTaskerError(error);
    }
    await this.shutdownController.executeHandlers();
    this.moveTo('stopped');
    this.getEmitter().emitWorkerStopped();
    if (problem !== null) {
      throw problem;
    }
  }

  /** What the options say, else what the core took from its variables. */
  private drainTimeoutMs(): number {
    return this.options.drainTimeoutMs ?? this.native.getWorkerStatus().drain_timeout_ms ?? drainTimeoutDefaultMs;
  }

  private async drainAndClose(): Promise<void> {
    const { native } = this;
    try {
      if (this.failure === null) {
        const handedBack = await native.drain(this.drainTimeoutMs());
        if (handedBack > 0) {
          this.logger.warn('steps were handed back', { count: handedBack });
        }
      }
    } finally {
      await this.events.stop(this.options.stopGraceMs ?? stopGraceDefaultMs);
      await this.bridge?.close();
      this.close();
      await native.closed();
    }
  }

  /** Leaves nothing open or listening. */
  private close(): void {
    this.unwatch();
    this.domainEvents.detach();
    this.events.getPoller().stop();
    this.events.getSubscriber().stop();
    this.loopWatch?.stop();
    // A failure to close it is the worker's own, which is told of.
    this.bridge?.close().catch(() => undefined);
    this.native.stopWorker();
  }

  private failed(error: TaskerError): void {
    if (this.state === 'running') {
      this.failure = error;
      this.moveTo('error');
      this.logger.error('the worker stopped by itself', { code: error.code, reason: error.message });
      this.shutdownController.trigger('failure');
    }
  }

  private moveTo(state: WorkerServerState): void {
    if (this.native.isLoaded) {
      this.logger.debug('worker state', { from: this.state, to: state });
    }
    this.state = state;
  }
}

/** @throws {TaskerError} NOT_FOUND for a file that can not be read */
async function readTemplate(source: TemplateSource): Promise<string> {
  if (typeof source === 'object' && 'yaml' in source) {
    return source.yaml;
  }
  try {
    return await readFile(source, 'utf8');
  } catch (error) {
    const { message } = toTaskerError(error);
    throw makeTaskerError('NOT_FOUND', `template: ${message}`, { field: 'options.templates', cause: error });
  }
}

/** The contract's factory; the same as the constructor. */
export function createWorkerServer(options: TaskerWorkerOptions = {}): WorkerServer {
  return new WorkerServer(options);
}

/** Makes a worker, starts it and runs it until a signal stops it: all that a worker's program needs. */
export async function runWorker(options: TaskerWorkerOptions & RunOptions = {}): Promise<void> {
  const { signals, ...workerOptions } = options;
  await new WorkerServer(workerOptions).run(signals === undefined ? {} : { signals });
}
