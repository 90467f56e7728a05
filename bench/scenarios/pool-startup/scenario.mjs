// What pools cost before they do anything: the time to the first result, and the memory of each idle thread and child.
import { join } from 'node:path';

import { valueMetric } from '../../lib/doors/variants.mjs';
import { executorsOf } from '../../lib/pools/executors.mjs';
import { peerMeasurements, programCommand, taskerMeasurement } from '../../lib/pools/measurements.mjs';

/** Threads or children whose memory is looked at. */
const MORE = 4;
const KINDS = /** @type {const} */ (['threads', 'children']);

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'pool-startup',
  what: 'from making a pool to its first result, and the memory of each idle thread and child',
  limit: { what: 'two bare threads (for children: two bare forks)', variant: 'threads', metric: 'first_result' },
  measurements(programs) {
    const metrics = { ...valueMetric('first_result', 'ms'), ...valueMetric('memory_per_worker', 'KiB') };
    const steps = 1 + 4 * MORE;
    const common = { metrics, work: { tasks: steps, steps, checksum: 1 } };
    const pool = join(import.meta.dirname, 'pool.mjs');
    const tasker = join(import.meta.dirname, 'tasker.mjs');
    return KINDS.flatMap((kind) => [
      {
        ...{ system: 'limit', variant: kind, ...common, environment: programs.doors },
        command: programCommand(programs, pool, { workers: 2, count: MORE, pool: 'hand-written', kind }),
      },
      ...executorsOf(kind).map(({ executor, variant }) => ({
        ...taskerMeasurement(programs, executor, {
          ...{ metrics, variant, program: tasker, options: { count: MORE, warmup: 0 } },
        }),
        work: common.work,
      })),
      ...peerMeasurements(programs, { program: pool, kind, common, options: { count: MORE }, bare: false }),
    ]);
  },
};
