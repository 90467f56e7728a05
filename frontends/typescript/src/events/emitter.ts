// The in-process bus: an emitter of the one typed event map, and how the worker speaks through it.
import { toError } from '../errors/convert.js';
import { isThenable } from '../handlers/invoke.js';
import type { TaskerEventMap, TaskerEventName, TaskerListener } from './event-map.js';
import { TypedEventEmitter, type TypedEmitterOptions } from './typed-emitter.js';

type Payload<Name extends TaskerEventName> = TaskerEventMap[Name];
type Timeless<Name extends TaskerEventName> = Omit<Payload<Name>, 'timestamp'>;
type LastListener = (payload: never) => unknown;

/**
 * Typed events of one worker.
 *
 * `emit` is Node's: a listener that throws ends it, and whoever called it gets what was thrown. The worker itself speaks
 * with `publish` and the helpers below: there each listener is called, and one that throws or rejects is reported as
 * `worker.error`.
 */
export class TaskerEventEmitter extends TypedEventEmitter<TaskerEventMap> {
  private static instances = 0;
  readonly #instanceId: string;
  /** Run after all others, so that who watches a step hears of it before its handler runs. */
  readonly #last = new Map<TaskerEventName, readonly LastListener[]>();
  #emitsToLast = false;

  /** @throws {TaskerError} as TypedEventEmitter */
  constructor(options: TypedEmitterOptions = {}) {
    super(options);
    TaskerEventEmitter.instances += 1;
    this.#instanceId = `emitter-${TaskerEventEmitter.instances}`;
  }

  getInstanceId(): string {
    return this.#instanceId;
  }

  /**
   * As `emit`, but a listener that fails harms nobody: the others still run, and it is reported as `worker.error`. What a
   * listener of `worker.error` throws becomes a process warning.
   *
   * @returns whether somebody listened
   */
  publish<Name extends TaskerEventName>(name: Name, payload: Payload<Name>): boolean {
    const ordinary = this.listenerCount(name) > 0;
    if (ordinary) {
      for (const listener of this.rawListeners(name)) {
        this.#callListener(name, listener as TaskerListener<Name>, payload);
      }
    }
    const last = this.#last.get(name) as readonly TaskerListener<Name>[] | undefined;
    if (last !== undefined) {
      for (const listener of last) {
        this.#callListener(name, listener, payload);
      }
    }
    return ordinary || last !== undefined;
  }

  /** Whether building the payload is worth it. */
  hears(name: TaskerEventName): boolean {
    return this.listenerCount(name) > 0 || this.#last.has(name);
  }

  /**
   * Adds a listener that runs after all others, whenever those were added.
   *
   * @returns a function that takes it away
   * @internal
   */
  onLast<Name extends TaskerEventName>(name: Name, listener: TaskerListener<Name>): () => void {
    this.#emitToLastToo();
    this.#last.set(name, [...(this.#last.get(name) ?? []), listener]);
    return () => {
      const rest = (this.#last.get(name) ?? []).filter((each) => each !== listener);
      if (rest.length > 0) {
        this.#last.set(name, rest);
      } else {
        this.#last.delete(name);
      }
    };
  }

  emitStepReceived(payload: Payload<'step.execution.received'>): boolean {
    return this.publish('step.execution.received', payload);
  }

  emitStepStarted(payload: Timeless<'step.execution.started'>): boolean {
    return this.publish('step.execution.started', { ...payload, timestamp: payload.startedAt });
  }

  emitStepCompleted(payload: Timeless<'step.execution.completed'>): boolean {
    return this.publish('step.execution.completed', { ...payload, timestamp: payload.completedAt });
  }

  emitStepFailed(payload: Timeless<'step.execution.failed'>): boolean {
    return this.publish('step.execution.failed', { ...payload, timestamp: payload.failedAt });
  }

  emitCompletionSent(payload: Timeless<'step.completion.sent'>): boolean {
    return this.publish('step.completion.sent', { ...payload, timestamp: payload.sentAt });
  }

  emitWorkerStarted(payload: Timeless<'worker.started'> = {}): boolean {
    return this.publish('worker.started', { ...payload, timestamp: new Date() });
  }

  emitWorkerReady(payload: Timeless<'worker.ready'> = {}): boolean {
    return this.publish('worker.ready', { ...payload, timestamp: new Date() });
  }

  emitWorkerShutdownStarted(payload: Timeless<'worker.shutdown.started'> = {}): boolean {
    return this.publish('worker.shutdown.started', { ...payload, timestamp: new Date() });
  }

  emitWorkerStopped(payload: Timeless<'worker.stopped'> = {}): boolean {
    return this.publish('worker.stopped', { ...payload, timestamp: new Date() });
  }

  emitWorkerError(payload: Timeless<'worker.error'>): boolean {
    return this.publish('worker.error', { ...payload, timestamp: new Date() });
  }

  emitMetricsUpdated(payload: Timeless<'metrics.updated'>): boolean {
    return this.publish('metrics.updated', { ...payload, timestamp: new Date() });
  }

  emitStarvationDetected(payload: Timeless<'poller.starvation.detected'>): boolean {
    return this.publish('poller.starvation.detected', { ...payload, timestamp: new Date() });
  }

  /** From now on `emit` calls those of `onLast` too; emitters without them keep the `emit` that they have. */
  #emitToLastToo(): void {
    if (this.#emitsToLast) {
      return;
    }
    this.#emitsToLast = true;
    const emit: unknown = Reflect.get(this, 'emit');
    const emitToAll = (name: TaskerEventName, ...args: unknown[]): boolean => {
      const ordinary = Reflect.apply(emit as () => boolean, this, [name, ...args]) as boolean;
      const last = this.#last.get(name) as readonly ((...args: unknown[]) => unknown)[] | undefined;
      last?.forEach((listener) => Reflect.apply(listener, this, args));
      return last === undefined ? ordinary : true;
    };
    Object.defineProperty(this, 'emit', { value: emitToAll, writable: true, configurable: true });
  }

  #callListener<Name extends TaskerEventName>(
    name: Name,
    listener: TaskerListener<Name>,
    payload: Payload<Name>,
  ): void {
    try {
      const returned: unknown = listener.call(this, payload);
      if (isThenable(returned)) {
        returned.then(undefined, (error: unknown) => {
          this.#reportListener(name, error);
        });
      }
    } catch (error) {
      this.#reportListener(name, error);
    }
  }

  #reportListener(name: TaskerEventName, thrown: unknown): void {
    const error = toError(thrown);
    if (name === 'worker.error' || !this.emitWorkerError({ error, context: `listener of ${name}` })) {
      process.emitWarning(`a listener of ${name} failed: ${error.message}`, 'TaskerListenerWarning');
    }
  }
}
