// From the claim of a step to the start of its handler, in a process that was idle before.
import { join } from 'node:path';

import { WAKE_LATENCY, expectedWork } from '../../lib/measure.mjs';

const template = join(import.meta.dirname, '..', '..', 'shapes', 'single.yaml');

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'dispatch-latency',
  what: 'from the claim of a step to its handler, in an idle process',
  limit: {
    what: 'a sleeping thread woken by a condition variable, p50',
    variant: 'wake-up',
    metric: 'latency_p50',
  },
  measurements(programs, quick) {
    const size = quick ? { tasks: 10, warmup: 5 } : { tasks: 300, warmup: 50 };
    const sizeArgs = ['--tasks', `${size.tasks}`, '--warmup', `${size.warmup}`];
    const common = { metrics: WAKE_LATENCY, work: expectedWork({ ...size, steps: 1 }) };
    return [
      {
        ...common,
        system: 'limit',
        variant: 'wake-up',
        work: expectedWork({ tasks: size.tasks, warmup: 0, steps: 1 }),
        command: () => [programs.limit, 'wake', '--rounds', `${size.tasks}`],
      },
      {
        ...common,
        system: 'tasker',
        variant: 'single',
        command: (directory) => [
          programs.node,
          join(import.meta.dirname, 'tasker.mjs'),
          ...['--path', join(directory, 'store.db'), '--template', template],
          ...sizeArgs,
        ],
      },
      {
        ...common,
        system: 'tasker',
        variant: 'single (native)',
        command: (directory) => [
          programs.native,
          'dispatch',
          ...['--path', join(directory, 'store.db'), '--template', template],
          ...sizeArgs,
        ],
      },
    ];
  },
};
