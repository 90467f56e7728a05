// The one typed map of the in-process bus: event name to payload. Fleeting: an event without a listener is gone.
import type { ExecutorName, Notice } from '../native/native-door.js';
import type { FfiDispatchMetrics, FfiStepEvent } from '../native/types.js';

/** Why a running step has to stop. */
export type AbortReason = Extract<Notice, { kind: 'abort' }>['reason'];

export interface StepReceivedPayload {
  readonly event: FfiStepEvent;
  readonly receivedAt: Date;
}

export interface StepStartedPayload {
  readonly eventId: string;
  readonly stepUuid: string;
  readonly taskUuid: string;
  readonly handlerName: string;
  readonly startedAt: Date;
  readonly timestamp: Date;
}

export interface StepCompletedPayload {
  readonly eventId: string;
  readonly stepUuid: string;
  readonly taskUuid: string;
  readonly handlerName: string;
  /** The handler's result. */
  readonly result: unknown;
  readonly executionTimeMs: number;
  readonly completedAt: Date;
  readonly timestamp: Date;
}

export interface StepFailedPayload {
  readonly eventId: string;
  readonly stepUuid: string;
  readonly taskUuid: string;
  readonly handlerName: string;
  readonly error: Error;
  readonly errorType: string;
  readonly retryable: boolean;
  readonly executionTimeMs: number;
  readonly failedAt: Date;
  readonly timestamp: Date;
}

export interface CompletionSentPayload {
  readonly eventId: string;
  readonly stepUuid: string;
  readonly success: boolean;
  readonly sentAt: Date;
  readonly timestamp: Date;
}

export interface CheckpointYieldSentPayload {
  readonly eventId: string;
  readonly stepUuid: string;
  readonly cursor: unknown;
  readonly itemsProcessed: number;
  readonly timestamp: Date;
}

export interface StepAbortedPayload {
  readonly eventId: string;
  readonly stepUuid: string;
  readonly taskUuid: string;
  readonly handlerName: string;
  readonly reason: AbortReason;
  readonly timestamp: Date;
}

export interface GraceExpiredPayload extends StepAbortedPayload {
  readonly executor: ExecutorName;
  /** Milliseconds that the handler had to stop. */
  readonly graceMs: number;
}

export interface RunnerPayload {
  readonly executor: ExecutorName;
  /** The thread or the child, such as `threads-1`. */
  readonly runner: string;
  readonly timestamp: Date;
}

export interface RunnerEndedPayload extends RunnerPayload {
  /** The event whose handler was at fault; null when none is known. */
  readonly eventId: string | null;
  readonly handlerName: string | null;
  /** Error type of the step at fault, or why it was ended by force. */
  readonly reason: string;
  /** Events of other steps that it held, which were handed back without the loss of an attempt. */
  readonly handedBack: readonly string[];
}

export interface LoopStalledPayload {
  readonly eventId: string;
  readonly stepUuid: string;
  readonly taskUuid: string;
  readonly stepName: string;
  readonly handlerName: string;
  /** Milliseconds for which nothing else ran on the event loop. */
  readonly blockedMs: number;
  /** Whether the handler runs in `threads` from its next step on. */
  readonly moved: boolean;
  readonly timestamp: Date;
}

export interface CompletionRefusedPayload {
  readonly eventId: string;
  readonly timestamp: Date;
}

export interface WorkerPayload {
  readonly workerId?: string;
  readonly timestamp: Date;
  readonly message?: string;
}

export interface WorkerErrorPayload {
  readonly error: Error;
  readonly timestamp: Date;
  /** What was being done, such as the name of an event whose listener threw. */
  readonly context?: string;
}

export interface PollerPayload {
  readonly timestamp: Date;
  readonly message: string;
}

export interface PollerCyclePayload {
  readonly eventsProcessed: number;
  readonly cycleNumber: number;
  readonly timestamp: Date;
}

export interface MetricsPayload {
  readonly metrics: FfiDispatchMetrics;
  readonly timestamp: Date;
}

export interface ErrorPayload {
  readonly error: Error;
  readonly timestamp: Date;
}

export interface TaskerEventMap {
  'step.execution.received': StepReceivedPayload;
  'step.execution.started': StepStartedPayload;
  'step.execution.completed': StepCompletedPayload;
  'step.execution.failed': StepFailedPayload;
  'step.execution.timeout': StepFailedPayload;
  'step.execution.aborted': StepAbortedPayload;
  'step.grace.expired': GraceExpiredPayload;
  'step.completion.sent': CompletionSentPayload;
  'step.completion.refused': CompletionRefusedPayload;
  'step.checkpoint_yield.sent': CheckpointYieldSentPayload;
  'executor.runner.started': RunnerPayload;
  'executor.runner.crashed': RunnerEndedPayload;
  'executor.runner.terminated': RunnerEndedPayload;
  'handler.loop.stalled': LoopStalledPayload;
  'worker.started': WorkerPayload;
  'worker.ready': WorkerPayload;
  'worker.shutdown.started': WorkerPayload;
  'worker.stopped': WorkerPayload;
  'worker.error': WorkerErrorPayload;
  'poller.started': PollerPayload;
  'poller.stopped': PollerPayload;
  'poller.cycle.complete': PollerCyclePayload;
  'poller.starvation.detected': MetricsPayload;
  'poller.error': ErrorPayload;
  'metrics.updated': MetricsPayload;
  'metrics.error': ErrorPayload;
}

export type TaskerEventName = keyof TaskerEventMap;
export type TaskerListener<Name extends TaskerEventName> = (payload: TaskerEventMap[Name]) => unknown;
