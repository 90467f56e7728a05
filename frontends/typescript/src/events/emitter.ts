// The in-process bus: node's EventEmitter with one typed event map. A listener that fails never reaches the emitter.
import { EventEmitter } from 'node:events';

import { toError } from '../errors/convert.js';
import { isThenable } from '../handlers/invoke.js';
import type { TaskerEventMap, TaskerEventName, TaskerListener } from './event-map.js';

type Payload<Name extends TaskerEventName> = TaskerEventMap[Name];
type Timeless<Name extends TaskerEventName> = Omit<Payload<Name>, 'timestamp'>;

/**
 * Typed events of one worker. Listeners run at once, in the order in which they were added; one that throws or rejects
 * is reported as `worker.error` and the others still run. Errors of `worker.error` listeners become process warnings.
 */
export class TaskerEventEmitter extends EventEmitter {
  private static instances = 0;
  private readonly instanceId: string;
  /** Run after all others, so that who watches a step hears of it before its handler runs. */
  private readonly last = new Map<TaskerEventName, ((payload: never) => unknown)[]>();

  constructor() {
    super();
    TaskerEventEmitter.instances += 1;
    this.instanceId = `emitter-${TaskerEventEmitter.instances}`;
    // A worker's bus has as many listeners as its author needs; a count is no leak.
    this.setMaxListeners(0);
  }

  getInstanceId(): string {
    return this.instanceId;
  }

  override on<Name extends TaskerEventName>(name: Name, listener: TaskerListener<Name>): this {
    return super.on(name, listener);
  }

  override addListener<Name extends TaskerEventName>(name: Name, listener: TaskerListener<Name>): this {
    return super.addListener(name, listener);
  }

  override prependListener<Name extends TaskerEventName>(name: Name, listener: TaskerListener<Name>): this {
    return super.prependListener(name, listener);
  }

  override once<Name extends TaskerEventName>(name: Name, listener: TaskerListener<Name>): this {
    return super.once(name, listener);
  }

  override off<Name extends TaskerEventName>(name: Name, listener: TaskerListener<Name>): this {
    return super.off(name, listener);
  }

  override removeListener<Name extends TaskerEventName>(name: Name, listener: TaskerListener<Name>): this {
    return super.removeListener(name, listener);
  }

  override emit<Name extends TaskerEventName>(name: Name, payload: Payload<Name>): boolean {
    const ordinary = this.listenerCount(name) > 0;
    if (ordinary) {
      for (const listener of this.rawListeners(name)) {
        this.callListener(name, listener as TaskerListener<Name>, payload);
      }
    }
    const last = this.last.get(name) as readonly TaskerListener<Name>[] | undefined;
    if (last !== undefined) {
      for (const listener of last) {
        this.callListener(name, listener, payload);
      }
    }
    return ordinary || last !== undefined;
  }

  /** Whether building the payload is worth it. */
  hears(name: TaskerEventName): boolean {
    return this.listenerCount(name) > 0 || this.last.has(name);
  }

  /**
   * Adds a listener that runs after all others, whenever those were added.
   *
   * @returns a function that takes it away
   * @internal
   */
  onLast<Name extends TaskerEventName>(name: Name, listener: TaskerListener<Name>): () => void {
    this.last.set(name, [...(this.last.get(name) ?? []), listener]);
    return () => {
      const rest = (this.last.get(name) ?? []).filter((each) => each !== listener);
      if (rest.length === 0) {
        this.last.delete(name);
      } else {
        this.last.set(name, rest);
      }
    };
  }

  emitStepReceived(payload: Payload<'step.execution.received'>): boolean {
    return this.emit('step.execution.received', payload);
  }

  emitStepStarted(payload: Timeless<'step.execution.started'>): boolean {
    return this.emit('step.execution.started', { ...payload, timestamp: payload.startedAt });
  }

  emitStepCompleted(payload: Timeless<'step.execution.completed'>): boolean {
    return this.emit('step.execution.completed', { ...payload, timestamp: payload.completedAt });
  }

  emitStepFailed(payload: Timeless<'step.execution.failed'>): boolean {
    return this.emit('step.execution.failed', { ...payload, timestamp: payload.failedAt });
  }

  emitCompletionSent(payload: Timeless<'step.completion.sent'>): boolean {
    return this.emit('step.completion.sent', { ...payload, timestamp: payload.sentAt });
  }

  emitWorkerStarted(payload: Timeless<'worker.started'> = {}): boolean {
    return this.emit('worker.started', { ...payload, timestamp: new Date() });
  }

  emitWorkerReady(payload: Timeless<'worker.ready'> = {}): boolean {
    return this.emit('worker.ready', { ...payload, timestamp: new Date() });
  }

  emitWorkerShutdownStarted(payload: Timeless<'worker.shutdown.started'> = {}): boolean {
    return this.emit('worker.shutdown.started', { ...payload, timestamp: new Date() });
  }

  emitWorkerStopped(payload: Timeless<'worker.stopped'> = {}): boolean {
    return this.emit('worker.stopped', { ...payload, timestamp: new Date() });
  }

  emitWorkerError(payload: Timeless<'worker.error'>): boolean {
    return this.emit('worker.error', { ...payload, timestamp: new Date() });
  }

  emitMetricsUpdated(payload: Timeless<'metrics.updated'>): boolean {
    return this.emit('metrics.updated', { ...payload, timestamp: new Date() });
  }

  emitStarvationDetected(payload: Timeless<'poller.starvation.detected'>): boolean {
    return this.emit('poller.starvation.detected', { ...payload, timestamp: new Date() });
  }

  private callListener<Name extends TaskerEventName>(
    name: Name,
    listener: TaskerListener<Name>,
    payload: Payload<Name>,
  ): void {
    try {
      const returned: unknown = listener.call(this, payload);
      if (isThenable(returned)) {
        returned.then(undefined, (error: unknown) => {
          this.reportListener(name, error);
        });
      }
    } catch (error) {
      this.reportListener(name, error);
    }
  }

  private reportListener(name: TaskerEventName, thrown: unknown): void {
    const error = toError(thrown);
    if (name === 'worker.error' || !this.emitWorkerError({ error, context: `listener of ${name}` })) {
      process.emitWarning(`a listener of ${name} failed: ${error.message}`, 'TaskerListenerWarning');
    }
  }
}
