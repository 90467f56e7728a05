// Moves step events and notices from the native queues into the loop. Woken by the core; a timer only where it can not be.
//
// States: stopped ─▶ running ─▶ stopping ─▶ stopped.
import { refuseUnknownKeys, requireInteger } from '../errors/checks.js';
import { makeTaskerError, toError, toTaskerError } from '../errors/convert.js';
import type { Notice } from '../native/native-door.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { FfiDelivery, FfiDispatchMetrics, FfiStepEvent } from '../native/types.js';
import type { TaskerEventEmitter } from './emitter.js';

export interface EventPollerConfig {
  /** Milliseconds between polls, 1 to 60 000; used only when the runtime has no wake-up. @default 10 */
  readonly pollIntervalMs?: number;
  /** Step events of one cycle, 1 to 4096; then the loop gets a turn. @default 256 */
  readonly maxEventsPerCycle?: number;
  /** Cycles between looks for steps that wait too long, 1 to 1 000 000 000. @default 100 */
  readonly starvationCheckInterval?: number;
  /** Cycles between calls of `cleanupTimeouts`, 1 to 1 000 000 000. @default 1000 */
  readonly cleanupInterval?: number;
  /** Cycles between `metrics.updated` events, 1 to 1 000 000 000. @default 100 */
  readonly metricsInterval?: number;
}

/** Pause after a cycle that failed. */
const retryAfterErrorMs = 1000;

export type PollerState = 'stopped' | 'running' | 'stopping';

const ranges: Readonly<Record<keyof EventPollerConfig, readonly [number, number, number]>> = {
  pollIntervalMs: [10, 1, 60_000],
  maxEventsPerCycle: [256, 1, 4096],
  starvationCheckInterval: [100, 1, 1_000_000_000],
  cleanupInterval: [1000, 1, 1_000_000_000],
  metricsInterval: [100, 1, 1_000_000_000],
};

/** @throws {TaskerError} INVALID_ARGUMENT naming the option */
function fillConfig(config: EventPollerConfig): Required<EventPollerConfig> {
  refuseUnknownKeys(config, Object.keys(ranges), 'config');
  const filled: Record<string, number> = {};
  for (const [key, [fallback, min, max]] of Object.entries(ranges)) {
    const value = config[key as keyof EventPollerConfig] ?? fallback;
    requireInteger(value, `config.${key}`, min, max);
    filled[key] = value;
  }
  return filled as unknown as Required<EventPollerConfig>;
}

export class EventPoller {
  private readonly runtime: TaskerRuntime;
  private readonly emitter: TaskerEventEmitter;
  private readonly config: Required<EventPollerConfig>;
  private state: PollerState = 'stopped';
  private timer: NodeJS.Timeout | null = null;
  private continuation: NodeJS.Immediate | null = null;
  private polls = 0;
  private cycles = 0;
  private stepCallback: ((event: FfiStepEvent) => void) | null = null;
  private errorCallback: ((error: Error) => void) | null = null;
  private metricsCallback: ((metrics: FfiDispatchMetrics) => void) | null = null;
  private deliveryCallback: ((delivery: FfiDelivery) => void) | null = null;
  private noticeCallback: ((notice: Notice) => void) | null = null;
  private pollOthers: (() => number) | null = null;

  constructor(runtime: TaskerRuntime, emitter: TaskerEventEmitter, config: EventPollerConfig = {}) {
    this.runtime = runtime;
    this.emitter = emitter;
    this.config = fillConfig(config);
  }

  /** @throws {TaskerError} INVALID_STATE when the runtime is not loaded */
  start(): void {
    if (!this.runtime.isLoaded) {
      throw makeTaskerError('INVALID_STATE', 'the runtime is not loaded: call load() first');
    }
    if (this.state === 'running') {
      return;
    }
    this.state = 'running';
    if (this.runtime.onWakeup === undefined || this.runtime.delivery === 'poll') {
      this.timer = setInterval(this.cycle, this.config.pollIntervalMs);
    } else {
      this.runtime.onWakeup(this.cycle);
    }
    this.emitter.publish('poller.started', { timestamp: new Date(), message: 'the poller is started' });
    // What came before the wake-up was set is waiting already.
    this.cycle();
  }

  stop(): void {
    if (this.state !== 'running') {
      return;
    }
    this.state = 'stopping';
    this.runtime.onWakeup?.(null);
    if (this.timer !== null) {
      clearTimeout(this.timer);
      this.timer = null;
    }
    if (this.continuation !== null) {
      clearImmediate(this.continuation);
      this.continuation = null;
    }
    try {
      // A drain's last words: handlers that are to stop.
      this.drainNotices();
      this.drainDeliveries();
    } catch (error) {
      this.report(error);
    }
    this.state = 'stopped';
    this.emitter.publish('poller.stopped', { timestamp: new Date(), message: 'the poller is stopped' });
  }

  getState(): PollerState {
    return this.state;
  }

  isRunning(): boolean {
    return this.state === 'running';
  }

  /** Polls of the native queue so far. */
  getPollCount(): number {
    return this.polls;
  }

  /** Wake-ups (or timer ticks) so far. */
  getCycleCount(): number {
    return this.cycles;
  }

  /** Sets what is called with each step event, after the event's listeners. */
  onStepEvent(callback: (event: FfiStepEvent) => void): this {
    this.stepCallback = callback;
    return this;
  }

  onError(callback: (error: Error) => void): this {
    this.errorCallback = callback;
    return this;
  }

  onMetrics(callback: (metrics: FfiDispatchMetrics) => void): this {
    this.metricsCallback = callback;
    return this;
  }

  /** Sets what is called with each notice. Without one, notices are taken and dropped. */
  onNotice(callback: (notice: Notice) => void): this {
    this.noticeCallback = callback;
    return this;
  }

  /** Sets what is called with each durable event for this worker's subscribers; without one they are not asked for. */
  onDelivery(callback: (delivery: FfiDelivery) => void): this {
    this.deliveryCallback = callback;
    return this;
  }

  /** Sets what polls for the other executors in each cycle, and says how many events it took. @internal */
  alsoPolls(poll: () => number): this {
    this.pollOthers = poll;
    return this;
  }

  private readonly cycle = (): void => {
    this.continuation = null;
    if (this.state !== 'running') {
      return;
    }
    this.cycles += 1;
    let taken = 0;
    try {
      taken = this.drainStepEvents() + (this.pollOthers?.() ?? 0);
      this.drainNotices();
      this.drainDeliveries();
      this.periodicChecks();
    } catch (error) {
      this.report(error);
    }
    if (taken > 0 && this.emitter.hears('poller.cycle.complete')) {
      this.emitter.publish('poller.cycle.complete', {
        eventsProcessed: taken,
        cycleNumber: this.cycles,
        timestamp: new Date(),
      });
    }
    if (taken >= this.config.maxEventsPerCycle && this.isRunning()) {
      this.continuation = setImmediate(this.cycle);
    }
  };

  /** Takes events until none waits or the cycle is full; a full cycle goes on after the loop had its turn. */
  private drainStepEvents(): number {
    const max = this.config.maxEventsPerCycle;
    let taken = 0;
    while (taken < max && this.isRunning()) {
      this.polls += 1;
      const events = this.runtime.pollStepEventBatch(max - taken);
      if (events === null || events.length === 0) {
        return taken;
      }
      taken += events.length;
      for (const event of events) {
        this.emitter.publish('step.execution.received', { event, receivedAt: new Date() });
        if (this.stepCallback !== null) {
          this.guarded(this.stepCallback, event);
        }
      }
    }
    return taken;
  }

  private drainNotices(): void {
    for (;;) {
      const notices = this.runtime.pollNotices(this.config.maxEventsPerCycle);
      if (notices === null || notices.length === 0) {
        return;
      }
      for (const notice of notices) {
        if (this.noticeCallback !== null) {
          this.guarded(this.noticeCallback, notice);
        }
      }
    }
  }

  private drainDeliveries(): void {
    if (this.deliveryCallback === null) {
      return;
    }
    for (;;) {
      const deliveries = this.runtime.pollDeliveries(this.config.maxEventsPerCycle);
      if (deliveries === null || deliveries.length === 0) {
        return;
      }
      for (const delivery of deliveries) {
        this.guarded(this.deliveryCallback, delivery);
      }
    }
  }

  private periodicChecks(): void {
    const due = (interval: number): boolean => this.cycles % interval === 0;
    if (due(this.config.cleanupInterval)) {
      this.runtime.cleanupTimeouts();
    }
    if (due(this.config.starvationCheckInterval)) {
      this.checkStarvation();
    }
    if (due(this.config.metricsInterval)) {
      this.reportMetrics();
    }
  }

  private checkStarvation(): void {
    this.runtime.checkStarvationWarnings();
    if (this.emitter.hears('poller.starvation.detected')) {
      const metrics = this.runtime.getFfiDispatchMetrics();
      if (metrics.starvation_detected) {
        this.emitter.emitStarvationDetected({ metrics });
      }
    }
  }

  private reportMetrics(): void {
    if (this.metricsCallback === null && !this.emitter.hears('metrics.updated')) {
      return;
    }
    try {
      const metrics = this.runtime.getFfiDispatchMetrics();
      this.emitter.emitMetricsUpdated({ metrics });
      if (this.metricsCallback !== null) {
        this.guarded(this.metricsCallback, metrics);
      }
    } catch (error) {
      this.emitter.publish('metrics.error', { error: toTaskerError(error), timestamp: new Date() });
    }
  }

  private report(thrown: unknown): void {
    const error = toTaskerError(thrown);
    this.emitter.publish('poller.error', { error, timestamp: new Date() });
    if (this.errorCallback !== null) {
      this.guarded(this.errorCallback, error);
    }
    if (this.isRunning() && this.timer === null && error.code !== 'CLOSED') {
      // The queues may not be empty, and then no wake-up would come.
      this.timer = setTimeout(() => {
        this.timer = null;
        this.cycle();
      }, retryAfterErrorMs);
    }
  }

  /** One item's callback must not cost the rest of its batch. */
  private guarded<T>(callback: (item: T) => void, item: T): void {
    try {
      callback(item);
    } catch (error) {
      this.emitter.emitWorkerError({ error: toError(error), context: 'callback of the poller' });
    }
  }
}

export function createEventPoller(
  runtime: TaskerRuntime,
  emitter: TaskerEventEmitter,
  config?: EventPollerConfig,
): EventPoller {
  return new EventPoller(runtime, emitter, config);
}
