// Step round trips a second through each door of each runtime, against a door with no worker behind it.
import { join } from 'node:path';

import { commandOf, forEachDoor, numberedWork } from '../../lib/doors/variants.mjs';

const program = join(import.meta.dirname, 'roundtrip.mjs');
const BATCH = 64;
// How long the feeding store's commits take: those of a fast disk.
const COMMIT_US = 500;

const metrics = {
  round_trips_per_second: {
    unit: 'steps/s',
    of: (/** @type {import('../../lib/process.mjs').Output} */ { work, elapsed_s = Number.NaN }) =>
      work.steps / elapsed_s,
  },
};

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'door-roundtrip',
  what: 'a step polled, parsed, answered and completed, in each runtime through each door',
  limit: {
    what: 'the same texts and JSON work through an addon with no worker behind it, on this version of Node',
    variant: `node ${process.versions.node.split('.')[0]} addon`,
    metric: 'round_trips_per_second',
  },
  measurements(programs, quick) {
    // Multiples of the batch.
    const size = quick ? { count: 640, warmup: 128 } : { count: 192_000, warmup: 48_000 };
    const work = numberedWork(size);
    const environment = { ...programs.doors, TASKER_BENCH_COMMIT_US: `${COMMIT_US}` };
    return forEachDoor(programs, (runtime, door) => {
      const batches = { suffix: ` (batches of ${BATCH})`, options: { batch: BATCH } };
      const objects = { suffix: ' (objects built natively)', options: { form: 'objects' } };
      const forms = [
        { system: 'limit', behind: 'nothing', suffix: '', options: {} },
        { system: 'limit', behind: 'nothing', ...batches },
        ...(door === 'addon' ? [{ system: 'limit', behind: 'nothing', ...objects }] : []),
        { system: 'tasker', behind: 'worker', suffix: '', options: {} },
        { system: 'tasker', behind: 'worker', ...batches },
      ];
      return forms.map(({ system, behind, suffix, options }) => ({
        ...{ system, variant: `${runtime.name} ${door}${suffix}`, work, metrics, environment },
        command: commandOf(runtime, program, { ...size, door, behind, ...options }),
      }));
    });
  },
};
