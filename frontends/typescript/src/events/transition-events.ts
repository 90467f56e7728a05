// The transitions of tasks and steps, as they come on a worker's event bus. The core has the list and its schemas
// (core/worker/transition_events.cc); a test compares.
import type { JsonObject } from '../native/types.js';

/** What every transition says. */
export interface TaskTransition {
  /** Counts the transitions of one worker, in the order of their commits; a gap is what was lost. */
  readonly sequence: number;
  /** When it was committed: RFC 3339, microseconds. */
  readonly at: string;
  /** The worker that performed it, or saw it. */
  readonly worker_id: string;
  readonly task_uuid: string;
  readonly correlation_id: string;
  readonly namespace: string;
  readonly task_name: string;
  readonly version: string;
}

/** What every transition of a step says. */
export interface StepTransition extends TaskTransition {
  readonly step_uuid: string;
  readonly step_name: string;
  readonly handler: string;
  /** 0 where no attempt is meant. */
  readonly attempt: number;
}

/** The end of an attempt. */
export interface EndedAttempt extends StepTransition {
  readonly execution_time_ms: number;
}

/** Name and payload of each transition. */
export interface TransitionEvents {
  'task.created': TaskTransition & { readonly step_count: number };
  'task.completed': TaskTransition;
  /** A step of it has failed for good: nothing new starts. */
  'task.blocked': TaskTransition;
  'task.failed': TaskTransition;
  'task.cancelled': TaskTransition;
  'task.resolved': TaskTransition;
  /** It goes on, by hand. */
  'task.retried': TaskTransition & { readonly steps_retried: number };
  'step.created': StepTransition & { readonly state: 'pending' | 'enqueued' };
  /** It can be claimed, and this commit did not. */
  'step.enqueued': StepTransition;
  /** It is in progress, in this worker. */
  'step.claimed': StepTransition;
  'step.checkpointed': StepTransition & { readonly items_processed: number };
  'step.completed': EndedAttempt;
  /** Its deadline has passed; what becomes of it comes next. */
  'step.timed_out': EndedAttempt;
  /** Its worker is gone, or has lost its lease. */
  'step.lost': StepTransition;
  /** The attempt has failed, another is due at `retry_at`. */
  'step.waiting_for_retry': EndedAttempt & { readonly retry_at: string; readonly error: JsonObject };
  'step.failed': EndedAttempt & { readonly error: JsonObject };
  'step.handed_back': StepTransition;
  'step.cancelled': StepTransition;
  /** It has fresh attempts, by hand. */
  'step.retried': StepTransition;
}
