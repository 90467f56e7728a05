// The pool of warm child processes: gives steps to children, climbs the stop ladder, replaces children that end.
//
// It needs no main loop: it runs in the broker's thread, or on the main thread where steps are relayed. A place counts as
// taken until the child has answered or its exit was seen.
import { makeTaskerError, toError } from '../../errors/convert.js';
import type { AbortReason } from '../../events/event-map.js';
import type { TaskerEventEmitter } from '../../events/emitter.js';
import type { Logger } from '../../log/logger.js';
import { crashFailure } from '../crash-failure.js';
import { CrashErrorType, type CrashRetry } from '../../errors/crash-types.js';
import type { ExecutorCounts } from '../executor.js';
import type { StepOutcome } from '../step-runner.js';
import type { StepFacts, StepReporter, StepSettler } from '../step-settler.js';
import { StopLadder } from '../stop-ladder.js';
import { childCommand } from './child-command.js';
import { blame, type Ending } from './endings.js';
import { PROTOCOL_VERSION, type Ready } from './frames.js';
import { checkLimits, processorMsBefore } from './limits.js';
import type { ProcessPoolSettings } from './options.js';
import { PooledChild, type ChildEvents } from './pooled-child.js';
import { PoolNews } from './pool-news.js';
import type { ProcessEnd } from './spawn.js';

/** A handler of the pool. */
export interface PoolHandler {
  readonly callable: string;
  readonly url: string;
  readonly exportName: string | null;
  /** What its definition says of crashes. */
  readonly retry: CrashRetry;
}

/** What the pool gets from its surroundings. */
export interface PoolHost {
  readonly settler: StepSettler;
  readonly reporter: StepReporter;
  readonly emitter: TaskerEventEmitter;
  readonly logger: Logger;
  readonly counts: ExecutorCounts;
  /** Milliseconds between abort signal and SIGKILL. */
  readonly graceMs: number;
  /** Bytes that a result document may have. */
  readonly resultBytesMax: number;
  /** File of tasker-launcher. */
  readonly launcher: string;
  /** Gives a step back that never had its chance. */
  handBack(eventId: string): void;
  /** A place is free. */
  onFree(): void;
}

interface PoolStep {
  readonly number: number;
  readonly facts: StepFacts;
  readonly text: string;
  startedAt: number;
  child: PooledChild | null;
  cpuMsBefore: number;
}

const watchIntervalMs = 100;
/** Frames around a result document: its metadata and escapes may be longer than the result. */
const frameMarginBytes = 1_048_576;
const backoffFirstMs = 100;
const backoffMaxMs = 5000;
/** Children that may be on their way to ready at once. */
const startingMax = 2;
/** Starts that fail one after the other before the first child was ready: then the pool has failed to start. */
const startFailuresMax = 3;
/** How long children may take to end when they are told to. */
const stopGraceMs = 1000;

export class ChildPool {
  private readonly host: PoolHost;
  private readonly settings: ProcessPoolSettings;
  private readonly handlers = new Map<string, PoolHandler>();
  private readonly ladder: StopLadder;
  private readonly news: PoolNews;
  private readonly children = new Set<PooledChild>();
  private readonly steps = new Map<number, PoolStep>();
  private readonly numbers = new Map<string, number>();
  private readonly waiting: PoolStep[] = [];
  /** Handlers whose module has ended a child while it was loaded: loaded only for a step of theirs from then on. */
  private readonly loadLater = new Set<string>();
  /** Steps for whose sake a child was killed; those beside them are not to blame. */
  private readonly condemned = new Map<PooledChild, Set<number>>();
  /** Children that are to be replaced once they are idle. */
  private readonly outgrown = new WeakSet<PooledChild>();
  private lastNumber = 0;
  private failures = 0;
  private everReady = false;
  private stopping = false;
  private restart: NodeJS.Timeout | null = null;
  private watch: NodeJS.Timeout | null = null;
  private starting: { resolve: () => void; reject: (error: Error) => void } | null = null;
  private idleWaiters: (() => void)[] = [];

  constructor(host: PoolHost, settings: ProcessPoolSettings, handlers: readonly PoolHandler[]) {
    this.host = host;
    this.settings = settings;
    this.news = new PoolNews(host.logger, host.emitter);
    this.ladder = new StopLadder('process', host.emitter, host.counts, host.graceMs);
    for (const handler of handlers) {
      this.handlers.set(handler.callable, handler);
    }
  }

  /** Steps that it can hold. */
  get places(): number {
    return this.settings.poolSize * this.settings.stepsPerChild;
  }

  /** Steps that could begin now. */
  get free(): number {
    let free = -this.waiting.length;
    for (const child of this.children) {
      free += this.room(child);
    }
    return this.stopping ? 0 : Math.max(free, 0);
  }

  get readyCount(): number {
    return [...this.children].filter(({ state, isDoomed }) => state === 'ready' && !isDoomed).length;
  }

  /** Steps that it holds. */
  get active(): number {
    return this.steps.size;
  }

  /** Ids of the children, ready or not. */
  get pids(): number[] {
    return [...this.children].map(({ pid }) => pid);
  }

  /**
   * Starts the children one after the other.
   *
   * @returns when the first one is ready
   * @throws {TaskerError} INVALID_STATE with the reason, when no child can be started
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.starting = { resolve, reject };
      this.fill();
    });
  }

  /** Makes a handler known to children that start from now on, and replaces those that run as they come free. */
  add(handler: PoolHandler): void {
    this.handlers.set(handler.callable, handler);
    for (const child of this.children) {
      if (child.steps.size === 0) {
        this.retire(child);
      } else {
        this.outgrown.add(child);
      }
    }
    this.fill();
  }

  /** Takes a step. It waits when no child is free. */
  run(facts: StepFacts, text: string): void {
    this.lastNumber = this.lastNumber === 0xffffffff ? 1 : this.lastNumber + 1;
    const step: PoolStep = {
      number: this.lastNumber,
      facts,
      text,
      startedAt: performance.now(),
      child: null,
      cpuMsBefore: 0,
    };
    this.steps.set(step.number, step);
    this.numbers.set(facts.eventId, step.number);
    this.waiting.push(step);
    this.assign();
  }

  holds(eventId: string): boolean {
    return this.numbers.has(eventId);
  }

  /** First rung of the ladder; the others follow by its clock. @returns whether the pool holds the event */
  abort(eventId: string, reason: AbortReason): boolean {
    const step = this.steps.get(this.numbers.get(eventId) ?? 0);
    if (step === undefined) {
      return false;
    }
    this.ladder.climb(step.facts, reason, () => {
      this.force(step, reason);
    });
    if (step.child === null) {
      // Nothing runs yet that would have to stop.
      this.waiting.splice(this.waiting.indexOf(step), 1);
      this.fail(step, {
        errorType: CrashErrorType.EXECUTOR_LOST,
        message: `the step was told to stop before it began: ${reason}`,
        backtrace: null,
      });
    } else {
      step.child.abort(step.number, reason);
    }
    return true;
  }

  /**
   * Ends all children.
   *
   * @param graceMs milliseconds that running steps have
   * @returns whether all steps had ended by then; those that had not are handed back
   */
  async stop(graceMs: number): Promise<boolean> {
    const whole = await this.untilIdle(graceMs);
    this.stopping = true;
    for (const timer of [this.restart, this.watch]) {
      clearTimeout(timer ?? undefined);
    }
    this.watch = null;
    this.starting?.reject(makeTaskerError('CLOSED', 'the pool was stopped'));
    for (const step of this.waiting.splice(0)) {
      this.giveBack(step);
    }
    for (const child of this.children) {
      if (child.steps.size > 0) {
        this.condemn(child, [], { errorType: 'executor_lost', message: 'the worker was shut down', backtrace: null });
      } else {
        child.stop();
      }
    }
    const late = setTimeout(() => {
      for (const child of this.children) {
        child.kill({
          errorType: 'executor_lost',
          message: 'the process did not end when it was told to',
          backtrace: null,
        });
      }
    }, stopGraceMs);
    await new Promise<void>((resolve) => {
      this.idleWaiters.push(resolve);
      this.checkIdle();
    });
    clearTimeout(late);
    this.ladder.clear();
    return whole;
  }

  private untilIdle(graceMs: number): Promise<boolean> {
    if (this.steps.size === 0) {
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(false);
      }, graceMs);
      this.idleWaiters.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** Wakes those who wait: before the stop for the last step, after it for the last child. */
  private checkIdle(): void {
    if (this.stopping ? this.children.size === 0 : this.steps.size === 0) {
      for (const idle of this.idleWaiters.splice(0)) {
        idle();
      }
    }
  }

  private room(child: PooledChild): number {
    return child.state === 'ready' && !child.isDoomed ? this.settings.stepsPerChild - child.steps.size : 0;
  }

  /** Gives waiting steps to the children with the most room. */
  private assign(): void {
    while (this.waiting.length > 0) {
      let best: PooledChild | null = null;
      for (const child of this.children) {
        if (this.room(child) > (best === null ? 0 : this.room(best))) {
          best = child;
        }
      }
      const step = best === null ? undefined : this.waiting.shift();
      if (best === null || step === undefined) {
        return;
      }
      this.give(best, step);
    }
  }

  private give(child: PooledChild, step: PoolStep): void {
    step.child = child;
    step.startedAt = performance.now();
    step.cpuMsBefore = processorMsBefore(this.settings, child.pid);
    child.run(step.number, step.text);
    this.news.writes(child, step.facts);
    this.host.reporter.started(step.facts);
    this.watch ??= setInterval(() => {
      this.look();
    }, watchIntervalMs);
  }

  // Children: start, heal, retire.

  /** Starts children until there are enough, few at a time. */
  private fill(): void {
    if (this.stopping || this.restart !== null) {
      return;
    }
    const there = [...this.children].filter(
      ({ state, isDoomed }) => !isDoomed && state !== 'stopping' && state !== 'gone',
    );
    let starting = there.filter(({ state }) => state === 'starting').length;
    let missing = this.settings.poolSize - there.length;
    while (missing > 0 && starting < (this.everReady ? startingMax : 1)) {
      if (!this.spawn()) {
        return;
      }
      missing -= 1;
      starting += 1;
    }
  }

  private spawn(): boolean {
    const { host, settings } = this;
    try {
      const child = new PooledChild(
        {
          spawn: childCommand(host.launcher, settings),
          start: {
            version: PROTOCOL_VERSION,
            handlers: [...this.handlers.values()].map(({ callable, url, exportName }) => ({
              callable,
              url,
              exportName,
            })),
            loadLater: [...this.loadLater],
            resultBytesMax: host.resultBytesMax,
          },
          startTimeoutMs: settings.startTimeoutMs,
          bodyBytesMax: host.resultBytesMax + frameMarginBytes,
        },
        this.childEvents,
      );
      this.children.add(child);
      return true;
    } catch (error) {
      this.startFailed(toError(error).message);
      return false;
    }
  }

  private readonly childEvents: ChildEvents = {
    onReady: (child, failed) => {
      this.ready(child, failed);
    },
    onDocument: (child, number, kind, text) => {
      this.documentCame(child, number, kind, text);
    },
    onLine: (child, stream, line) => {
      this.news.line(child, stream, line);
    },
    onLinesDropped: (child, count) => {
      this.news.linesDropped(child, count);
    },
    onExit: (child) => {
      // The replacement need not wait for the last words.
      if (child.wasReady && child.loading === null) {
        this.fill();
      }
    },
    onEnded: (child, ending, end) => {
      this.ended(child, ending, end);
    },
  };

  private ready(child: PooledChild, failed: Ready['failed']): void {
    this.news.ready(child, failed);
    if (!this.everReady) {
      this.everReady = true;
      this.failures = 0;
      this.starting?.resolve();
      this.starting = null;
    }
    this.assign();
    this.fill();
    this.host.onFree();
  }

  /** The next start waits, longer each time. */
  private startFailed(reason: string, module: string | null = null): void {
    this.failures += 1;
    if (!this.everReady && module === null && this.failures >= startFailuresMax) {
      this.starting?.reject(makeTaskerError('INVALID_STATE', `no child process can be started: ${reason}`));
      this.starting = null;
      return;
    }
    const delayMs = Math.min(backoffFirstMs * 2 ** (this.failures - 1), backoffMaxMs);
    this.news.startFailed(reason, delayMs);
    this.restart ??= setTimeout(() => {
      this.restart = null;
      this.fill();
    }, delayMs);
  }

  private retire(child: PooledChild): void {
    if (child.state === 'ready') {
      child.stop();
      this.fill();
    }
  }

  /** A child is gone: its steps are settled, and its place is filled. */
  private ended(child: PooledChild, ending: Ending, end: ProcessEnd): void {
    this.children.delete(child);
    const mine = [...child.steps].flatMap((number) => this.steps.get(number) ?? []);
    const { culprits, neighbours } = blame(mine, {
      condemned: this.condemned.get(child) ?? null,
      fault: child.fault,
      loading: child.loading,
    });
    const wasCondemned = this.condemned.delete(child);
    const planned = child.wasTold && mine.length === 0;
    if (!planned && !this.stopping) {
      this.host.counts[wasCondemned ? 'terminated' : 'crashed'] += 1;
      this.news.ended(child, {
        ending,
        end,
        wasKilled: wasCondemned,
        culprit: culprits[0]?.facts ?? null,
        handedBack: neighbours.map(({ facts }) => facts.eventId),
      });
    }
    if (child.loading !== null) {
      this.loadLater.add(child.loading);
    }
    for (const step of culprits) {
      this.fail(step, ending);
    }
    for (const step of neighbours) {
      this.giveBack(step);
    }
    if (!this.stopping && !child.wasTold && (child.loading !== null || !child.wasReady)) {
      this.startFailed(ending.message, child.loading);
    }
    this.fill();
    this.assign();
    this.host.onFree();
    this.checkIdle();
  }

  // Steps: results, failures, ladder, limits.

  private documentCame(child: PooledChild, number: number, kind: StepOutcome['kind'], text: string): void {
    this.failures = 0;
    const step = this.steps.get(number);
    if (step !== undefined) {
      const executionTimeMs = Math.round(performance.now() - step.startedAt);
      this.settle(step, kind === 'failed' ? failedFrom(text, executionTimeMs) : { kind, text, executionTimeMs });
    }
    const { recycleAfterSteps } = this.settings;
    if (child.steps.size === 0 && (child.served >= recycleAfterSteps || this.outgrown.has(child))) {
      this.retire(child);
    }
    this.assign();
    this.host.onFree();
  }

  private settle(step: PoolStep, outcome: StepOutcome): void {
    const { counts, settler } = this.host;
    counts.processed += 1;
    counts.failed += outcome.kind === 'failed' ? 1 : 0;
    settler.settle(step.facts, outcome, () => undefined);
    this.forget(step);
  }

  private forget(step: PoolStep): void {
    this.ladder.ended(step.facts.eventId);
    this.steps.delete(step.number);
    this.numbers.delete(step.facts.eventId);
    this.checkIdle();
    if (this.steps.size === 0 && this.watch !== null) {
      clearInterval(this.watch);
      this.watch = null;
    }
  }

  private fail(step: PoolStep, { errorType, message, backtrace }: Ending): void {
    const { facts } = step;
    const { retry } = this.handlers.get(facts.handlerName) ?? {};
    const failure = { ...crashFailure(errorType, new Error(message), retry), backtrace };
    const { counts, settler } = this.host;
    counts.processed += 1;
    counts.failed += 1;
    settler.fail(facts, failure, Math.round(performance.now() - step.startedAt), () => undefined);
    this.forget(step);
  }

  private giveBack(step: PoolStep): void {
    this.host.counts.handedBack += 1;
    this.host.handBack(step.facts.eventId);
    this.forget(step);
  }

  /** Last rung. */
  private force(step: PoolStep, reason: AbortReason): void {
    if (step.child !== null && this.steps.has(step.number)) {
      this.condemn(step.child, [step], {
        errorType: CrashErrorType.TIMEOUT,
        message: `the handler had not stopped ${this.host.graceMs} ms after it was told to (${reason})`,
        backtrace: null,
      });
    }
  }

  /** Kills a child for the sake of some of its steps. */
  private condemn(child: PooledChild, culprits: readonly PoolStep[], verdict: Ending): void {
    const known = this.condemned.get(child) ?? new Set();
    this.condemned.set(child, new Set([...known, ...culprits.map(({ number }) => number)]));
    child.kill(verdict);
  }

  /** Looks at memory and processor time of the children that work. */
  private look(): void {
    for (const child of this.children) {
      const steps = [...child.steps].flatMap((number) => this.steps.get(number) ?? []);
      const [first] = steps;
      if (first === undefined || child.state === 'gone' || child.isDoomed) {
        continue;
      }
      const { verdict, isLarge } = checkLimits(this.settings, child.pid, first.cpuMsBefore);
      if (isLarge) {
        this.outgrown.add(child);
      }
      if (verdict !== null) {
        this.condemn(child, steps, verdict);
      }
    }
  }
}

/** The outcome of a failure that a child has put into words. */
function failedFrom(text: string, executionTimeMs: number): StepOutcome {
  const { error } = JSON.parse(text) as { error: { error_type: string; message: string; retryable: boolean } };
  const { error_type: errorType, message, retryable } = error;
  return { kind: 'failed', text, executionTimeMs, errorType, message, retryable };
}
