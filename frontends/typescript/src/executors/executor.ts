// What an executor is to the worker: it holds steps, runs their handlers, hears of stops, and tells how it does.
import type { AbortReason } from '../events/event-map.js';
import type { TaskerEventEmitter } from '../events/emitter.js';
import type { Logger } from '../log/logger.js';
import type { ExecutorName } from '../native/native-door.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { FfiStepEvent } from '../native/types.js';
import type { HandlerPlacement } from './placement.js';
import type { StepReporter, StepSettler } from './step-settler.js';

/** How steps come to an executor's handlers. */
export type ExecutorMode =
  /** This thread runs them. */
  | 'loop'
  /** Each thread takes them from the native queue by itself. */
  | 'direct'
  /** This thread polls them and hands them on. */
  | 'relay';

/** Counts since the start; each rung of the stop ladder has one. */
export interface ExecutorCounts {
  /** Attempts that ended, also those that failed. */
  processed: number;
  /** Attempts that failed. */
  failed: number;
  /** Handlers that were told to stop. */
  aborted: number;
  /** Handlers that had not stopped when their grace was over. */
  graceExpired: number;
  /** Threads that were terminated, children that were killed. */
  terminated: number;
  /** Threads or children that ended by themselves. */
  crashed: number;
  /** Steps that were handed back without the loss of an attempt, because what ran them ended for another one's sake. */
  handedBack: number;
}

/** A snapshot for people and probes. */
export interface ExecutorStatus extends ExecutorCounts {
  readonly executor: ExecutorName;
  readonly mode: ExecutorMode;
  /** Why it runs in this mode. */
  readonly reason: string;
  /** Threads or children that are ready; null for `main`. */
  readonly ready: number | null;
  /** Threads or children that there are to be; null for `main`. */
  readonly size: number | null;
  /** Steps that it can hold at once; null without a limit of its own. */
  readonly places: number | null;
  /** Steps that it holds, as far as this thread knows. */
  readonly active: number;
}

/** What an executor gets from its worker. */
export interface ExecutorHost {
  readonly runtime: TaskerRuntime;
  readonly emitter: TaskerEventEmitter;
  readonly logger: Logger;
  /** Sends outcomes to the core. */
  readonly settler: StepSettler;
  /** Milliseconds between the abort signal and the end by force. */
  readonly stopGraceMs: number;
  /** Tells the worker's bus of steps. */
  readonly reporter: StepReporter;
  /** A place of a relayed executor is free again: events that wait can be polled. */
  freed(): void;
  /** Looks up where a handler was placed, and its bounds. */
  placementOf(callable: string): HandlerPlacement | undefined;
}

/** One way to run handlers beside the event loop. `main` is the subscriber's. */
export interface Executor {
  readonly name: ExecutorName;
  /**
   * Starts threads or children ahead.
   *
   * @returns when it can take steps, and how many it can hold
   * @throws {TaskerError} UNSUPPORTED when this runtime has no way to run it; its handlers then run on `main`
   */
  start(placements: readonly HandlerPlacement[]): Promise<void>;
  /** Steps that it can hold at once, set once it is started; the core hands out no more. */
  readonly places: number;
  /** `direct`: it takes steps by itself, and `run` is never called. */
  readonly mode: ExecutorMode;
  /** Hears that an attachment has ended by itself, where steps are taken directly. */
  detached?(attachment: number): void;
  /** Makes a handler known that was registered later. @returns when its steps can come */
  add(placement: HandlerPlacement): void | Promise<void>;
  /** Steps that a relayed executor can begin now; what it has no place for stays in the core, where no clock runs. */
  free(): number;
  /** Takes one step event; what becomes of it goes through the host's settler. Never throws. */
  run(event: FfiStepEvent): void;
  /** First rung of the stop ladder; the executor climbs the others by itself. @returns whether it holds the event */
  abort(eventId: string, reason: AbortReason): boolean;
  status(): ExecutorStatus;
  /**
   * Ends it: handlers that still run get `graceMs` milliseconds, then they are ended by force.
   *
   * @returns whether all had ended by themselves
   */
  stop(graceMs: number): Promise<boolean>;
}

/** All counts at 0. */
export function noCounts(): ExecutorCounts {
  return { processed: 0, failed: 0, aborted: 0, graceExpired: 0, terminated: 0, crashed: 0, handedBack: 0 };
}
