// Gives a pool its calls, so many at a time, and adds up what it answers.
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

import { makeEvents, seqOf } from './events.mjs';
import { calibrate } from './load.mjs';
import { keptPayload, makePayload } from './payloads.mjs';

/** @typedef {import('./contenders.mjs').Pool} Pool */
/** @typedef {import('../process.mjs').Work} Work */

/** Arguments that the programs of the pool scenarios share. */
export function readArguments() {
  const { values } = parseArgs({
    options: {
      path: { type: 'string', default: '' },
      pool: { type: 'string', default: '' },
      kind: { type: 'string', default: 'threads' },
      workers: { type: 'string', default: '2' },
      count: { type: 'string', default: '0' },
      warmup: { type: 'string', default: '0' },
      'in-flight': { type: 'string', default: '1' },
      'cpu-us': { type: 'string', default: '0' },
      form: { type: 'string', default: 'objects' },
      executor: { type: 'string', default: 'threads' },
    },
  });
  return {
    ...values,
    executor: /** @type {import('./executors.mjs').Executor} */ (values.executor),
    directory: dirname(values.path),
    kind: /** @type {'threads' | 'children'} */ (values.kind),
    workers: Number(values.workers),
    count: Number(values.count),
    warmup: Number(values.warmup),
    inFlight: Number(values['in-flight']),
    cpuUs: Number(values['cpu-us']),
  };
}

/**
 * Makes the calls numbered `first` to `first + count - 1` from as many lanes as may be in flight.
 *
 * @param {{ first: number, count: number, inFlight: number }} calls
 * @param {(call: number) => Promise<number>} run resolves with what the call adds to the checksum
 * @returns {Promise<Work>}
 */
export async function driveCalls({ first, count, inFlight }, run) {
  const work = { tasks: 0, steps: 0, checksum: 0 };
  const end = first + count;
  let next = first;
  const lane = async () => {
    while (next < end) {
      next += 1;
      const sum = await run(next - 1);
      work.checksum += sum;
      work.tasks += 1;
      work.steps += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return work;
}

/**
 * One call of a pool: `objects` gives it step events as objects, whose copies it makes by structured clone, `texts` as
 * JSON; `spin` lets it compute; `clone` and `transfer` give it payloads of 1 MiB.
 *
 * @param {Pool} pool
 * @param {string} form
 * @param {number} cpuUs of a call of `spin`
 * @returns {(call: number) => Promise<number>} resolves with what the call adds to the checksum
 */
export function functionCall(pool, form, cpuUs) {
  if (form === 'spin') {
    const spins = calibrate(cpuUs);
    return async () => pool.run('spin', spins).then(() => 1);
  }
  if (form === 'clone') return (call) => pool.run('weigh', keptPayload(call));
  if (form === 'transfer') {
    return (call) => {
      const payload = makePayload(call);
      return pool.run('weigh', payload, [payload.buffer]);
    };
  }
  const texts = makeEvents();
  const at = (/** @type {number} */ call) => call % texts.length;
  if (form === 'texts') {
    return async (call) => seqOf(/** @type {string} */ (await pool.run('answer', texts[at(call)])));
  }
  const events = texts.map((text) => JSON.parse(text));
  return async (call) => Number((await pool.run('answerObject', events[at(call)])).result.seq);
}
