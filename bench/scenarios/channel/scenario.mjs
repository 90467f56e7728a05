// Two producers, one consumer, 64-byte items, room for 1,000; and the wake-up of a receiver that sleeps.
import { eventMeasurement } from '../../lib/events-programs.mjs';
import { WAKE_LATENCY, expectedWork, rateOf } from '../../lib/measure.mjs';

const GROUP = 32;

const limit = { system: 'limit', program: 'bench_channel_limit' };
const queues = [
  { system: 'tasker', program: 'bench_channel_tasker' },
  { system: 'deque', program: 'bench_channel_deque' },
  { system: 'moodycamel', program: 'bench_channel_moodycamel', debianPackage: 'libconcurrentqueue-dev' },
  { system: 'tbb', program: 'bench_channel_tbb', debianPackage: 'libtbb-dev', singlyOnly: true },
];

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'channel',
  what: 'a bounded queue: two producers to one consumer, and the wake-up of a sleeping receiver',
  limit: {
    what: 'the same items into a ring and out again on one thread',
    variant: 'one by one',
    metric: 'items_per_second',
  },
  measurements(programs, quick) {
    const items = quick ? 20_000 : 4_000_000;
    const warmup = quick ? 1000 : 400_000;
    const rounds = quick ? 5 : 300;
    const throughput = { metrics: rateOf('items'), work: expectedWork({ tasks: items, warmup: 0, steps: 1 }) };
    const wake = {
      variant: 'wake-up',
      metrics: WAKE_LATENCY,
      work: expectedWork({ tasks: rounds, warmup: 0, steps: 1 }),
    };
    const throughputArgs = ['throughput', '--items', `${items}`, '--warmup', `${warmup}`];
    const wakeArgs = ['wake', '--rounds', `${rounds}`];
    return [
      eventMeasurement(programs, limit, ['throughput', '--items', `${items}`], {
        ...throughput,
        variant: 'one by one',
      }),
      eventMeasurement(programs, limit, wakeArgs, wake),
      ...queues.map((queue) =>
        eventMeasurement(programs, queue, throughputArgs, { ...throughput, variant: 'one by one' }),
      ),
      ...queues
        .filter(({ singlyOnly }) => singlyOnly !== true)
        .map((queue) =>
          eventMeasurement(programs, queue, [...throughputArgs, '--group', `${GROUP}`], {
            ...throughput,
            variant: `by ${GROUP}`,
          }),
        ),
      ...queues.map((queue) => eventMeasurement(programs, queue, wakeArgs, wake)),
    ];
  },
};
