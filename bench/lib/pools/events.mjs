// The step events that the pools are given: texts that Tasker's door hands out, 1,024 different ones in turn.
import { loadBareAddon } from '../doors/open.mjs';

/** @typedef {import('../process.mjs').Work} Work */

const EVENTS = 1024;
const SEQ_DIGITS = 9;
const SEQ_MEMBER = '"seq":"';

/** @returns {string[]} the event at index i has the number i + 1 */
export function makeEvents() {
  const { poll } = loadBareAddon();
  // Through a buffer: slice alone would keep a view of another string.
  return Array.from({ length: EVENTS }, () => Buffer.from(poll(1).slice(1, -1), 'latin1').toString('latin1'));
}

/**
 * The number in a text that has `"seq":"000000001"`, read without parsing it.
 *
 * @param {string} text
 */
export function seqOf(text) {
  const at = text.indexOf(SEQ_MEMBER) + SEQ_MEMBER.length;
  return Number(text.slice(at, at + SEQ_DIGITS));
}

/**
 * What has to have been done when the calls from `warmup` on were given the events in turn.
 *
 * @param {{ count: number, warmup: number }} size
 * @returns {Work}
 */
export function turningWork({ count, warmup }) {
  let checksum = 0;
  for (let call = warmup; call < warmup + count; call += 1) checksum += (call % EVENTS) + 1;
  return { tasks: count, steps: count, checksum };
}
