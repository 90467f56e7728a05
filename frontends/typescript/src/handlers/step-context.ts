// What a handler may ask about its step: input, results of earlier steps, configuration, attempt, abort signal.
import type { FfiCheckpoint, FfiDependencyResult, FfiStepEvent, JsonObject } from '../native/types.js';
import type { AbortReason } from '../events/event-map.js';
import { publishedEventText, type PublishEventOptions } from './published-event.js';
import { StepHandlerResult, type CheckpointYieldResult } from './step-handler-result.js';
import { withDefault } from './with-default.js';

const noDependencies: Record<string, FfiDependencyResult> = {};

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}

/** Why `context.signal` was aborted; the signal's `reason`. */
export class StepAbortedError extends Error {
  override readonly name: string = 'AbortError';
  readonly reason: AbortReason;

  constructor(reason: AbortReason) {
    super(`the step is to stop: ${reason}`);
    this.reason = reason;
  }
}

/** One attempt of one step, as its handler sees it. */
export class StepContext {
  /** The raw step event. */
  readonly event: FfiStepEvent;
  readonly taskUuid: string;
  readonly stepUuid: string;
  /** Id of this dispatch; the task's own is `event.task_correlation_id`. */
  readonly correlationId: string;
  readonly handlerName: string;
  private controller: AbortController | null = null;
  private abortReason: AbortReason | null = null;
  private published: string[] | null = null;

  constructor(event: FfiStepEvent, handlerName: string) {
    this.event = event;
    this.taskUuid = event.task_uuid;
    this.stepUuid = event.step_uuid;
    this.correlationId = event.correlation_id;
    this.handlerName = handlerName;
  }

  static fromFfiEvent(event: FfiStepEvent, handlerName: string): StepContext {
    return new StepContext(event, handlerName);
  }

  /** Input of the task. */
  get inputData(): JsonObject {
    return this.event.task.context ?? {};
  }

  /** Results of the steps that this one depends on, directly or through others, by step name. */
  get dependencyResults(): Record<string, FfiDependencyResult> {
    return withDefault(this.event.dependency_results, noDependencies);
  }

  /** The template's `handler.initialization`. */
  get stepConfig(): JsonObject {
    return withDefault(this.event.step_definition.handler.initialization, {});
  }

  get stepInputs(): JsonObject {
    return this.event.workflow_step.inputs ?? {};
  }

  /** Attempts before this one: 0 on the first. */
  get retryCount(): number {
    return withDefault(this.event.workflow_step.attempts, 0);
  }

  /** Attempts that the step has in all. */
  get maxRetries(): number {
    return withDefault(this.event.workflow_step.max_attempts, 3);
  }

  /**
   * Aborted when the step is to stop: `signal.reason` is a `StepAbortedError` whose `reason` is `timeout`, `cancel`,
   * `lease_lost` or `shutdown`. The step is settled by then, and what the handler still returns is refused.
   */
  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.abortReason !== null) {
        this.controller.abort(new StepAbortedError(this.abortReason));
      }
    }
    return this.controller.signal;
  }

  /** Whether the step was told to stop; the same as `signal.aborted`. */
  isAborted(): boolean {
    return this.abortReason !== null;
  }

  /** @internal */
  abort(reason: AbortReason): void {
    if (this.abortReason === null) {
      this.abortReason = reason;
      this.controller?.abort(new StepAbortedError(reason));
    }
  }

  /** Result of a step that this one depends on; null when it has none. */
  getDependencyResult(stepName: string): unknown {
    const found: unknown = Object.hasOwn(this.dependencyResults, stepName) ? this.dependencyResults[stepName] : null;
    if (isObject(found) && Object.hasOwn(found, 'result')) {
      return found['result'];
    }
    return found ?? null;
  }

  /** A member inside a dependency's result: null when a level is not an object, undefined when the key is missing. */
  getDependencyField(stepName: string, ...path: string[]): unknown {
    let value = this.getDependencyResult(stepName);
    for (const key of path) {
      if (!isObject(value)) {
        return null;
      }
      value = Object.hasOwn(value, key) ? value[key] : undefined;
    }
    return value;
  }

  getDependencyResultKeys(): string[] {
    return Object.keys(this.dependencyResults);
  }

  /** Results of all dependencies whose names begin with `prefix`; those without a result are left out. */
  getAllDependencyResults(prefix: string): unknown[] {
    return this.getDependencyResultKeys()
      .filter((name) => name.startsWith(prefix))
      .map((name) => this.getDependencyResult(name))
      .filter((result) => result !== null);
  }

  /** One member of the task's input. `T` is the caller's word; nothing is checked. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names it
  getInput<T = unknown>(key: string): T | undefined {
    return this.inputData[key] as T | undefined;
  }

  getInputOr<T>(key: string, fallback: T): T {
    const value = this.inputData[key];
    return value === undefined ? fallback : (value as T);
  }

  /** One member of the template's `handler.initialization`. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names it
  getConfig<T = unknown>(key: string): T | undefined {
    return this.stepConfig[key] as T | undefined;
  }

  isRetry(): boolean {
    return this.retryCount > 0;
  }

  isLastRetry(): boolean {
    return this.retryCount >= this.maxRetries - 1;
  }

  get checkpoint(): FfiCheckpoint | null {
    return this.event.workflow_step.checkpoint ?? null;
  }

  get checkpointCursor(): unknown {
    return this.checkpoint?.cursor ?? null;
  }

  get checkpointItemsProcessed(): number {
    return this.checkpoint?.items_processed ?? 0;
  }

  get accumulatedResults(): JsonObject | null {
    return this.checkpoint?.accumulated_results ?? null;
  }

  hasCheckpoint(): boolean {
    return this.checkpointCursor !== null;
  }

  /**
   * Publishes a domain event together with the step's result: in the same commit, or not at all. By default it is
   * durable, and it is published when this attempt succeeds. An event that the step's template declares takes the
   * declared one's place: its schema, condition and delivery mode count, the payload is this one.
   *
   * @param name such as `parcel.registered`: segments of `a-z`, `0-9` and `_`, at least one dot
   * @param payload the business part, an object
   * @throws {HandlerResultError} for a name, payload or option that no event can have; after 256 events
   *
   * @example
   * ```ts
   * context.publishEvent('parcel.registered', { parcelId });
   * context.publishEvent('parcel.refused', { reason }, { condition: 'failure', deliveryMode: 'broadcast' });
   * ```
   */
  publishEvent(name: string, payload: object = {}, options: PublishEventOptions = {}): void {
    const text = publishedEventText(name, payload, options, this.published?.length ?? 0);
    (this.published ??= []).push(text);
  }

  /** What `publishEvent` was given, as members of a JSON array. @internal */
  publishedEvents(): string {
    return this.published?.join(',') ?? '';
  }

  /**
   * Yields: what was done so far is stored, and the step is dispatched again. To be returned from the handler.
   *
   * @example
   * ```ts
   * run: async ({ context }) => {
   *   const from = context.checkpointItemsProcessed;
   *   await importRows(from, from + 100);
   *   return from + 100 < total ? context.checkpointYield(from + 100, from + 100) : { rows: total };
   * };
   * ```
   */
  checkpointYield(cursor: unknown, itemsProcessed: number, accumulatedResults?: JsonObject): CheckpointYieldResult {
    return StepHandlerResult.checkpointYield(cursor, itemsProcessed, accumulatedResults);
  }
}
