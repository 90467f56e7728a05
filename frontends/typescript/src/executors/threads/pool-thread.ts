// One worker thread as the main thread sees it.
//
// States: starting ─▶ ready ─▶ stopping ─▶ gone; any ─▶ gone, by itself or by force.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import { toError } from '../../errors/convert.js';
import type { FfiStepEvent } from '../../native/types.js';
import { CrashErrorType } from '../../errors/crash-types.js';
import type { StepOutcome } from '../step-runner.js';
import type { StepFacts } from '../step-settler.js';
import {
  binariesOf,
  Cell,
  SharedState,
  sharedBytes,
  type DirectWay,
  type FromThread,
  type ThreadData,
  type ThreadModule,
  type ToThread,
} from './protocol.js';

/** Gets the outcome of a step, unless its thread is lost. */
export type StepCallback = (outcome: StepOutcome) => void;

/** A step that was handed to a thread by message. */
export interface RelayedStep {
  readonly facts: StepFacts;
  readonly callback: StepCallback;
  readonly startedAt: number;
}

/** Why a thread is gone. */
export interface ThreadEnd {
  /** Null: it was told to end, or ended by force. */
  readonly errorType: CrashErrorType | null;
  readonly message: string;
  /** Whether it was ended by force. */
  readonly forced: boolean;
  /** The step at fault, or for whose sake it was ended, as far as that is known. */
  readonly culprit: StepFacts | null;
}

export interface PoolThreadOptions {
  readonly name: string;
  readonly modules: readonly ThreadModule[];
  readonly failed: readonly string[];
  readonly direct: DirectWay | null;
  readonly concurrency: number;
  /** Mebibytes of heap; null: the runtime's own limit. */
  readonly memoryLimitMb: number | null;
  readonly onMessage: (thread: PoolThread, message: FromThread) => void;
  readonly onReady: (thread: PoolThread, reason: string | null) => void;
  /** Called once. */
  readonly onGone: (thread: PoolThread, end: ThreadEnd) => void;
}

const entry = new URL(`./thread-main${extname(import.meta.url)}`, import.meta.url);

export class PoolThread {
  readonly name: string;
  readonly shared: SharedState;
  /** Steps that came by message and have no outcome yet, by event id. */
  readonly relayed = new Map<string, RelayedStep>();
  /** Steps that the thread took by itself and that were told to stop, by event id. */
  readonly aborting = new Map<string, StepFacts>();
  state: 'starting' | 'ready' | 'stopping' | 'gone' = 'starting';
  /** Whether it has taken steps, or could have. */
  wasReady = false;
  /** Id of its attachment in direct mode. */
  attachment: number | null = null;
  private readonly options: PoolThreadOptions;
  private readonly worker: Worker;
  private exiting: { facts: StepFacts | null; exitCode: number } | null = null;
  private failure: (Error & { code?: unknown }) | null = null;
  private readonly told = new Map<string, () => void>();
  private forced = false;
  private forcedFor: StepFacts | null = null;
  private gone: () => void = () => undefined;
  /** Resolves when the thread is gone. */
  readonly ended: Promise<void>;

  /** Starts a thread. @throws what the runtime says when it has no threads */
  constructor(options: PoolThreadOptions) {
    this.options = options;
    this.name = options.name;
    const shared = new SharedArrayBuffer(sharedBytes);
    this.shared = new SharedState(shared);
    this.shared.cells[Cell.LOADING] = -1;
    this.ended = new Promise((resolve) => {
      this.gone = resolve;
    });
    const { name, modules, failed, direct, concurrency, memoryLimitMb } = options;
    const data: ThreadData = { taskerThread: true, name, modules, failed, direct, concurrency, shared };
    this.worker = new Worker(entry, {
      name,
      workerData: data,
      ...(memoryLimitMb === null ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb } }),
    });
    this.worker.on('message', (message: FromThread) => {
      this.onMessage(message);
    });
    this.worker.on('messageerror', (error) => {
      this.failure ??= error;
    });
    this.worker.on('error', (error) => {
      this.failure ??= toError(error);
    });
    this.worker.on('exit', (exitCode) => {
      this.finish(exitCode);
    });
  }

  /** Steps that it holds. */
  get active(): number {
    return this.attachment === null ? this.relayed.size : Atomics.load(this.shared.cells, Cell.ACTIVE);
  }

  /** The module that is being loaded, if the thread ended over it. */
  get loading(): ThreadModule | null {
    return this.options.modules[Atomics.load(this.shared.cells, Cell.LOADING)] ?? null;
  }

  /** Hands a step over; its binary members are moved. */
  send(event: FfiStepEvent, step: RelayedStep): void {
    this.relayed.set(event.event_id, step);
    this.post({ type: 'step', event }, binariesOf(event));
  }

  post(message: ToThread, moved: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, moved);
  }

  /** Whether the handler of this step still runs here. */
  runs(eventId: string): boolean {
    if (this.state === 'gone') {
      return false;
    }
    const entered = this.shared.isBusy() ? this.shared.entered() : null;
    return this.relayed.has(eventId) || this.aborting.has(eventId) || entered?.eventId === eventId;
  }

  /** Resolves when the thread has heard of a handler, or is gone. */
  knows(callable: string): Promise<void> {
    const told = new Promise<void>((resolve) => {
      this.told.set(callable, resolve);
    });
    return Promise.race([told, this.ended]);
  }

  /** Lets it end by itself once its handlers have. */
  stop(): void {
    if (this.state !== 'gone') {
      this.state = 'stopping';
      this.post({ type: 'stop' });
    }
  }

  /** Ends it by force, for the sake of a step that does not stop. Resolves when it is gone. */
  async terminate(culprit: StepFacts | null = null): Promise<void> {
    if (this.state !== 'gone') {
      this.forced = true;
      this.forcedFor ??= culprit;
      this.finish(await this.worker.terminate());
    }
  }

  private onMessage(message: FromThread): void {
    if (message.type === 'ready') {
      if (this.state === 'starting') {
        this.state = 'ready';
        this.wasReady = true;
        this.attachment = message.attachment;
        this.options.onReady(this, message.reason);
      }
    } else if (message.type === 'registered') {
      this.told.get(message.callable)?.();
      this.told.delete(message.callable);
    } else if (message.type === 'exiting') {
      this.exiting = message;
    } else {
      this.options.onMessage(this, message);
    }
  }

  private finish(exitCode: number): void {
    if (this.state === 'gone') {
      return;
    }
    const end = this.endOf(exitCode);
    this.state = 'gone';
    this.options.onGone(this, end);
    this.gone();
  }

  private endOf(exitCode: number): ThreadEnd {
    const { failure, exiting } = this;
    const forced = this.forced;
    if (forced) {
      return { errorType: null, forced, message: 'a handler did not stop in time', culprit: this.forcedFor };
    }
    if (this.state === 'stopping') {
      return { errorType: null, forced, message: 'it was told to end', culprit: null };
    }
    if (failure?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      return { errorType: CrashErrorType.HEAP_LIMIT, forced, message: failure.message, culprit: null };
    }
    if (failure !== null) {
      // What reaches this thread as an error was thrown where no promise or handler of that thread caught it.
      const errorType = this.wasReady ? CrashErrorType.UNCAUGHT_EXCEPTION : CrashErrorType.EXECUTOR_LOST;
      return { errorType, forced, message: failure.message, culprit: null };
    }
    const message = `the handler called process.exit, with code ${exiting?.exitCode ?? exitCode}`;
    return { errorType: CrashErrorType.PROCESS_EXIT, forced, message, culprit: exiting?.facts ?? null };
  }
}
