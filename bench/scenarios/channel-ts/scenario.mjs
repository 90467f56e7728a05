// TypeScript's channel: how long an item takes to a receiver that waits, and how many items a second go through.
import { join } from 'node:path';

import { numberedWork } from '../../lib/doors/variants.mjs';
import { WAKE_LATENCY, rateOf } from '../../lib/measure.mjs';

/** @typedef {import('../../lib/measure.mjs').Measurement} Measurement */

const SYSTEMS = [
  { system: 'limit', queue: 'hand-off' },
  { system: 'tasker', queue: 'tasker' },
  { system: 'sketch', queue: 'sketch' },
  { system: 'repeater', queue: 'repeater' },
];

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'channel-ts',
  what: 'an item through the channel of TypeScript, to a receiver that waits and as fast as can be',
  limit: { what: 'a promise that is resolved for one who awaits it', variant: 'idle', metric: 'latency_p50' },
  measurements({ node }, quick) {
    const works = [
      {
        variant: 'idle',
        program: 'latency.mjs',
        metrics: WAKE_LATENCY,
        size: quick ? { count: 20, warmup: 5 } : { count: 300, warmup: 50 },
      },
      {
        variant: '2 senders',
        program: 'throughput.mjs',
        metrics: rateOf('items'),
        size: quick ? { count: 2000, warmup: 1000 } : { count: 200_000, warmup: 50_000 },
      },
    ];
    return works.flatMap(({ variant, program, metrics, size }) =>
      SYSTEMS.map(({ system, queue }) => ({
        system,
        variant,
        metrics,
        work: numberedWork(size),
        command: () => [
          node,
          join(import.meta.dirname, program),
          ...['--queue', queue, '--count', `${size.count}`, '--warmup', `${size.warmup}`],
        ],
      })),
    );
  },
};
