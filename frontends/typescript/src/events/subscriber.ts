// Runs the handler of each step event that it hears of, and sends what came of it back to the core.
//
// It never drops an event: the core hands out only what it has room for, and what comes beyond `maxConcurrent` waits.
import { refuseUnknownKeys, requireInteger, showValue } from '../errors/checks.js';
import { toError, toTaskerError } from '../errors/convert.js';
import { HandlerResultError } from '../errors/handler-errors.js';
import type { TaskerError } from '../errors/tasker-error.js';
import { isOfDocument, isOfEvent, refusalOf } from './refusals.js';
import { wrapReturned } from '../handlers/define-handler.js';
import type { HandlerRegistry } from '../handlers/handler-registry.js';
import { isDirect, isThenable, runDirectly } from '../handlers/invoke.js';
import { NoResolverMatchError } from '../handlers/resolution-errors.js';
import { StepContext } from '../handlers/step-context.js';
import type { ExecutableHandler } from '../handlers/step-handler.js';
import { StepHandlerResult, type CheckpointYield } from '../handlers/step-handler-result.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { FfiStepEvent } from '../native/types.js';
import type { TaskerEventEmitter } from './emitter.js';
import type { LoopWatch } from './loop-watch.js';
import type { AbortReason, StepReceivedPayload } from './event-map.js';
import {
  checkpointErrorType,
  checkpointText,
  failureOfResult,
  failureOfThrown,
  failureText,
  smallFailure,
  successText,
  type AttemptFacts,
  type StepFailure,
} from './result-document.js';

export interface StepExecutionSubscriberConfig {
  /** @default the id of the runtime's worker */
  readonly workerId?: string;
  /** Handlers that run at once, 1 to 100 000; further events wait. @default no limit but the core's own */
  readonly maxConcurrent?: number;
  /** Without effect here: the deadline of a step is kept by the core, from `handler_timeout_ms` of its worker. */
  readonly handlerTimeoutMs?: number;
}

/** Pause before a completion that found its channel full is sent again. */
const fullRetryMs = 10;

/** One attempt on its way. */
interface RunningStep {
  readonly event: FfiStepEvent;
  readonly context: StepContext;
  startedAt: number;
}

export class StepExecutionSubscriber {
  private readonly emitter: TaskerEventEmitter;
  private readonly registry: HandlerRegistry;
  private readonly runtime: TaskerRuntime;
  private readonly workerId: string | null;
  private readonly maxConcurrent: number;
  private readonly waiting: RunningStep[] = [];
  /** Steps that wait or whose handler has not ended, by event id; a handler that returns at once is never in it. */
  private readonly pending = new Map<string, RunningStep>();
  private readonly idleWaiters = new Set<() => void>();
  private running = false;
  private watch: LoopWatch | null = null;
  private route: ((event: FfiStepEvent) => boolean) | null = null;
  private stopListening: () => void = () => undefined;
  private active = 0;
  private resuming = false;
  private processed = 0;
  private errors = 0;

  constructor(
    emitter: TaskerEventEmitter,
    registry: HandlerRegistry,
    runtime: TaskerRuntime,
    config: StepExecutionSubscriberConfig = {},
  ) {
    refuseUnknownKeys(config, ['workerId', 'maxConcurrent', 'handlerTimeoutMs'], 'config');
    if (config.maxConcurrent !== undefined) {
      requireInteger(config.maxConcurrent, 'config.maxConcurrent', 1, 100_000);
    }
    this.emitter = emitter;
    this.registry = registry;
    this.runtime = runtime;
    this.workerId = config.workerId ?? null;
    this.maxConcurrent = config.maxConcurrent ?? Number.POSITIVE_INFINITY;
  }

  start(): void {
    if (!this.running) {
      this.running = true;
      this.stopListening = this.emitter.onLast('step.execution.received', this.onReceived);
    }
  }

  /** Takes no further events; handlers that run go on. */
  stop(): void {
    this.running = false;
    this.stopListening();
  }

  /** Sets what takes the events of handlers that run elsewhere: it says whether it took one. @internal */
  routesTo(route: (event: FfiStepEvent) => boolean): this {
    this.route = route;
    return this;
  }

  /** Sets what finds handlers that block the loop. @internal */
  watchedBy(watch: LoopWatch): this {
    this.watch = watch;
    return this;
  }

  isRunning(): boolean {
    return this.running;
  }

  getWorkerId(): string | null {
    return this.workerId ?? this.runtime.workerId;
  }

  /** Attempts that ended. */
  getProcessedCount(): number {
    return this.processed;
  }

  /** Attempts that failed. */
  getErrorCount(): number {
    return this.errors;
  }

  /** Handlers that run now. */
  getActiveHandlers(): number {
    return this.active;
  }

  /**
   * Waits until no handler runs and no event waits.
   *
   * @param timeoutMs milliseconds
   * @returns whether that came to be in time
   */
  waitForCompletion(timeoutMs = 30_000): Promise<boolean> {
    if (this.active === 0 && this.waiting.length === 0) {
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.idleWaiters.delete(idle);
        resolve(false);
      }, timeoutMs);
      const idle = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      this.idleWaiters.add(idle);
    });
  }

  /** Tells a running handler to stop. @returns whether the event's handler runs here */
  abort(eventId: string, reason: AbortReason): boolean {
    const step = this.pending.get(eventId);
    if (step === undefined) {
      return false;
    }
    const { event, context } = step;
    context.abort(reason);
    const common = {
      eventId,
      stepUuid: event.step_uuid,
      taskUuid: event.task_uuid,
      handlerName: context.handlerName,
      timestamp: new Date(),
    };
    this.emitter.publish('step.execution.aborted', { ...common, reason });
    if (reason === 'timeout') {
      this.emitter.publish('step.execution.timeout', {
        ...common,
        error: new Error('the deadline of the step has passed'),
        errorType: 'timeout',
        retryable: true,
        executionTimeMs: elapsedMs(step),
        failedAt: common.timestamp,
      });
    }
    return true;
  }

  private readonly onReceived = ({ event }: StepReceivedPayload): void => {
    if (this.route?.(event) === true) {
      return;
    }
    const context = new StepContext(event, event.step_definition.handler.callable);
    const step: RunningStep = { event, context, startedAt: performance.now() };
    if (this.active >= this.maxConcurrent) {
      this.waiting.push(step);
      this.pending.set(event.event_id, step);
    } else {
      this.begin(step);
    }
  };

  private begin(step: RunningStep): void {
    this.active += 1;
    const { event } = step;
    const definition = event.step_definition.handler;
    let handler: ExecutableHandler | null;
    try {
      handler = this.registry.resolveSync(definition);
    } catch (error) {
      this.finishFailed(step, failureOfThrown(error));
      return;
    }
    if (handler !== null) {
      this.run(step, handler);
      return;
    }
    this.pending.set(event.event_id, step);
    this.registry.resolve(definition).then(
      (found) => {
        if (found === null) {
          const reason = `no handler ${definition.callable} is registered`;
          this.finishFailed(step, failureOfThrown(new NoResolverMatchError(reason)));
        } else {
          this.run(step, found);
        }
      },
      (error: unknown) => {
        this.finishFailed(step, failureOfThrown(error));
      },
    );
  }

  private run(step: RunningStep, handler: ExecutableHandler): void {
    const { event, context } = step;
    if (this.emitter.hears('step.execution.started')) {
      this.emitter.emitStepStarted({
        eventId: event.event_id,
        stepUuid: event.step_uuid,
        taskUuid: event.task_uuid,
        handlerName: context.handlerName,
        startedAt: new Date(),
      });
    }
    const direct = isDirect(handler);
    const enteredAt = performance.now();
    let returned: unknown;
    try {
      returned = direct ? handler[runDirectly](context) : handler.call(context);
    } catch (error) {
      this.finishFailed(step, failureOfThrown(error));
      return;
    }
    this.watch?.returned(event, performance.now() - enteredAt);
    if (!isThenable(returned)) {
      this.finishReturned(step, returned, direct);
      return;
    }
    this.pending.set(event.event_id, step);
    this.watch?.waits(event);
    returned.then(
      (value) => {
        this.finishReturned(step, value, direct);
      },
      (error: unknown) => {
        this.finishFailed(step, failureOfThrown(error));
      },
    );
  }

  private finishReturned(step: RunningStep, returned: unknown, direct: boolean): void {
    let result: StepHandlerResult;
    let text: string;
    try {
      if (!direct && !(returned instanceof StepHandlerResult)) {
        const reason = `call: returned ${showValue(returned)}, expected a StepHandlerResult`;
        throw new HandlerResultError('invalid_result', reason);
      }
      result = wrapReturned(returned);
      if (!result.success) {
        this.finishFailed(step, failureOfResult(result));
        return;
      }
      if (result.isCheckpointYield()) {
        this.sendCheckpoint(step, result.checkpoint, textOfCheckpoint(step, result.checkpoint));
        return;
      }
      text = successText(factsOf(step), result);
    } catch (error) {
      this.finishFailed(step, failureOfThrown(error));
      return;
    }
    this.send(step, text, {
      onSent: () => {
        this.reportCompleted(step, result);
      },
      // The core refused the document itself: the author's result is at fault, and a failure takes its place.
      onRefused: (refusal) => {
        this.finishFailed(step, failureOfThrown(refusalOf(refusal)));
      },
    });
  }

  private sendCheckpoint(step: RunningStep, checkpoint: CheckpointYield, text: string): void {
    const { event } = step;
    this.pending.set(event.event_id, step);
    this.runtime.checkpointStepEventText(event.event_id, text).then(
      () => {
        this.emitter.publish('step.checkpoint_yield.sent', {
          eventId: event.event_id,
          stepUuid: event.step_uuid,
          cursor: checkpoint.cursor,
          itemsProcessed: checkpoint.itemsProcessed,
          timestamp: new Date(),
        });
        this.end(step);
      },
      (thrown: unknown) => {
        this.checkpointRefused(step, toTaskerError(thrown));
      },
    );
  }

  private checkpointRefused(step: RunningStep, error: TaskerError): void {
    if (isOfDocument(error)) {
      this.finishFailed(step, failureOfThrown(refusalOf(error)));
    } else if (isOfEvent(error)) {
      this.reportRefused(step, error);
      this.end(step);
    } else {
      // The core has failed the attempt already: nothing is left to send.
      this.errors += 1;
      this.emitFailed(step, { ...failureOfThrown(error), errorType: checkpointErrorType, retryable: true });
      this.end(step);
    }
  }

  private finishFailed(step: RunningStep, failure: StepFailure, last = false): void {
    // The last word is as short as can be.
    const facts = last ? { ...factsOf(step), domainEvents: '' } : factsOf(step);
    this.send(step, failureText(facts, failure), {
      onSent: () => {
        this.errors += 1;
        this.reportFailed(step, failure);
      },
      onRefused: (refusal) => {
        if (last) {
          this.emitter.emitWorkerError({ error: refusal, context: `completion of ${step.event.event_id}` });
          this.end(step);
        } else {
          this.finishFailed(step, smallFailure(failure), true);
        }
      },
    });
  }

  private send(
    step: RunningStep,
    text: string,
    then: { onSent: () => void; onRefused: (refusal: TaskerError) => void },
  ): void {
    const { event } = step;
    try {
      this.runtime.completeStepEventText(event.event_id, text);
    } catch (thrown) {
      const error = toTaskerError(thrown);
      if (isOfDocument(error)) {
        then.onRefused(error);
        return;
      }
      if (error.code === 'FULL') {
        setTimeout(() => {
          this.send(step, text, then);
        }, fullRetryMs);
        return;
      }
      if (isOfEvent(error)) {
        this.reportRefused(step, error);
      } else {
        this.emitter.emitWorkerError({ error, context: `completion of ${event.event_id}` });
      }
      this.end(step);
      return;
    }
    this.processed += 1;
    then.onSent();
    this.end(step);
  }

  private end(step: RunningStep): void {
    this.active -= 1;
    if (this.pending.delete(step.event.event_id)) {
      this.watch?.ended(step.event);
    }
    this.resume();
    if (this.active === 0 && this.idleWaiters.size > 0) {
      for (const idle of this.idleWaiters) {
        idle();
      }
      this.idleWaiters.clear();
    }
  }

  /** Begins what waits; handlers that end at once come back here, and the flag makes that a loop. */
  private resume(): void {
    if (this.resuming) {
      return;
    }
    this.resuming = true;
    while (this.active < this.maxConcurrent) {
      const next = this.waiting.shift();
      if (next === undefined) {
        break;
      }
      next.startedAt = performance.now();
      if (next.context.isAborted()) {
        this.active += 1;
        this.finishFailed(next, failureOfThrown(next.context.signal.reason));
      } else {
        this.begin(next);
      }
    }
    this.resuming = false;
  }

  private reportCompleted(step: RunningStep, result: StepHandlerResult): void {
    const { event, context } = step;
    if (this.emitter.hears('step.execution.completed')) {
      this.emitter.emitStepCompleted({
        eventId: event.event_id,
        stepUuid: event.step_uuid,
        taskUuid: event.task_uuid,
        handlerName: context.handlerName,
        result: result.result,
        executionTimeMs: elapsedMs(step),
        completedAt: new Date(),
      });
    }
    this.reportSent(event, true);
  }

  private reportFailed(step: RunningStep, failure: StepFailure): void {
    this.emitFailed(step, failure);
    this.reportSent(step.event, false);
  }

  private emitFailed(step: RunningStep, failure: StepFailure): void {
    const { event, context } = step;
    if (this.emitter.hears('step.execution.failed')) {
      this.emitter.emitStepFailed({
        eventId: event.event_id,
        stepUuid: event.step_uuid,
        taskUuid: event.task_uuid,
        handlerName: context.handlerName,
        error: toError(failure.error),
        errorType: failure.errorType,
        retryable: failure.retryable,
        executionTimeMs: elapsedMs(step),
        failedAt: new Date(),
      });
    }
  }

  /** The step has moved on, or the worker is gone: its store knows better than this attempt. */
  private reportRefused(step: RunningStep, error: TaskerError): void {
    const { event_id: eventId } = step.event;
    this.emitter.publish('step.completion.refused', { eventId, timestamp: new Date() });
    this.runtime.logDebug('a completion came too late', { event_id: eventId, code: error.code });
  }

  private reportSent(event: FfiStepEvent, success: boolean): void {
    if (this.emitter.hears('step.completion.sent')) {
      this.emitter.emitCompletionSent({
        eventId: event.event_id,
        stepUuid: event.step_uuid,
        success,
        sentAt: new Date(),
      });
    }
  }
}

function elapsedMs(step: RunningStep): number {
  return Math.round(performance.now() - step.startedAt);
}

function factsOf(step: RunningStep): AttemptFacts {
  return {
    stepUuid: step.event.step_uuid,
    executionTimeMs: elapsedMs(step),
    domainEvents: step.context.publishedEvents(),
  };
}

function textOfCheckpoint(step: RunningStep, checkpoint: CheckpointYield): string {
  return checkpointText(step.event.step_uuid, checkpoint, step.context.publishedEvents());
}
