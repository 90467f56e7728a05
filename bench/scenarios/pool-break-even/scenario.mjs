// Where each executor starts to pay: steps a second by how long a handler computes and how many steps are in flight.
import { valueMetric } from '../../lib/doors/variants.mjs';
import { rateOf } from '../../lib/measure.mjs';
import { EXECUTORS } from '../../lib/pools/executors.mjs';
import { LIMIT_PROGRAM, WORKERS, programCommand, taskerMeasurement } from '../../lib/pools/measurements.mjs';

const CPU_MS = [0.1, 0.5, 2, 10, 50, 200];
const IN_FLIGHT = [1, 16];
/** @type {readonly import('../../lib/pools/executors.mjs').Executor[]} */
const COMPARED = ['main', 'threads', 'process'];

/**
 * About half a second of computing.
 *
 * @param {number} cpuMs
 * @param {boolean} quick
 */
function sizeOf(cpuMs, quick) {
  const [budget_ms, fewest, most] = quick ? [2, 2, 20] : [500, 6, 2000];
  const count = Math.min(most, Math.max(fewest, Math.round(budget_ms / cpuMs)));
  return { count, warmup: Math.ceil(count / 5) };
}

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'pool-break-even',
  what: 'steps a second by executor, by the time that a handler computes and by the steps in flight',
  limit: {
    what: 'two threads that only compute, here for 10 ms each time',
    variant: '10 ms, 16 in flight',
    metric: 'steps_per_second',
  },
  measurements(programs, quick) {
    const times = quick ? [0.5, 10] : CPU_MS;
    const metrics = { ...rateOf('steps'), ...valueMetric('loop_lag_p99', 'ms') };
    return times.flatMap((cpuMs) =>
      IN_FLIGHT.flatMap((inFlight) => {
        const size = sizeOf(cpuMs, quick);
        const options = { ...size, 'cpu-us': cpuMs * 1000, 'in-flight': inFlight };
        const variant = `${cpuMs} ms, ${inFlight} in flight`;
        const work = { tasks: size.count, steps: size.count, checksum: size.count };
        const limit = { ...options, workers: Math.min(inFlight, WORKERS), form: 'spin' };
        return [
          {
            ...{ system: 'limit', variant, metrics, work },
            command: programCommand(programs, LIMIT_PROGRAM, limit),
          },
          ...COMPARED.filter((executor) => EXECUTORS.includes(executor)).map((executor) =>
            taskerMeasurement(programs, executor, { metrics, options, variant: `${variant} (${executor})` }),
          ),
        ];
      }),
    );
  },
};
