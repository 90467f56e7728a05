// Payloads of 1 MiB given to a pool's worker: by structured clone, and by transfer of the memory.
import { join } from 'node:path';

import { rateOf } from '../../lib/measure.mjs';
import { peerMeasurements, programCommand } from '../../lib/pools/measurements.mjs';
import { payloadWork } from '../../lib/pools/payloads.mjs';

const IN_FLIGHT = 8;
/** Pools that can hand memory over. */
const TRANSFERRING = /** @type {const} */ (['piscina', 'tinypool', 'poolifier', 'workerpool']);
const FULL = { count: 3000, warmup: 500 };
const QUICK = { count: 40, warmup: 8 };

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'pool-binary',
  what: 'steps a second with a binary payload of 1 MiB',
  limit: { what: 'the payload copied once', variant: 'copy', metric: 'steps_per_second' },
  measurements(programs, quick) {
    const size = quick ? QUICK : FULL;
    const common = { metrics: rateOf('steps'), work: payloadWork(size) };
    const options = { ...size, 'in-flight': IN_FLIGHT };
    return [
      {
        ...{ system: 'limit', variant: 'copy', ...common },
        command: programCommand(programs, join(import.meta.dirname, 'limit.mjs'), size),
      },
      ...peerMeasurements(programs, { common, options: { ...options, form: 'clone' } }),
      ...peerMeasurements(programs, {
        ...{ common, variant: 'threads (transfer)', names: TRANSFERRING },
        options: { ...options, form: 'transfer' },
      }),
    ];
  },
};
