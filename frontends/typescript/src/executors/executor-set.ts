// The executors of one worker beside `main`: places its handlers, starts what they need, hands events and stops on.
import { makeTaskerError, toError, toTaskerError } from '../errors/convert.js';
import type { AbortReason } from '../events/event-map.js';
import type { TaskerEventEmitter } from '../events/emitter.js';
import type { HandlerRegistry } from '../handlers/handler-registry.js';
import type { Logger } from '../log/logger.js';
import type { ExecutorName, HandlerRegistration } from '../native/native-door.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { FfiStepEvent } from '../native/types.js';
import type { Executor, ExecutorHost, ExecutorStatus } from './executor.js';
import { placementConfig, stopGraceDefaultMs, type ExecutorOptions } from './options.js';
import {
  fallBackToMain,
  placeHandler,
  placeHandlers,
  type HandlerPlacement,
  type PlacementConfig,
} from './placement.js';
import { StepReporter, workerSettler } from './step-settler.js';

type PooledExecutor = Exclude<ExecutorName, 'main'>;

/** Makes an executor; nothing is started. */
export type ExecutorFactory = (host: ExecutorHost, options: ExecutorOptions) => Executor;

/** Loaded when they are needed: threads and children load this module too, and never make any. */
const factories: Readonly<Record<PooledExecutor, () => Promise<ExecutorFactory>>> = {
  threads: async () => (await import('./threads/index.js')).makeThreadExecutor,
  process: async () => (await import('./process/index.js')).makeProcessExecutor,
};

export interface ExecutorSetParts {
  readonly runtime: TaskerRuntime;
  readonly registry: HandlerRegistry;
  readonly emitter: TaskerEventEmitter;
  readonly logger: Logger;
}

/** Steps that one poll takes for an executor. */
const pollMax = 256;

export class ExecutorSet {
  private readonly parts: ExecutorSetParts;
  private readonly options: ExecutorOptions;
  private readonly config: PlacementConfig;
  private readonly host: ExecutorHost;
  private readonly executors = new Map<PooledExecutor, Executor>();
  private readonly moving = new Set<string>();
  private threadsStart: Promise<void> | null = null;
  private pollsSoon = false;
  private placed = new Map<string, HandlerPlacement>();

  constructor(parts: ExecutorSetParts, options: ExecutorOptions) {
    this.parts = parts;
    this.options = options;
    this.config = placementConfig(options);
    const { runtime, emitter, logger } = parts;
    this.host = {
      runtime,
      emitter,
      logger,
      settler: workerSettler(runtime, emitter),
      reporter: new StepReporter(emitter),
      stopGraceMs: options.stopGraceMs ?? stopGraceDefaultMs,
      placementOf: (callable) => this.placed.get(callable),
      freed: () => {
        this.pollSoon();
      },
    };
  }

  /**
   * Places every registered handler. Nothing is started.
   *
   * @throws {TaskerError} INVALID_ARGUMENT for an unknown name, a handler that can not move, limits that conflict
   */
  place(): void {
    const { registry } = this.parts;
    const declared = registry.listHandlers().map((name) => [name, registry.executionOf(name)] as const);
    this.placed = placeHandlers(new Map(declared), this.config);
  }

  /**
   * Starts what the placed handlers need, loads the modules of those on `main`, and registers all with the core, which has
   * a worker open by now. An executor that can not run leaves its handlers to `main`.
   *
   * @throws {TaskerError} what registering says; {HandlerModuleError} when a handler of `main` can not be loaded
   */
  async start(callables: readonly string[]): Promise<void> {
    const wanted = new Set([...this.placed.values()].map(({ executor }) => executor));
    for (const name of ['threads', 'process'] as const) {
      if (wanted.has(name)) {
        await this.startExecutor(name);
      }
    }
    await Promise.all(this.of('main').map(({ callable }) => this.parts.registry.load(callable)));
    this.parts.runtime.registerHandlers([...[...this.placed.values()].map(registrationOf), ...callables]);
    for (const placement of this.placed.values()) {
      this.announce(placement);
    }
  }

  /**
   * Places a handler that was registered while the worker runs, and registers it.
   *
   * @throws {TaskerError} as placeHandler
   */
  add(name: string): void {
    const placement = placeHandler(name, this.parts.registry.executionOf(name), this.config);
    const executor = placement.executor === 'main' ? null : this.executors.get(placement.executor);
    if (executor === undefined) {
      const reason = `${placement.executor} was not started, no handler needed it`;
      void this.join(fallBackToMain(placement, reason), null);
    } else {
      void this.join(placement, executor);
    }
  }

  /**
   * Moves a handler that blocked the event loop to `threads`, from its next step on.
   *
   * @returns whether it moves; not without a module, or without threads
   */
  moveToThreads(callable: string, reason: string): boolean {
    const placement = this.placed.get(callable);
    const unmovable = placement?.executor !== 'main' || placement.address === null;
    if (unmovable || placement.source === 'fallback' || this.config.disabled.includes('threads')) {
      return false;
    }
    if (!this.moving.has(callable)) {
      this.moving.add(callable);
      this.startThreads()
        .then((threads) => this.join({ ...placement, executor: 'threads', source: 'stall', reason }, threads))
        .catch((error: unknown) => {
          this.parts.logger.warn('a handler can not be moved', { handler: callable, reason: toError(error).message });
        });
    }
    return true;
  }

  private async startThreads(): Promise<Executor> {
    this.threadsStart ??= this.executors.has('threads') ? Promise.resolve() : this.startExecutor('threads');
    await this.threadsStart;
    const threads = this.executors.get('threads');
    if (threads === undefined) {
      throw makeTaskerError('UNSUPPORTED', 'threads can not run here');
    }
    return threads;
  }

  /** Makes a handler known to its executor, then to the core; one that runs on `main` needs no executor. */
  private join(placement: HandlerPlacement, executor: Executor | null): Promise<void> | undefined {
    const register = (): void => {
      this.placed.set(placement.callable, placement);
      this.parts.runtime.registerHandlers([registrationOf(placement)]);
      this.announce(placement);
    };
    const known = executor?.add(placement);
    if (known === undefined) {
      register();
      return undefined;
    }
    return known.then(register);
  }

  /** Publishes the events that wait for relayed executors, which come back through `takes`. @returns how many */
  poll(): number {
    let taken = 0;
    for (const executor of this.executors.values()) {
      if (executor.mode !== 'relay') {
        continue;
      }
      for (let free = executor.free(); free > 0; free = executor.free()) {
        const events = this.parts.runtime.pollStepEventBatch(Math.min(free, pollMax), executor.name);
        if (events === null || events.length === 0) {
          break;
        }
        taken += events.length;
        for (const event of events) {
          this.parts.emitter.publish('step.execution.received', { event, receivedAt: new Date() });
        }
      }
    }
    return taken;
  }

  /** Polls once this turn is over: no wake-up comes for what was left because there was no place. */
  private pollSoon(): void {
    if (!this.pollsSoon) {
      this.pollsSoon = true;
      queueMicrotask(() => {
        this.pollsSoon = false;
        this.poll();
      });
    }
  }

  /** Gives an event to the executor of its handler. @returns false when the handler runs on `main` */
  takes(event: FfiStepEvent): boolean {
    const placement = this.placed.get(event.step_definition.handler.callable);
    if (placement === undefined || placement.executor === 'main') {
      return false;
    }
    const executor = this.executors.get(placement.executor);
    executor?.run(event);
    return executor !== undefined;
  }

  /** @returns whether one of the executors holds the event */
  abort(eventId: string, reason: AbortReason): boolean {
    for (const executor of this.executors.values()) {
      if (executor.abort(eventId, reason)) {
        return true;
      }
    }
    return false;
  }

  /** An attachment has ended by itself. */
  detached(attachment: number): void {
    for (const executor of this.executors.values()) {
      executor.detached?.(attachment);
    }
  }

  placements(): readonly HandlerPlacement[] {
    return [...this.placed.values()];
  }

  status(): ExecutorStatus[] {
    return [...this.executors.values()].map((executor) => executor.status());
  }

  /** Steps that threads and children hold. */
  active(): number {
    return this.status().reduce((sum, { active }) => sum + active, 0);
  }

  /**
   * Ends all executors; handlers get `graceMs` milliseconds to end.
   *
   * @returns whether all had ended by themselves
   */
  async stop(graceMs: number): Promise<boolean> {
    const ended = await Promise.all([...this.executors.values()].map((executor) => executor.stop(graceMs)));
    this.executors.clear();
    return ended.every(Boolean);
  }

  private of(executor: ExecutorName): HandlerPlacement[] {
    return [...this.placed.values()].filter((placement) => placement.executor === executor);
  }

  private async startExecutor(name: PooledExecutor): Promise<void> {
    const { logger, runtime } = this.parts;
    const make = await factories[name]();
    const executor = make(this.host, this.options);
    try {
      await executor.start(this.of(name));
    } catch (thrown) {
      const error = toTaskerError(thrown);
      await executor.stop(0);
      if (error.code !== 'UNSUPPORTED') {
        throw error;
      }
      logger.warn('an executor can not run here, its handlers run on main', { executor: name, reason: error.message });
      for (const placement of this.of(name)) {
        this.placed.set(placement.callable, fallBackToMain(placement, error.message));
      }
      return;
    }
    this.executors.set(name, executor);
    runtime.setExecutorRoom(name, executor.places);
    const { mode, reason, size } = executor.status();
    logger.info('an executor is started', { executor: name, mode, reason, size, places: executor.places });
  }

  private announce({ callable, executor, source, reason }: HandlerPlacement): void {
    this.parts.logger.debug('a handler is placed', { handler: callable, executor, source, reason });
  }
}

/** Characters, of at most three bytes each. */
const whyMax = 300;

function registrationOf({ callable, executor, execution, source, reason }: HandlerPlacement): HandlerRegistration {
  const { concurrency, deadlineMs } = execution;
  return {
    name: callable,
    executor,
    why: reason === null ? source : `${source}: ${reason}`.slice(0, whyMax),
    ...(concurrency === undefined ? {} : { maxConcurrent: concurrency }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
}
