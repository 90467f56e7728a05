// A handler calls process.exit in its thread or child: from then to the next result from its place.
import { join } from 'node:path';

import { numberedWork } from '../../lib/doors/variants.mjs';
import { turningWork } from '../../lib/pools/events.mjs';
import { executorsOf } from '../../lib/pools/executors.mjs';
import { peerMeasurements, programCommand, taskerMeasurement } from '../../lib/pools/measurements.mjs';
import { percentile } from '../../lib/statistics.mjs';

// tinypool's threads and poolifier leave the call whose worker has exited without an answer.
const KINDS = /** @type {const} */ ([
  ['threads', ['piscina', 'workerpool']],
  ['children', ['tinypool', 'workerpool']],
]);

const metrics = {
  recovery: {
    unit: 'ms',
    of: (/** @type {import('../../lib/process.mjs').Output} */ { samples_us = [] }) =>
      percentile(samples_us, 50) / 1000,
  },
};

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'pool-recovery',
  what: 'from process.exit in a thread or child to the next result from its place',
  limit: { what: 'a bare thread (for children: a bare fork), started anew', variant: 'threads', metric: 'recovery' },
  measurements(programs, quick) {
    const count = quick ? 2 : 20;
    const common = { metrics, work: turningWork({ count, warmup: 0 }) };
    const options = { count };
    // Of twice as many steps every second has a result.
    const { checksum } = numberedWork({ count, warmup: 0 });
    const work = { tasks: 2 * count, steps: 2 * count, checksum: 2 * checksum };
    const program = (/** @type {string} */ name) => join(import.meta.dirname, name);
    return KINDS.flatMap(([kind, names]) => [
      {
        ...{ system: 'limit', variant: kind, ...common, environment: programs.doors },
        command: programCommand(programs, program('limit.mjs'), { count, kind }),
      },
      ...executorsOf(kind).map(({ executor, variant }) => ({
        ...taskerMeasurement(programs, executor, {
          ...{ metrics, variant, program: program('tasker.mjs'), options: { count, warmup: 0 } },
        }),
        work,
      })),
      ...peerMeasurements(programs, { program: program('pool.mjs'), kind, names, common, options, bare: false }),
    ]);
  },
};
