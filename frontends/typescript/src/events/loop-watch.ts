// Finds the handler that blocks the event loop: exactly for what it does before it returns; for what it does later, by a timer
// that runs only while handlers wait, and only when one alone can be meant.
import type { FfiStepEvent } from '../native/types.js';

/** Hears of a handler that has blocked the loop. */
export type StallListener = (event: FfiStepEvent, blockedMs: number) => void;

export class LoopWatch {
  private readonly thresholdMs: number;
  private readonly onStall: StallListener;
  private readonly waiting = new Set<FfiStepEvent>();
  private timer: NodeJS.Timeout | null = null;
  private tickedAt = 0;

  /** @param thresholdMs milliseconds for which the loop may stand still, from 1 on */
  constructor(thresholdMs: number, onStall: StallListener) {
    this.thresholdMs = thresholdMs;
    this.onStall = onStall;
  }

  /** A handler has returned, its promise included if it gave one: `ranMs` is how long nothing else ran. */
  returned(event: FfiStepEvent, ranMs: number): void {
    if (ranMs >= this.thresholdMs) {
      this.tickedAt = performance.now();
      this.onStall(event, ranMs);
    }
  }

  /** The promise of a handler is open. */
  waits(event: FfiStepEvent): void {
    this.waiting.add(event);
    if (this.timer === null) {
      this.tickedAt = performance.now();
      this.timer = setInterval(this.tick, this.thresholdMs);
      this.timer.unref();
    }
  }

  /** The handler of an open promise has ended. What has just blocked the loop is its doing. */
  ended(event: FfiStepEvent): void {
    if (this.waiting.delete(event)) {
      this.blame(event);
      if (this.waiting.size === 0) {
        this.stop();
      }
    }
  }

  stop(): void {
    if (this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    }
  }

  private readonly tick = (): void => {
    const [only, ...others] = this.waiting;
    if (only !== undefined && others.length === 0) {
      this.blame(only);
    }
    this.tickedAt = performance.now();
  };

  private blame(event: FfiStepEvent): void {
    const blockedMs = performance.now() - this.tickedAt - this.thresholdMs;
    if (blockedMs >= this.thresholdMs) {
      this.tickedAt = performance.now();
      this.onStall(event, blockedMs);
    }
  }
}
