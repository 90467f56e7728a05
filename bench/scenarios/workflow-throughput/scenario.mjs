// Many 4-step tasks in flight, end to end: from the first creation to the last completion.
import { join } from 'node:path';

import { expectedWork, rateOf } from '../../lib/measure.mjs';

const STEPS = 4;
const RESTATE_IN_FLIGHT = 128;
const template = join(import.meta.dirname, '..', '..', 'shapes', 'linear4.yaml');

const FULL = {
  rows: { tasks: 500_000, warmup: 50_000 },
  native: { tasks: 30_000, warmup: 5000 },
  typescript: { tasks: 20_000, warmup: 5000 },
  restate: { tasks: 1500, warmup: 500 },
};
const QUICK = {
  rows: { tasks: 5000, warmup: 1000 },
  native: { tasks: 200, warmup: 50 },
  typescript: { tasks: 200, warmup: 50 },
  restate: { tasks: 50, warmup: 10 },
};

/** @param {{ tasks: number, warmup: number }} size */
function sizeArgs({ tasks, warmup }) {
  return ['--tasks', `${tasks}`, '--warmup', `${warmup}`];
}

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'workflow-throughput',
  what: '4-step tasks, many in flight, first creation to last completion',
  limit: {
    what: 'rows of 200 bytes in commits of 1,000 straight through the C API of SQLite, FULL',
    variant: 'rows',
    metric: 'rows_per_second',
  },
  measurements(programs, quick) {
    const sizes = quick ? QUICK : FULL;
    const { restate } = programs;
    const peer = { system: 'restate', variant: 'linear4' };
    return [
      {
        system: 'limit',
        variant: 'rows',
        metrics: rateOf('rows'),
        work: expectedWork({ ...sizes.rows, steps: 1 }),
        command: (directory) => [
          programs.limit,
          'rows',
          ...['--path', join(directory, 'limit.db'), '--rows', `${sizes.rows.tasks}`],
          ...['--warmup', `${sizes.rows.warmup}`],
        ],
      },
      {
        system: 'tasker',
        variant: 'linear4',
        metrics: rateOf('steps'),
        work: expectedWork({ ...sizes.typescript, steps: STEPS }),
        command: (directory) => [
          programs.node,
          join(import.meta.dirname, 'tasker.mjs'),
          ...['--path', join(directory, 'store.db'), '--template', template],
          ...sizeArgs(sizes.typescript),
        ],
      },
      {
        system: 'tasker',
        variant: 'linear4 (native)',
        metrics: rateOf('steps'),
        work: expectedWork({ ...sizes.native, steps: STEPS }),
        command: (directory) => [
          programs.native,
          'throughput',
          ...['--path', join(directory, 'store.db'), '--template', template],
          ...['--concurrency', '4000', '--in-flight', '4000'],
          ...sizeArgs(sizes.native),
        ],
      },
      'reason' in restate
        ? { ...peer, leftOut: restate.reason }
        : {
            ...peer,
            metrics: rateOf('steps'),
            work: expectedWork({ ...sizes.restate, steps: STEPS }),
            command: (directory) => [
              ...restate.prefix,
              programs.node,
              join(import.meta.dirname, 'restate.mjs'),
              ...['--server', restate.server, '--directory', directory],
              ...['--in-flight', `${RESTATE_IN_FLIGHT}`],
              ...sizeArgs(sizes.restate),
            ],
          },
    ];
  },
};
