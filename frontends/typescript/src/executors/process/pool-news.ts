// What a pool of children tells log and bus.
import type { TaskerEventEmitter } from '../../events/emitter.js';
import type { Logger } from '../../log/logger.js';
import type { StepFacts } from '../step-settler.js';
import type { Ending } from './endings.js';
import type { PooledChild } from './pooled-child.js';
import type { OutputStream, ProcessEnd } from './spawn.js';

/** The end of a child that was not planned. */
export interface ChildEnd {
  readonly ending: Ending;
  readonly end: ProcessEnd;
  /** Whether this side has killed it for the sake of a step. */
  readonly wasKilled: boolean;
  /** The step at fault, if one is. */
  readonly culprit: StepFacts | null;
  /** Event ids of the steps beside it, which are handed back. */
  readonly handedBack: readonly string[];
}

function runnerName({ pid }: PooledChild): string {
  return `process-${pid}`;
}

function idsOf({ taskUuid, stepUuid, handlerName }: StepFacts): { task_id: string; step_id: string; handler: string } {
  return { task_id: taskUuid, step_id: stepUuid, handler: handlerName };
}

export class PoolNews {
  private readonly logger: Logger;
  private readonly emitter: TaskerEventEmitter;
  /** Step whose lines a child writes; null when it has several. */
  private readonly writers = new WeakMap<PooledChild, StepFacts | null>();

  constructor(logger: Logger, emitter: TaskerEventEmitter) {
    this.logger = logger;
    this.emitter = emitter;
  }

  ready(child: PooledChild, failed: readonly { callable: string; message: string }[]): void {
    for (const { callable, message } of failed) {
      this.logger.warn('the module of a handler can not be loaded', { handler: callable, reason: message });
    }
    this.logger.debug('a child process is ready', { pid: child.pid });
    this.emitter.publish('executor.runner.started', {
      executor: 'process',
      runner: runnerName(child),
      timestamp: new Date(),
    });
  }

  startFailed(reason: string, delayMs: number): void {
    this.logger.warn('a child process ended at its start', { reason, retry_in_ms: delayMs });
  }

  ended(child: PooledChild, { ending, end, wasKilled, culprit, handedBack }: ChildEnd): void {
    this.logger.warn(wasKilled ? 'a child process was killed' : 'a child process ended by itself', {
      pid: child.pid,
      error_type: ending.errorType,
      reason: ending.message,
      exit_code: end.code,
      signal: end.signal,
      ...(culprit === null ? {} : idsOf(culprit)),
    });
    this.emitter.publish(wasKilled ? 'executor.runner.terminated' : 'executor.runner.crashed', {
      executor: 'process',
      runner: runnerName(child),
      eventId: culprit?.eventId ?? null,
      handlerName: culprit?.handlerName ?? null,
      reason: ending.errorType,
      handedBack,
      timestamp: new Date(),
    });
  }

  /** A step was given to a child: what the child writes from the next turn of the loop on is the step's. */
  writes(child: PooledChild, facts: StepFacts): void {
    // What the step before has written arrives in this turn at the latest.
    setImmediate(() => {
      this.writers.set(child, child.steps.size > 1 ? null : facts);
    });
  }

  line(child: PooledChild, stream: OutputStream, line: string): void {
    const writer = this.writers.get(child) ?? null;
    const fields = { stream, pid: child.pid, ...(writer === null ? {} : idsOf(writer)) };
    if (stream === 'stderr') {
      this.logger.warn(line, fields);
    } else {
      this.logger.info(line, fields);
    }
  }

  linesDropped(child: PooledChild, count: number): void {
    this.logger.warn('lines of a child process were dropped, it writes too many', { pid: child.pid, count });
  }
}
