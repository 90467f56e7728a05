// Memory of each worker more in a process, through each door of each runtime.
import { join } from 'node:path';

import { commandOf, forEachDoor, valueMetric } from '../../lib/doors/variants.mjs';

const program = join(import.meta.dirname, 'memory.mjs');
const template = join(import.meta.dirname, '..', '..', 'shapes', 'single.yaml');

/** @type {import('../../lib/measure.mjs').Scenario} */
export default {
  name: 'door-memory',
  what: 'memory that each worker more takes in a process',
  limit: { what: 'a worker of a C++ program', variant: 'worker', metric: 'memory_per_worker' },
  measurements(programs, quick) {
    const size = quick ? { count: 2, warmup: 1 } : { count: 20, warmup: 3 };
    const common = {
      work: { tasks: size.count, steps: size.count, checksum: size.count },
      metrics: valueMetric('memory_per_worker', 'KiB'),
    };
    const environment = { TASKER_ADDON_PATH: programs.addon, TASKER_FFI_LIBRARY_PATH: programs.ffi.library ?? '' };
    return [
      {
        ...common,
        ...{ system: 'limit', variant: 'worker' },
        command: (directory) => [
          programs.native,
          'memory',
          ...['--path', join(directory, 'store.db'), '--template', template],
          ...['--tasks', `${size.count}`, '--warmup', `${size.warmup}`],
        ],
      },
      ...forEachDoor(programs, (runtime, door) => [
        {
          ...common,
          ...{ system: 'tasker', variant: `${runtime.name} ${door}`, environment },
          command: commandOf(runtime, program, { ...size, door }),
        },
      ]),
    ];
  },
};
