// Program: runs each seed's program on the runtime's own emitter and on Tasker's, over both backings, and prints what
// differs, with a digest of the traces that all runtimes have in common. Arguments: first seed, number of seeds.
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';

import { TaskerEventEmitter } from '#dist/events/emitter.js';
import { TypedEventEmitter } from '#dist/events/typed-emitter.js';
import { traceScenarios } from './emitter-scenarios.js';
import { emptiedWhileTold, traceProgram, type AnyEmitter, type MakeEmitter } from './emitter-programs.js';

export interface Comparison {
  readonly differences: readonly string[];
  /** Lines of all traces together: a comparison of nothing would find no difference. */
  readonly lines: number;
  readonly digest: string;
  readonly scenarios: readonly string[];
}

const makers: Readonly<Record<string, MakeEmitter>> = {
  'TypedEventEmitter over node': (options) => new TypedEventEmitter(options),
  'TypedEventEmitter over eventemitter3': (options) => new TypedEventEmitter({ ...options, emitter: 'eventemitter3' }),
  'TaskerEventEmitter over node': (options) => makeWatched(new TaskerEventEmitter(options)),
  'TaskerEventEmitter over eventemitter3': (options) =>
    makeWatched(new TaskerEventEmitter({ ...options, emitter: 'eventemitter3' })),
};

/** With a listener of the worker's own, of an event that no program has, and a signal that is never aborted. */
function makeWatched(emitter: TaskerEventEmitter): AnyEmitter {
  emitter.onLast('step.execution.received', () => undefined);
  return emitter;
}

const isOfLaterNode = Number(process.versions.node.split('.')[0]) >= 24;

function firstDifference(expected: readonly string[], actual: readonly string[]): string | null {
  for (let line = 0; line < Math.max(expected.length, actual.length); line += 1) {
    if (isOfLaterNode && expected[line] === emptiedWhileTold && actual[line] === emptiedWhileTold) {
      return null;
    }
    if (expected[line] !== actual[line]) {
      const before = expected.slice(Math.max(0, line - 8), line).join('\n');
      return `line ${line}\n${before}\nexpected ${expected[line] ?? 'no more'}\nactual   ${actual[line] ?? 'no more'}`;
    }
  }
  return null;
}

const [first = 1, count = 1] = process.argv.slice(2).map(Number);
const differences: string[] = [];
const hash = createHash('sha256');
let lines = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const expected = await traceProgram((options) => new EventEmitter(options), seed);
  lines += expected.length;
  for (const [name, make] of Object.entries(makers)) {
    const difference = firstDifference(expected, await traceProgram(make, seed));
    if (difference !== null) {
      differences.push(`seed ${seed}, ${name}, ${difference}`);
    }
    const shared = await traceProgram(make, seed, true);
    hash.update(shared.join('\n'));
  }
}
const scenarios = await traceScenarios({});
if (scenarios.join('\n') !== (await traceScenarios({ emitter: 'eventemitter3' })).join('\n')) {
  differences.push('scenarios over eventemitter3');
}
const comparison: Comparison = { differences, lines, digest: hash.digest('hex'), scenarios };
console.log(JSON.stringify(comparison));
