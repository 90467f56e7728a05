// Calls that carry next to nothing: a number out of the door, and a poll that finds nothing.
import { finish, openBare, openReal, readArguments } from '../../lib/doors/open.mjs';

const { behind, door: name, path, count, warmup } = readArguments();
const isBare = behind === 'nothing';
const door = isBare ? await openBare(name) : await openReal(name, path, 10);

/**
 * @param {() => number} call
 * @returns {{ rate: number, sum: number }} calls a second, and the sum of what they returned
 */
function measure(call) {
  for (let i = 0; i < warmup; i += 1) call();
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < count; i += 1) sum += call();
  return { rate: (count / (performance.now() - start)) * 1000, sum };
}

// The bare door's number is 1, the real one's that of its interface.
const one = door.number();
const numbers = measure(() => door.number());
const polls = isBare ? null : measure(() => (door.poll(1) === null ? 1 : Number.NaN));
finish({
  values: { calls_per_second: numbers.rate, ...(polls === null ? {} : { empty_polls_per_second: polls.rate }) },
  work: { tasks: count, steps: polls === null ? count : polls.sum, checksum: numbers.sum / one },
});
