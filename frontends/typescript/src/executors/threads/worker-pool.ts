// A fixed pool of worker threads that heals: a thread that is gone is replaced at once, or after a pause when it ended before
// it was ready. Knows steps only by what their threads hold.
import type { TaskerRuntime } from '../../native/runtime.js';
import type { AbortReason } from '../../events/event-map.js';
import { makeTaskerError, toError } from '../../errors/convert.js';
import type { FfiStepEvent } from '../../native/types.js';
import type { CrashErrorType } from '../../errors/crash-types.js';
import { factsOfEvent, type StepFacts } from '../step-settler.js';
import { PoolThread, type StepCallback, type ThreadEnd } from './pool-thread.js';
import { Cell, type DirectWay, type FromThread, type ThreadModule } from './protocol.js';

/** Pause before a thread that could not start is started again; doubles up to the maximum. */
const restartMs = 100;
const restartMsMax = 30_000;
/** After so many threads that ended over one module, it is not loaded again. */
const loadCrashesMax = 3;
/** Milliseconds for loading all modules; a thread that takes longer is ended. */
const readyTimeoutMs = 30_000;
/** Starts in a row that fail without a module to blame. */
const startFailuresMax = 3;

/** What became of a thread and of the steps that it held. */
export interface ThreadLoss {
  readonly thread: PoolThread;
  readonly end: ThreadEnd;
  /** The step at fault, or for whose sake it was ended. */
  readonly culprit: StepFacts | null;
  /** Events that it held besides, to be handed back; with a thread that was ended by force, all. */
  readonly others: readonly string[];
}

export interface WorkerPoolParts {
  readonly runtime: TaskerRuntime;
  readonly size: number;
  readonly concurrency: number;
  readonly memoryLimitMb: number | null;
  readonly direct: DirectWay | null;
  readonly onReady: (thread: PoolThread, reason: string | null) => void;
  readonly onLost: (loss: ThreadLoss) => void;
  readonly onMessage: (thread: PoolThread, message: FromThread) => void;
  /** A place in a thread is free. */
  readonly onFreed: () => void;
}

interface Waiting {
  readonly event: FfiStepEvent;
  readonly callback: StepCallback;
}

export class WorkerPool {
  private readonly parts: WorkerPoolParts;
  private readonly modules: ThreadModule[];
  private readonly threads = new Set<PoolThread>();
  private readonly waiting: Waiting[] = [];
  private readonly loadCrashes = new Map<string, number>();
  private readonly restarts = new Set<NodeJS.Timeout>();
  private processedBefore = 0;
  private failedBefore = 0;
  private startFailures = 0;
  private number = 0;
  private stopping = false;
  private hears = 0;
  private firstReady: { resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(parts: WorkerPoolParts, modules: readonly ThreadModule[]) {
    this.parts = parts;
    this.modules = [...modules];
  }

  /**
   * Starts the threads one after another. Resolves when the first is ready; the others follow by themselves.
   *
   * @throws {TaskerError} UNSUPPORTED when threads can not be started
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.firstReady = { resolve, reject };
      this.startThread();
    });
  }

  /** Threads that take steps. */
  get ready(): readonly PoolThread[] {
    return [...this.threads].filter(({ state }) => state === 'ready');
  }

  /** Steps that threads hold, or that wait for one. */
  get active(): number {
    return [...this.threads].reduce((sum, thread) => sum + thread.active, this.waiting.length);
  }

  /** Attempts that threads have ended by themselves, and how many of them failed. */
  get counts(): { processed: number; failed: number } {
    const sum = (cell: number, before: number): number =>
      [...this.threads].reduce((total, { shared }) => total + Atomics.load(shared.cells, cell), before);
    return { processed: sum(Cell.PROCESSED, this.processedBefore), failed: sum(Cell.FAILED, this.failedBefore) };
  }

  /** Steps that can be handed to threads now. */
  free(): number {
    const { concurrency } = this.parts;
    const free = this.ready.reduce((sum, { relayed }) => sum + Math.max(0, concurrency - relayed.size), 0);
    return Math.max(0, free - this.waiting.length);
  }

  /** Runs a step in a thread. @param callback gets its outcome, unless its thread is lost */
  execute(event: FfiStepEvent, callback: StepCallback): void {
    this.waiting.push({ event, callback });
    this.assign();
  }

  /** Takes a step back that has not been handed to a thread. */
  takeBack(eventId: string): boolean {
    const index = this.waiting.findIndex(({ event }) => event.event_id === eventId);
    if (index >= 0) {
      this.waiting.splice(index, 1);
    }
    return index >= 0;
  }

  /** The thread in which the handler of a step runs. */
  threadOf(eventId: string): PoolThread | null {
    return [...this.threads].find((thread) => thread.runs(eventId)) ?? null;
  }

  abort(thread: PoolThread, eventId: string, reason: AbortReason): void {
    thread.post({ type: 'abort', eventId, reason });
  }

  /** @returns when every thread knows it */
  addModule(module: ThreadModule): Promise<void> {
    const index = this.modules.findIndex(({ callable }) => callable === module.callable);
    this.modules.splice(index < 0 ? this.modules.length : index, index < 0 ? 0 : 1, module);
    for (const thread of this.threads) {
      thread.post({ type: 'load', module });
    }
    return Promise.all([...this.threads].map((thread) => thread.knows(module.callable))).then(() => undefined);
  }

  /** Tells threads which news somebody listens to, bits of `Hears`. */
  setHears(bits: number): void {
    this.hears = bits;
    for (const { shared } of this.threads) {
      Atomics.store(shared.cells, Cell.HEARS, bits);
    }
  }

  /** The thread of an attachment has ended without its worker's word; it is ended for good. */
  attachmentEnded(attachment: number): void {
    const thread = [...this.threads].find((each) => each.attachment === attachment);
    if (thread === undefined) {
      this.parts.runtime.handBack(this.parts.runtime.endAttachment(attachment));
    }
  }

  /** Ends all threads: by themselves within `graceMs`, then by force. @returns whether none had to be forced */
  async stop(graceMs: number): Promise<boolean> {
    this.stopping = true;
    for (const timer of this.restarts) {
      clearTimeout(timer);
    }
    this.restarts.clear();
    const threads = [...this.threads];
    for (const thread of threads) {
      if (thread.state === 'starting') {
        void thread.terminate();
      } else {
        thread.stop();
      }
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => {
        resolve(false);
      }, graceMs);
    });
    const all = Promise.all(threads.map(({ ended }) => ended));
    const inTime = await Promise.race([all.then(() => true), late]);
    clearTimeout(timer);
    await Promise.all(threads.map((thread) => thread.terminate()));
    await all;
    return inTime;
  }

  private assign(): void {
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      const [least] = this.ready
        .filter(({ relayed }) => relayed.size < this.parts.concurrency)
        .sort((left, right) => left.relayed.size - right.relayed.size);
      if (least === undefined) {
        return;
      }
      this.waiting.shift();
      const { event, callback } = next;
      least.send(event, { facts: factsOfEvent(event), callback, startedAt: performance.now() });
    }
  }

  private startThread(): void {
    const { concurrency, memoryLimitMb, direct } = this.parts;
    this.number += 1;
    const failed = [...this.loadCrashes].filter(([, count]) => count >= loadCrashesMax).map(([callable]) => callable);
    let thread: PoolThread;
    try {
      thread = new PoolThread({
        name: `threads-${this.number}`,
        modules: [...this.modules],
        failed,
        direct,
        concurrency,
        memoryLimitMb,
        onMessage: (from, message) => {
          this.onMessage(from, message);
        },
        onReady: (ready, reason) => {
          clearTimeout(timer);
          this.onReady(ready, reason);
        },
        onGone: (gone, end) => {
          clearTimeout(timer);
          this.onGone(gone, end);
        },
      });
    } catch (error) {
      this.firstReady?.reject(makeTaskerError('UNSUPPORTED', `threads can not be started: ${toError(error).message}`));
      return;
    }
    const timer = setTimeout(() => {
      void thread.terminate();
    }, readyTimeoutMs);
    timer.unref();
    Atomics.store(thread.shared.cells, Cell.HEARS, this.hears);
    this.threads.add(thread);
  }

  private onReady(thread: PoolThread, reason: string | null): void {
    this.startFailures = 0;
    this.parts.onReady(thread, reason);
    this.firstReady?.resolve();
    this.firstReady = null;
    if (!this.stopping && this.threads.size + this.restarts.size < this.parts.size) {
      this.startThread();
    }
    this.assign();
    this.parts.onFreed();
  }

  private onMessage(thread: PoolThread, message: FromThread): void {
    if (message.type === 'outcome') {
      const step = thread.relayed.get(message.eventId);
      thread.relayed.delete(message.eventId);
      step?.callback(message.outcome);
      this.assign();
      this.parts.onFreed();
    } else {
      this.parts.onMessage(thread, message);
    }
  }

  private onGone(thread: PoolThread, end: ThreadEnd): void {
    const { cells } = thread.shared;
    this.processedBefore += Atomics.load(cells, Cell.PROCESSED);
    this.failedBefore += Atomics.load(cells, Cell.FAILED);
    this.threads.delete(thread);
    const direct = thread.attachment === null ? [] : this.parts.runtime.endAttachment(thread.attachment);
    const held = [...direct, ...thread.relayed.keys()];
    const culprit = end.errorType === null ? end.culprit : this.culpritOf(thread, end, held);
    const others = end.errorType === null ? held : held.filter((eventId) => eventId !== culprit?.eventId);
    this.parts.onLost({ thread, end, culprit, others });
    if (!this.stopping) {
      this.replace(thread, end.errorType);
    }
  }

  /** Who is at fault: as the thread said, else the step whose handler was entered last, else any that it held. */
  private culpritOf(thread: PoolThread, end: ThreadEnd, held: readonly string[]): StepFacts | null {
    const entered = thread.shared.entered();
    for (const facts of [end.culprit, entered]) {
      if (facts !== null && held.includes(facts.eventId)) {
        return thread.relayed.get(facts.eventId)?.facts ?? facts;
      }
    }
    return thread.relayed.values().next().value?.facts ?? null;
  }

  private replace(thread: PoolThread, errorType: CrashErrorType | null): void {
    if (thread.wasReady) {
      if (this.threads.size + this.restarts.size < this.parts.size) {
        this.startThread();
      }
      return;
    }
    const module = thread.loading;
    if (module !== null) {
      this.loadCrashes.set(module.callable, (this.loadCrashes.get(module.callable) ?? 0) + 1);
    }
    this.startFailures += 1;
    if (this.firstReady !== null && module === null && this.startFailures >= startFailuresMax) {
      this.firstReady.reject(
        makeTaskerError('UNSUPPORTED', `threads end at their start: ${errorType ?? 'terminated'}`),
      );
      return;
    }
    const pauseMs = Math.min(restartMs * 2 ** (this.startFailures - 1), restartMsMax);
    const timer = setTimeout(() => {
      this.restarts.delete(timer);
      this.startThread();
    }, pauseMs);
    this.restarts.add(timer);
  }
}
