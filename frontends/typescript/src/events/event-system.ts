// Poller, bus and subscriber of one worker, wired together.
import type { HandlerRegistry } from '../handlers/handler-registry.js';
import type { Notice } from '../native/native-door.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { FfiStepEvent } from '../native/types.js';
import { toTaskerError } from '../errors/convert.js';
import type { TaskerError } from '../errors/tasker-error.js';
import type { AbortReason } from './event-map.js';
import { TaskerEventEmitter } from './emitter.js';
import { EventPoller, type EventPollerConfig } from './poller.js';
import { StepExecutionSubscriber, type StepExecutionSubscriberConfig } from './subscriber.js';

export interface EventSystemConfig {
  readonly poller?: EventPollerConfig;
  readonly subscriber?: StepExecutionSubscriberConfig;
  /** The bus to use. @default one of its own */
  readonly emitter?: TaskerEventEmitter;
}

export interface EventSystemStats {
  running: boolean;
  processedCount: number;
  errorCount: number;
  activeHandlers: number;
  pollCount: number;
}

/** What runs the handlers that are not on `main`, as far as the events of a worker concern it. */
export interface OtherExecutors {
  /** Takes a step that was polled here; false when its handler is on `main`. */
  takes(event: FfiStepEvent): boolean;
  /** Polls for them. @returns how many steps were taken */
  poll(): number;
  /** @returns whether the step was one of theirs */
  abort(eventId: string, reason: AbortReason): boolean;
  detached(attachment: number): void;
  /** @returns whether all handlers ended in time, in milliseconds */
  stop(drainTimeoutMs: number): Promise<boolean>;
  status(): readonly { readonly processed: number; readonly failed: number; readonly active: number }[];
}

export class EventSystem {
  private readonly emitter: TaskerEventEmitter;
  private readonly poller: EventPoller;
  private readonly subscriber: StepExecutionSubscriber;
  private executors: OtherExecutors | null = null;
  private workerFailed: ((error: TaskerError) => void) | null = null;

  constructor(runtime: TaskerRuntime, registry: HandlerRegistry, config: EventSystemConfig = {}) {
    this.emitter = config.emitter ?? new TaskerEventEmitter();
    this.poller = new EventPoller(runtime, this.emitter, config.poller);
    this.subscriber = new StepExecutionSubscriber(this.emitter, registry, runtime, config.subscriber);
    this.poller.onNotice((notice) => {
      this.onNotice(notice);
    });
  }

  /** Sets where handlers beside those on `main` run. @internal */
  useExecutors(executors: OtherExecutors): this {
    this.executors = executors;
    this.subscriber.routesTo((event) => executors.takes(event));
    this.poller.alsoPolls(() => executors.poll());
    return this;
  }

  /** @throws {TaskerError} INVALID_STATE when the runtime is not loaded */
  start(): void {
    this.subscriber.start();
    this.poller.start();
  }

  /**
   * Stops polling, waits for the handlers that run, stops listening.
   *
   * @param drainTimeoutMs how long to wait, in milliseconds
   * @returns whether all handlers ended in time
   */
  async stop(drainTimeoutMs = 30_000): Promise<boolean> {
    this.poller.stop();
    const [drained, ended] = await Promise.all([
      this.subscriber.waitForCompletion(drainTimeoutMs),
      this.executors?.stop(drainTimeoutMs) ?? true,
    ]);
    this.subscriber.stop();
    return drained && ended;
  }

  isRunning(): boolean {
    return this.poller.isRunning();
  }

  getEmitter(): TaskerEventEmitter {
    return this.emitter;
  }

  getPoller(): EventPoller {
    return this.poller;
  }

  getSubscriber(): StepExecutionSubscriber {
    return this.subscriber;
  }

  getStats(): EventSystemStats {
    const others = this.executors?.status() ?? [];
    const sum = (of: (status: (typeof others)[number]) => number): number =>
      others.reduce((total, status) => total + of(status), 0);
    return {
      running: this.isRunning(),
      processedCount: this.subscriber.getProcessedCount() + sum((status) => status.processed),
      errorCount: this.subscriber.getErrorCount() + sum((status) => status.failed),
      activeHandlers: this.subscriber.getActiveHandlers() + sum((status) => status.active),
      pollCount: this.poller.getPollCount(),
    };
  }

  /** Sets what is called when the worker has stopped by itself. */
  onWorkerFailed(callback: (error: TaskerError) => void): this {
    this.workerFailed = callback;
    return this;
  }

  private onNotice(notice: Notice): void {
    switch (notice.kind) {
      case 'abort':
        if (!this.subscriber.abort(notice.event_id, notice.reason)) {
          this.executors?.abort(notice.event_id, notice.reason);
        }
        return;
      case 'detached':
        this.executors?.detached(notice.attachment);
        return;
      case 'refused':
        this.emitter.publish('step.completion.refused', { eventId: notice.event_id, timestamp: new Date() });
        return;
      case 'failed': {
        const error = toTaskerError(notice.error);
        this.emitter.emitWorkerError({ error, context: 'the worker stopped by itself' });
        this.workerFailed?.(error);
      }
    }
  }
}
