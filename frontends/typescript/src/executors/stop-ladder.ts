// The one ladder for timeout, cancel and shutdown: the handler's signal is aborted, it gets a grace, then what runs it is
// ended by force. This is its clock; each executor has its own force.
import type { TaskerEventEmitter } from '../events/emitter.js';
import type { AbortReason } from '../events/event-map.js';
import type { ExecutorName } from '../native/native-door.js';
import type { ExecutorCounts } from './executor.js';
import type { StepFacts } from './step-settler.js';

/** The ladder of one executor. */
export class StopLadder {
  private readonly executor: ExecutorName;
  private readonly emitter: TaskerEventEmitter;
  private readonly counts: ExecutorCounts;
  private readonly graceMs: number;
  private readonly climbing = new Map<string, NodeJS.Timeout>();

  /** @param graceMs milliseconds between the signal and the force */
  constructor(executor: ExecutorName, emitter: TaskerEventEmitter, counts: ExecutorCounts, graceMs: number) {
    this.executor = executor;
    this.emitter = emitter;
    this.counts = counts;
    this.graceMs = graceMs;
  }

  /**
   * First rung: tells the bus, and starts the grace. Once for each event.
   *
   * @param force the last rung, when the handler has not ended by then
   */
  climb(facts: StepFacts, reason: AbortReason, force: () => void): void {
    if (this.climbing.has(facts.eventId)) {
      return;
    }
    this.counts.aborted += 1;
    const { executor, graceMs } = this;
    this.emitter.publish('step.execution.aborted', { ...facts, reason, timestamp: new Date() });
    const timer = setTimeout(() => {
      this.climbing.delete(facts.eventId);
      this.counts.graceExpired += 1;
      this.emitter.publish('step.grace.expired', { ...facts, executor, reason, graceMs, timestamp: new Date() });
      force();
    }, graceMs);
    this.climbing.set(facts.eventId, timer);
  }

  /** The handler has ended: no further rung. */
  ended(eventId: string): void {
    const timer = this.climbing.get(eventId);
    if (timer !== undefined) {
      clearTimeout(timer);
      this.climbing.delete(eventId);
    }
  }

  isClimbing(eventId: string): boolean {
    return this.climbing.has(eventId);
  }

  /** Forgets all. */
  clear(): void {
    for (const timer of this.climbing.values()) {
      clearTimeout(timer);
    }
    this.climbing.clear();
  }
}
