// What the pools' threads and children run; all contenders run these same functions.
import { appendFileSync } from 'node:fs';

import { FILLING } from './filling.mjs';

/** @typedef {{ step_uuid: string, task: { context: { seq: string } } }} StepEvent */

/**
 * A no-op step: the event in, a result document of 284 bytes out, both as objects.
 *
 * @param {StepEvent} event
 */
export function answerObject({ step_uuid, task }) {
  return {
    step_uuid,
    success: true,
    result: { seq: task.context.seq, note: FILLING },
    metadata: { execution_time_ms: 1, handler_name: 'bench.door' },
    status: 'completed',
    execution_time_ms: 1,
  };
}

/**
 * The same, both as texts: the JSON work is what a thread of Tasker does for each step.
 *
 * @param {string} text
 */
export function answer(text) {
  return JSON.stringify(answerObject(JSON.parse(text)));
}

/**
 * Looks at a payload's first and last byte.
 *
 * @param {Uint8Array} bytes
 */
export function weigh(bytes) {
  return (bytes[0] ?? 0) + (bytes.at(-1) ?? 0);
}

/**
 * Keeps the processor busy for a fixed amount of work (see `calibrate`).
 *
 * @param {number} spins
 */
export function spin(spins) {
  let state = 1;
  for (let left = spins; left > 0; left -= 1) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

/**
 * Ends the thread, once the time is written: a line with the nanoseconds of the clock that all threads share.
 *
 * @param {string} file
 */
export function exit(file) {
  appendFileSync(file, `${process.hrtime.bigint()}\n`);
  process.exit(1);
}
