// Processor work of a known size, and what it does to the event loop.
import { spin } from './workers/functions.mjs';

const ROUND_MS = 40;
const ROUNDS = 5;
const LOOK_EVERY_MS = 5;

/**
 * How many spins take so long on this machine when nothing else runs: a handler's work has to be the same however many
 * run beside it.
 *
 * @param {number} cpuUs
 */
export function calibrate(cpuUs) {
  const timed = (/** @type {number} */ spins) => {
    const start = performance.now();
    spin(spins);
    return performance.now() - start;
  };
  let spins = 100_000;
  while (timed(spins) < ROUND_MS) spins *= 2;
  const fastest = Math.min(...Array.from({ length: ROUNDS }, () => timed(spins)));
  return Math.max(1, Math.round((spins * cpuUs) / 1000 / fastest));
}

/** Watches how late this thread's timers come. */
export class LoopWatch {
  /** @type {number[]} milliseconds */
  #lags = [];
  #due = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  start() {
    this.#due = performance.now() + LOOK_EVERY_MS;
    this.#timer = setTimeout(() => {
      this.#note();
      this.start();
    }, LOOK_EVERY_MS);
  }

  /** @returns {number[]} milliseconds that each timer was late */
  stop() {
    clearTimeout(this.#timer);
    // The timer that never came is late too.
    this.#note();
    return this.#lags;
  }

  #note() {
    this.#lags.push(Math.max(0, performance.now() - this.#due));
  }
}
