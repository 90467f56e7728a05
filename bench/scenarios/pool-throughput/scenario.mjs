// Steps a second of a no-op handler, many in flight: Tasker's executors, the pools of npm, and one written by hand.

import { rateOf } from '../../lib/measure.mjs';
import { turningWork } from '../../lib/pools/events.mjs';
import {
  LIMIT_PROGRAM,
  WORKERS,
  peerMeasurements,
  programCommand,
  taskerMeasurement,
} from '../../lib/pools/measurements.mjs';
import { EXECUTORS } from '../../lib/pools/executors.mjs';

const IN_FLIGHT = 64;
const FULL = { count: 60_000, warmup: 15_000 };
const QUICK = { count: 300, warmup: 64 };
// The limit and the threads of Tasker are faster.
const TIMES = 4;

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'pool-throughput',
  what: 'no-op steps a second on two threads, 64 in flight: executors and pools',
  limit: {
    what: 'two threads that only parse the events and stringify the results',
    variant: 'threads',
    metric: 'steps_per_second',
  },
  measurements(programs, quick) {
    const size = quick ? QUICK : FULL;
    const longer = { count: TIMES * size.count, warmup: TIMES * size.warmup };
    const metrics = rateOf('steps');
    const common = { metrics, work: turningWork(size) };
    const peers = (/** @type {string} */ variant, /** @type {string} */ form) =>
      peerMeasurements(programs, { variant, common, options: { ...size, form, 'in-flight': IN_FLIGHT } });
    return [
      {
        ...{ system: 'limit', variant: 'threads', metrics, work: turningWork(longer), environment: programs.doors },
        command: programCommand(programs, LIMIT_PROGRAM, { workers: WORKERS, ...longer }),
      },
      ...EXECUTORS.map((executor) =>
        taskerMeasurement(programs, executor, { metrics, options: { ...longer, 'in-flight': IN_FLIGHT } }),
      ),
      ...peers('threads', 'objects'),
      ...peers('threads (texts)', 'texts'),
    ];
  },
};
