// A handler that computes for 20 ms: steps a second, and how late the main loop's timers are meanwhile.
import { valueMetric } from '../../lib/doors/variants.mjs';
import { rateOf } from '../../lib/measure.mjs';
import { EXECUTORS } from '../../lib/pools/executors.mjs';
import {
  LIMIT_PROGRAM,
  WORKERS,
  peerMeasurements,
  programCommand,
  taskerMeasurement,
} from '../../lib/pools/measurements.mjs';

const CPU_US = 20_000;
// One that runs and one that waits, for each thread.
const IN_FLIGHT = 2 * WORKERS;
const FULL = { count: 200, warmup: 10 };
const QUICK = { count: 6, warmup: 2 };

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'pool-cpu',
  what: 'steps that compute for 20 ms, on two threads or children or on the main loop',
  limit: { what: 'two threads that only compute', variant: 'threads', metric: 'steps_per_second' },
  measurements(programs, quick) {
    const size = quick ? QUICK : FULL;
    const options = { ...size, 'cpu-us': CPU_US, 'in-flight': IN_FLIGHT };
    const metrics = { ...rateOf('steps'), ...valueMetric('loop_lag_p99', 'ms') };
    const work = { tasks: size.count, steps: size.count, checksum: size.count };
    const peers = { ...options, form: 'spin' };
    return [
      {
        ...{ system: 'limit', variant: 'threads', metrics, work },
        command: programCommand(programs, LIMIT_PROGRAM, { workers: WORKERS, ...peers }),
      },
      ...EXECUTORS.map((executor) => taskerMeasurement(programs, executor, { metrics, options })),
      ...peerMeasurements(programs, { common: { metrics, work }, options: peers }),
    ];
  },
};
