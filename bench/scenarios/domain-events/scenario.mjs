// Durable domain events: what one a step costs, and how soon an idle subscriber of another process has it.
import { join } from 'node:path';

import { TASK_LATENCY, expectedWork, rateOf } from '../../lib/measure.mjs';

const STEPS = 4;
const shapes = join(import.meta.dirname, '..', '..', 'shapes');
const throughput = join(import.meta.dirname, '..', 'workflow-throughput', 'tasker.mjs');

const FULL = {
  rows: { tasks: 500_000, warmup: 50_000 },
  steps: { tasks: 20_000, warmup: 5000 },
  deliveries: { tasks: 300, warmup: 50 },
};
const QUICK = {
  rows: { tasks: 5000, warmup: 1000 },
  steps: { tasks: 200, warmup: 50 },
  deliveries: { tasks: 10, warmup: 5 },
};

/** @param {{ tasks: number, warmup: number }} size */
function sizeArgs({ tasks, warmup }) {
  return ['--tasks', `${tasks}`, '--warmup', `${warmup}`];
}

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'domain-events',
  what: 'one durable event a step, and its way to an idle subscriber of another process',
  limit: {
    what: 'a sleeping thread woken by a condition variable, p50',
    variant: 'delivery',
    metric: 'latency_p50',
  },
  measurements(programs, quick) {
    const sizes = quick ? QUICK : FULL;
    const steps = (/** @type {string} */ variant, /** @type {string} */ shape) => ({
      system: 'tasker',
      variant,
      metrics: rateOf('steps'),
      work: expectedWork({ ...sizes.steps, steps: STEPS }),
      command: (/** @type {string} */ directory) => [
        programs.node,
        throughput,
        ...['--path', join(directory, 'store.db'), '--template', join(shapes, shape)],
        ...sizeArgs(sizes.steps),
      ],
    });
    return [
      {
        system: 'limit',
        variant: 'steps',
        metrics: rateOf('steps'),
        work: expectedWork({ ...sizes.rows, steps: 1 }),
        command: (directory) => [
          programs.limit,
          'rows',
          ...['--path', join(directory, 'limit.db'), '--rows', `${sizes.rows.tasks}`],
          ...['--warmup', `${sizes.rows.warmup}`],
        ],
      },
      {
        system: 'limit',
        variant: 'delivery',
        metrics: TASK_LATENCY,
        work: expectedWork({ tasks: sizes.deliveries.tasks, warmup: 0, steps: 1 }),
        command: () => [programs.limit, 'wake', '--rounds', `${sizes.deliveries.tasks}`],
      },
      steps('steps (no events)', 'linear4.yaml'),
      steps('steps (one event each)', 'linear4_events.yaml'),
      {
        system: 'tasker',
        variant: 'delivery',
        metrics: TASK_LATENCY,
        work: expectedWork({ ...sizes.deliveries, steps: 1 }),
        command: (directory) => [
          programs.node,
          join(import.meta.dirname, 'delivery.mjs'),
          ...['--path', join(directory, 'store.db'), '--template', join(shapes, 'single_events.yaml')],
          ...sizeArgs(sizes.deliveries),
        ],
      },
    ];
  },
};
