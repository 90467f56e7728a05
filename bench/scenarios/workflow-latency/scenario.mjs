// One task at a time, four shapes: from creating it to seeing it complete, every step durable before the next begins.
import { join } from 'node:path';

import { TASK_LATENCY, expectedWork } from '../../lib/measure.mjs';

/** @typedef {import('../../lib/measure.mjs').Measurement} Measurement */

const SHAPES = [
  { shape: 'linear4', steps: 4 },
  { shape: 'diamond4', steps: 4 },
  { shape: 'dag7', steps: 7 },
  { shape: 'tree8', steps: 8 },
];
const shapesDirectory = join(import.meta.dirname, '..', '..', 'shapes');

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'workflow-latency',
  what: 'one task at a time, create to complete',
  limit: {
    what: 'the 5 commits of a 4-step task straight through the C API of SQLite, FULL, p50',
    variant: 'linear4',
    metric: 'latency_p50',
  },
  measurements(programs, quick) {
    const size = quick ? { tasks: 20, warmup: 5 } : { tasks: 400, warmup: 150 };
    const peerSize = quick ? size : { tasks: 150, warmup: 100 };
    const sizeArgs = ({ tasks, warmup } = size) => ['--tasks', `${tasks}`, '--warmup', `${warmup}`];

    const ofShapes = SHAPES.flatMap(({ shape, steps }) => {
      const template = join(shapesDirectory, `${shape}.yaml`);
      const common = { metrics: TASK_LATENCY, work: expectedWork({ ...size, steps }) };
      /** @type {Measurement[]} */
      const measurements = [
        {
          ...common,
          system: 'limit',
          variant: shape,
          work: expectedWork({ ...size, steps: steps + 1 }),
          command: (directory) => [
            programs.limit,
            'commits',
            ...['--path', join(directory, 'limit.db'), '--commits', `${steps + 1}`],
            ...sizeArgs(),
          ],
        },
        {
          ...common,
          system: 'tasker',
          variant: shape,
          command: (directory) => [
            programs.node,
            join(import.meta.dirname, 'tasker.mjs'),
            ...['--path', join(directory, 'store.db'), '--template', template],
            ...sizeArgs(),
          ],
        },
        {
          ...common,
          system: 'tasker',
          variant: `${shape} (native)`,
          command: (directory) => [
            programs.native,
            'latency',
            ...['--path', join(directory, 'store.db'), '--template', template],
            ...sizeArgs(),
          ],
        },
      ];
      return measurements;
    });

    const { restate } = programs;
    const peer = { system: 'restate', variant: 'linear4' };
    if ('reason' in restate) return [...ofShapes, { ...peer, leftOut: restate.reason }];
    return [
      ...ofShapes,
      {
        ...peer,
        metrics: TASK_LATENCY,
        work: expectedWork({ ...peerSize, steps: 4 }),
        command: (directory) => [
          ...restate.prefix,
          programs.node,
          join(import.meta.dirname, 'restate.mjs'),
          ...['--server', restate.server, '--directory', directory],
          ...sizeArgs(peerSize),
        ],
      },
    ];
  },
};
