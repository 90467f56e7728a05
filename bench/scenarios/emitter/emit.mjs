// Emits one event over and over to its listeners, in rounds. The figure is one emit's time in the fastest round: what other
// rounds took longer was the machine's, not the emitter's.
import { parseArgs } from 'node:util';

import { emitters } from './emitters.mjs';

const NAME = 'step.execution.completed';

const { values } = parseArgs({
  options: {
    emitter: { type: 'string' },
    listeners: { type: 'string' },
    rounds: { type: 'string' },
    count: { type: 'string' },
  },
});
const make = emitters[values.emitter ?? ''];
if (make === undefined)
  throw new Error(`--emitter ${values.emitter}: expected one of ${Object.keys(emitters).join(', ')}`);
const [listeners, rounds, count] = [values.listeners, values.rounds, values.count].map(Number);

let calls = 0;
let checksum = 0;
// Functions of their own, as listeners are: one that stands in the list five times would be inlined as one.
const pool = [
  (/** @type {{ step: number }} */ { step }) => {
    calls += 1;
    checksum += step;
  },
  (/** @type {{ step: number }} */ payload) => {
    checksum += payload.step;
    calls += 1;
  },
  (/** @type {{ step: number }} */ payload) => {
    const { step } = payload;
    calls = calls + 1;
    checksum = checksum + step;
  },
  (/** @type {{ step: number }} */ { step }) => {
    checksum = step + checksum;
    calls++;
  },
  (/** @type {{ step: number }} */ payload) => {
    calls++;
    checksum = payload.step + checksum;
  },
];

const emitter = make();
for (const listener of pool.slice(0, listeners)) emitter.on(NAME, listener);
const payload = { step: 1 };

/** @returns {number} nanoseconds for each emit */
function emitRound() {
  const start = performance.now();
  for (let left = count ?? 0; left > 0; left -= 1) emitter.emit(NAME, payload);
  return ((performance.now() - start) * 1e6) / (count ?? 1);
}

// Two rounds to warm up.
emitRound();
emitRound();
calls = 0;
checksum = 0;
const times = Array.from({ length: rounds ?? 0 }, emitRound);
const emits = (rounds ?? 0) * (count ?? 0);
console.log(
  JSON.stringify({ values: { time_per_emit: Math.min(...times) }, work: { tasks: emits, steps: calls, checksum } }),
);
