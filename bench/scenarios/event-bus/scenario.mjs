// What it costs to publish an event to synchronous subscribers, and what schema, middleware and a queue add to that.
import { eventMeasurement } from '../../lib/events-programs.mjs';
import { expectedWork } from '../../lib/measure.mjs';

const SUBSCRIBERS = [1, 5];
const ADDED = ['by-name', 'filter', 'sample', 'time', 'enrich', 'queue', 'schema'];

const tasker = { system: 'tasker', program: 'bench_event_bus_tasker' };
const systems = [
  { system: 'limit', program: 'bench_event_bus_limit' },
  tasker,
  { system: 'signals2', program: 'bench_event_bus_signals2', debianPackage: 'libboost-dev' },
  { system: 'sigc++', program: 'bench_event_bus_sigcpp', debianPackage: 'libsigc++-2.0-dev' },
];

const metrics = {
  publish: {
    unit: 'ns',
    of: (/** @type {import('../../lib/process.mjs').Output} */ { work, elapsed_s = Number.NaN }) =>
      (elapsed_s * 1e9) / work.tasks,
  },
};

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'event-bus',
  what: 'publishing an event to synchronous subscribers, and what schema and middleware add',
  limit: { what: 'a loop over functions in a vector, one subscriber', variant: '1 subscriber', metric: 'publish' },
  measurements(programs, quick) {
    const publishes = quick ? 1000 : 2_000_000;
    // A schema costs a hundred times as much as all the rest.
    const publishesAdded = quick ? 1000 : 100_000;
    const argsOf = (/** @type {number} */ count, /** @type {number} */ subscribers) => [
      ...['--publishes', `${count}`, '--warmup', `${count / 20}`, '--subscribers', `${subscribers}`],
    ];
    const plain = SUBSCRIBERS.flatMap((subscribers) =>
      systems.map((system) =>
        eventMeasurement(programs, system, argsOf(publishes, subscribers), {
          variant: subscribers === 1 ? '1 subscriber' : `${subscribers} subscribers`,
          metrics,
          work: expectedWork({ tasks: publishes, warmup: 0, steps: subscribers }),
        }),
      ),
    );
    const added = ADDED.map((what) =>
      eventMeasurement(programs, tasker, [...argsOf(publishesAdded, 1), '--with', what], {
        variant: `1 subscriber (${what})`,
        metrics,
        work: expectedWork({ tasks: publishesAdded, warmup: 0, steps: 1 }),
      }),
    );
    return [...plain, ...added];
  },
};
