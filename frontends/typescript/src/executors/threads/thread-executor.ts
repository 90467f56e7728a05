// The executor `threads` over a pool of worker threads.
//
// Direct mode: threads take steps by themselves, and this side only sees to their lives, the stop ladder and the bus. Relay
// mode: this side polls for them. A direct pool also takes single steps by message, those of a handler that was moved.
import { availableParallelism } from 'node:os';

import type { AbortReason } from '../../events/event-map.js';
import type { FfiStepEvent } from '../../native/types.js';
import { crashFailure } from '../crash-failure.js';
import type { CrashErrorType } from '../../errors/crash-types.js';
import { noCounts, type Executor, type ExecutorHost, type ExecutorMode, type ExecutorStatus } from '../executor.js';
import type { ExecutorOptions, WorkerThreadsOptions } from '../options.js';
import { watchListeners } from '../listener-watch.js';
import type { HandlerPlacement } from '../placement.js';
import { StopLadder } from '../stop-ladder.js';
import { factsOfEvent, type StepFacts } from '../step-settler.js';
import type { PoolThread } from './pool-thread.js';
import { Hears, type DirectWay, type FromThread, type ThreadModule } from './protocol.js';
import { WorkerPool, type ThreadLoss } from './worker-pool.js';

const poolSizeDefaultMax = 4;

export class ThreadExecutor implements Executor {
  readonly name = 'threads';
  places = 0;
  mode: ExecutorMode = 'relay';
  private reason = 'not started';
  private readonly host: ExecutorHost;
  private readonly options: WorkerThreadsOptions;
  private readonly size: number;
  private readonly concurrency: number;
  private readonly counts = noCounts();
  private readonly ladder: StopLadder;
  /** Events that a thread has taken by itself and that the bus is being told of: they come back through `run`. */
  private readonly observed = new Set<string>();
  private pool: WorkerPool | null = null;
  private stopListening: () => void = () => undefined;

  constructor(host: ExecutorHost, options: WorkerThreadsOptions) {
    this.host = host;
    this.options = options;
    this.size = options.poolSize ?? Math.max(1, Math.min(availableParallelism() - 1, poolSizeDefaultMax));
    this.concurrency = options.concurrency ?? 1;
    this.ladder = new StopLadder(this.name, host.emitter, this.counts, host.stopGraceMs);
  }

  async start(placements: readonly HandlerPlacement[]): Promise<void> {
    const direct = this.directWay();
    const pool = new WorkerPool(
      {
        runtime: this.host.runtime,
        size: this.size,
        concurrency: this.concurrency,
        memoryLimitMb: this.memoryLimitMb(placements),
        direct,
        onReady: (thread, reason) => {
          this.onReady(thread, reason);
        },
        onLost: (loss) => {
          this.onLost(loss);
        },
        onMessage: (thread, message) => {
          this.onMessage(thread, message);
        },
        onFreed: () => {
          this.host.freed();
        },
      },
      placements.map(moduleOf),
    );
    this.pool = pool;
    this.listen(pool);
    await pool.start();
    // One step more than can run waits for each thread, so that none idles while a completion is on its way.
    this.places = this.size * (this.concurrency + 1);
  }

  add(placement: HandlerPlacement): Promise<void> {
    return this.pool?.addModule(moduleOf(placement)) ?? Promise.resolve();
  }

  free(): number {
    return this.mode === 'relay' ? (this.pool?.free() ?? 0) : 0;
  }

  run(event: FfiStepEvent): void {
    if (this.observed.delete(event.event_id)) {
      return;
    }
    const facts = factsOfEvent(event);
    this.host.reporter.started(facts);
    this.pool?.execute(event, (outcome) => {
      this.ladder.ended(facts.eventId);
      this.counts.processed += 1;
      this.counts.failed += outcome.kind === 'failed' ? 1 : 0;
      this.host.settler.settle(facts, outcome, () => {
        this.host.freed();
      });
    });
  }

  abort(eventId: string, reason: AbortReason): boolean {
    const { pool } = this;
    if (pool?.takeBack(eventId) === true) {
      this.host.runtime.handBack([eventId]);
      return true;
    }
    const thread = pool?.threadOf(eventId) ?? null;
    if (pool === null || thread === null) {
      return false;
    }
    const relayed = thread.relayed.get(eventId);
    const facts = relayed?.facts ?? thread.aborting.get(eventId) ?? thread.shared.entered();
    if (relayed !== undefined) {
      pool.abort(thread, eventId, reason);
    }
    if (facts?.eventId === eventId) {
      this.climb(facts, reason);
    }
    return true;
  }

  detached(attachment: number): void {
    this.pool?.attachmentEnded(attachment);
  }

  status(): ExecutorStatus {
    const { pool, counts } = this;
    const inThreads = pool?.counts ?? { processed: 0, failed: 0 };
    return {
      ...counts,
      processed: counts.processed + inThreads.processed,
      failed: counts.failed + inThreads.failed,
      executor: this.name,
      mode: this.mode,
      reason: this.reason,
      ready: pool?.ready.length ?? 0,
      size: this.size,
      places: this.places,
      active: pool?.active ?? 0,
    };
  }

  async stop(graceMs: number): Promise<boolean> {
    const inTime = (await this.pool?.stop(graceMs)) ?? true;
    this.stopListening();
    this.ladder.clear();
    return inTime;
  }

  /** How threads reach the core; null when they can not, and then `reason` says why. */
  private directWay(): DirectWay | null {
    const { runtime } = this.host;
    if (this.options.mode === 'relay') {
      this.reason = 'options.workerThreads.mode is relay';
      return null;
    }
    const { door, libraryPath } = runtime;
    if (door === null || libraryPath === null) {
      this.reason = 'this native side was given, and threads can not load it';
      return null;
    }
    if (door === 'ffi' && runtime.name === 'node') {
      // koffi calls Node-API from its start with no regard to a thread that is being ended: that ends the process.
      this.reason = 'a thread that is ended while it loads koffi ends the process';
      return null;
    }
    return { door, path: libraryPath, token: runtime.attachToken() };
  }

  private memoryLimitMb(placements: readonly HandlerPlacement[]): number | null {
    const needed = placements.map(({ execution }) => execution.memoryLimitMb ?? 0);
    const most = Math.max(0, ...needed);
    return this.options.memoryLimitMb ?? (most > 0 ? most : null);
  }

  private onReady(thread: PoolThread, reason: string | null): void {
    const { emitter, logger } = this.host;
    if (this.places === 0) {
      this.mode = thread.attachment === null ? 'relay' : 'direct';
      this.reason = reason ?? (this.mode === 'direct' ? 'threads can attach to the core' : this.reason);
    }
    if (reason !== null) {
      logger.warn('a thread can not attach to the core, its steps are relayed', { thread: thread.name, reason });
    }
    emitter.publish('executor.runner.started', { executor: this.name, runner: thread.name, timestamp: new Date() });
  }

  private onMessage(thread: PoolThread, message: FromThread): void {
    const { emitter, reporter, logger } = this.host;
    switch (message.type) {
      case 'received':
        this.observed.add(message.event.event_id);
        emitter.publish('step.execution.received', { event: message.event, receivedAt: new Date() });
        return;
      case 'started':
        reporter.started(message.facts);
        return;
      case 'taken':
        reporter.taken(message.facts, message.outcome, message.sent);
        return;
      case 'late':
        reporter.late(message.facts);
        return;
      case 'aborting':
        thread.aborting.set(message.facts.eventId, message.facts);
        this.climb(message.facts, message.reason);
        return;
      case 'ended':
        thread.aborting.delete(message.eventId);
        this.ladder.ended(message.eventId);
        return;
      case 'log':
        logger[message.level](message.message, { thread: thread.name, ...message.fields });
        return;
      case 'ready':
      case 'outcome':
      case 'registered':
      case 'exiting':
        // The pool's own.
        return;
    }
  }

  private climb(facts: StepFacts, reason: AbortReason): void {
    this.ladder.climb(facts, reason, () => {
      // What the thread has said until now is read first: its handler may have ended while this loop was busy.
      setImmediate(() => {
        this.force(facts);
      });
    });
  }

  /** Last rung: the thread is ended, with all that it holds. */
  private force(facts: StepFacts): void {
    const thread = this.pool?.threadOf(facts.eventId) ?? null;
    if (thread !== null) {
      this.counts.terminated += 1;
      void thread.terminate(facts);
    }
  }

  private onLost(loss: ThreadLoss): void {
    const { thread, end, culprit, others } = loss;
    for (const eventId of [...others, ...(culprit === null ? [] : [culprit.eventId])]) {
      this.ladder.ended(eventId);
    }
    if (culprit !== null && end.errorType !== null) {
      this.failCulprit(thread, culprit, end.errorType, end.message);
    }
    const handedBack = this.host.runtime.handBack(others);
    this.counts.handedBack += handedBack;
    if (end.errorType !== null || (end.forced && thread.wasReady)) {
      this.counts.crashed += end.forced ? 0 : 1;
      this.report(loss, handedBack);
    }
  }

  private failCulprit(thread: PoolThread, facts: StepFacts, type: CrashErrorType, message: string): void {
    const error = new Error(message);
    // The stack would be the pool's.
    error.stack = '';
    const startedAt = thread.relayed.get(facts.eventId)?.startedAt;
    const elapsedMs = startedAt === undefined ? 0 : Math.round(performance.now() - startedAt);
    const failure = crashFailure(type, error, this.host.placementOf(facts.handlerName)?.execution.retry);
    this.counts.processed += 1;
    this.counts.failed += 1;
    this.host.settler.fail(facts, failure, elapsedMs, () => {
      this.host.freed();
    });
  }

  private report({ thread, end, culprit, others }: ThreadLoss, handedBack: number): void {
    const { emitter, logger } = this.host;
    const name = end.forced ? 'executor.runner.terminated' : 'executor.runner.crashed';
    const handlerName = culprit?.handlerName ?? null;
    emitter.publish(name, {
      executor: this.name,
      runner: thread.name,
      eventId: culprit?.eventId ?? null,
      handlerName,
      reason: end.errorType ?? 'terminated',
      handedBack: others.filter((eventId) => eventId !== culprit?.eventId),
      timestamp: new Date(),
    });
    const fields = { thread: thread.name, reason: end.message, handler: handlerName, handed_back: handedBack };
    logger.warn(end.forced ? 'a thread was terminated' : 'a thread has ended', fields);
  }

  /** Keeps the threads told of which news somebody listens to. */
  private listen(pool: WorkerPool): void {
    pool.setHears(this.heard());
    this.stopListening = watchListeners(this.host.emitter, (added) => {
      pool.setHears(this.heard() | bitOf(added));
    });
  }

  private heard(): number {
    const { emitter, reporter } = this.host;
    const { started, taken } = reporter.hears();
    const received = emitter.listenerCount('step.execution.received') > 0;
    return (started ? Hears.STARTED : 0) | (taken ? Hears.TAKEN : 0) | (received ? Hears.RECEIVED : 0);
  }
}

/** The news that belong to a listener of this event. */
function bitOf(name: unknown): number {
  switch (name) {
    case 'step.execution.received':
      return Hears.RECEIVED;
    case 'step.execution.started':
      return Hears.STARTED;
    default:
      return typeof name === 'string' && name.startsWith('step.') ? Hears.TAKEN : 0;
  }
}

function moduleOf({ address, callable, execution }: HandlerPlacement): ThreadModule {
  if (address === null) {
    throw new Error(`${callable} was placed in threads without a module`);
  }
  return { ...address, retry: execution.retry ?? {} };
}

/** Makes the executor; nothing is started. */
export function makeThreadExecutor(host: ExecutorHost, options: ExecutorOptions): Executor {
  return new ThreadExecutor(host, options.workerThreads ?? {});
}
