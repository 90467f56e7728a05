// One no-op step in flight: from being handed out until its result is there.
import { join } from 'node:path';

import { WAKE_LATENCY } from '../../lib/measure.mjs';
import { turningWork } from '../../lib/pools/events.mjs';
import { WORKERS, peerMeasurements, programCommand, taskerMeasurement } from '../../lib/pools/measurements.mjs';
import { EXECUTORS } from '../../lib/pools/executors.mjs';

const FULL = { count: 10_000, warmup: 3000 };
const QUICK = { count: 100, warmup: 20 };

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'pool-latency',
  what: 'round trip of one no-op step at a time: executors and pools',
  limit: {
    what: 'a thread woken by a futex does the JSON work and wakes the one that waits',
    variant: 'threads',
    metric: 'latency_p50',
  },
  measurements(programs, quick) {
    const size = quick ? QUICK : FULL;
    const metrics = WAKE_LATENCY;
    const common = { metrics, work: turningWork(size) };
    const peers = (/** @type {string} */ variant, /** @type {string} */ form) =>
      peerMeasurements(programs, { variant, common, options: { ...size, form, 'in-flight': 1 } });
    return [
      {
        ...{ system: 'limit', variant: 'threads', ...common, environment: programs.doors },
        command: programCommand(programs, join(import.meta.dirname, 'limit.mjs'), { workers: WORKERS, ...size }),
      },
      ...EXECUTORS.map((executor) =>
        taskerMeasurement(programs, executor, { metrics, options: { ...size, 'in-flight': 1 } }),
      ),
      ...peers('threads', 'objects'),
      ...peers('threads (texts)', 'texts'),
    ];
  },
};
