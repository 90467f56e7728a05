// Binary payloads of 1 MiB.

/** @typedef {import('../process.mjs').Work} Work */

const BYTES = 1 << 20;
const PAYLOADS = 16;
/** @type {Uint8Array<ArrayBuffer>[]} */
const kept = [];

/**
 * A new payload; its first byte tells the call.
 *
 * @param {number} call
 */
export function makePayload(call) {
  const payload = new Uint8Array(BYTES);
  payload[0] = markOf(call);
  return payload;
}

/** @param {number} call */
function markOf(call) {
  return (call % PAYLOADS) + 1;
}

/**
 * The payload of a call, one of a few that are kept.
 *
 * @param {number} call
 */
export function keptPayload(call) {
  return (kept[call % PAYLOADS] ??= makePayload(call));
}

/**
 * What the first bytes of the calls' payloads add up to.
 *
 * @param {{ count: number, warmup: number }} size
 * @returns {Work}
 */
export function payloadWork({ count, warmup }) {
  let checksum = 0;
  for (let call = warmup; call < warmup + count; call += 1) checksum += markOf(call);
  return { tasks: count, steps: count, checksum };
}
