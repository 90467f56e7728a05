// Calls a second through each door of each runtime.
import { join } from 'node:path';

import { commandOf, forEachDoor, valueMetric } from '../../lib/doors/variants.mjs';

const program = join(import.meta.dirname, 'call.mjs');

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'door-call',
  what: 'a call through a door that carries next to nothing',
  limit: {
    what: 'a function that returns a number, in an addon, on this version of Node',
    variant: `node ${process.versions.node.split('.')[0]} addon`,
    metric: 'calls_per_second',
  },
  measurements(programs, quick) {
    const size = quick ? { count: 1000, warmup: 100 } : { count: 2_000_000, warmup: 200_000 };
    const work = { tasks: size.count, steps: size.count, checksum: size.count };
    const calls = valueMetric('calls_per_second', 'calls/s');
    const polls = valueMetric('empty_polls_per_second', 'polls/s');
    return forEachDoor(programs, (runtime, door) => {
      const variant = `${runtime.name} ${door}`;
      const options = { ...size, door };
      return [
        {
          ...{ system: 'limit', variant, work, metrics: calls, environment: programs.doors },
          command: commandOf(runtime, program, { ...options, behind: 'nothing' }),
        },
        {
          ...{ system: 'tasker', variant, work, metrics: { ...calls, ...polls } },
          environment: { ...programs.doors, TASKER_BENCH_FEED: 'nothing' },
          command: commandOf(runtime, program, { ...options, behind: 'worker' }),
        },
      ];
    });
  },
};
