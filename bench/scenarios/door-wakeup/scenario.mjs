// How long news takes to reach JavaScript, pushed and polled, through each door of each runtime.
import { join } from 'node:path';

import { commandOf, forEachDoor, numberedWork } from '../../lib/doors/variants.mjs';
import { WAKE_LATENCY } from '../../lib/measure.mjs';

const program = join(import.meta.dirname, 'wakeup.mjs');

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'door-wakeup',
  what: "from the native side's wake-up to the JavaScript callback, against a poll every 10 ms",
  limit: {
    what: 'a thread that wakes a callback with no worker around it, on this version of Node, p50',
    variant: `node ${process.versions.node.split('.')[0]}`,
    metric: 'latency_p50',
  },
  measurements(programs, quick) {
    const size = quick ? { count: 5, warmup: 1 } : { count: 300, warmup: 20 };
    const work = numberedWork(size);
    const environment = { ...programs.doors, TASKER_BENCH_FEED: 'paced' };
    return forEachDoor(programs, (runtime, door) => {
      const forms = [
        { system: 'limit', variant: runtime.name, options: { behind: 'nothing' } },
        { system: 'tasker', variant: `${runtime.name} (${door})`, options: { behind: 'worker' } },
        {
          ...{ system: 'tasker', variant: `${runtime.name} (${door}, 10 ms poll)` },
          options: { behind: 'worker', news: 'poll' },
        },
      ];
      // One limit for both doors: a bare callback is the runtime's own.
      return forms
        .filter(({ system }) => system === 'tasker' || door === 'addon')
        .map(({ system, variant, options }) => ({
          ...{ system, variant, work, environment, metrics: WAKE_LATENCY },
          command: commandOf(runtime, program, { ...size, door, ...options }),
        }));
    });
  },
};
