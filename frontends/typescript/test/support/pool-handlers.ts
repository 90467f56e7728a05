// Handlers that end in every way there is. Loaded by threads from this module; `behaviour` is the task's input.
import { isMainThread, threadId } from 'node:worker_threads';

import { defineHandler, type } from 'tasker-worker';

type Input = { readonly behaviour?: string; readonly path?: string };

/** Never ends, and keeps its thread alive. */
function forever(): Promise<never> {
  return new Promise(() => {
    setInterval(() => undefined, 1000);
  });
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

export const endings: Readonly<Record<string, (signal: AbortSignal) => unknown>> = {
  returns: () => ({ thread: threadId }),
  throws: () => {
    throw new Error('thrown');
  },
  rejects: () => Promise.reject(new Error('rejected')),
  exits: () => process.exit(3),
  'exits later': () => {
    setTimeout(() => process.exit(3), 1);
    return forever();
  },
  'rejects unheard': () => {
    setTimeout(() => void Promise.reject(new Error('unheard')), 1);
    return forever();
  },
  'throws outside': () => {
    setTimeout(() => {
      throw new Error('outside');
    }, 1);
    return forever();
  },
  'fills the heap': () => {
    const kept: unknown[] = [];
    for (;;) {
      kept.push(new Array(10_000).fill(kept.length).map((value: number) => ({ value })));
    }
  },
  'runs out of memory': () => new ArrayBuffer(Number.MAX_SAFE_INTEGER),
  loops: () => {
    for (;;);
  },
  'returns a function': () => ({ call: () => 1 }),
  spins: () => {
    spin(50);
    return { thread: threadId };
  },
  waits: () => new Promise((resolve) => setTimeout(resolve, 200, { waited: true })),
  heeds: (signal) =>
    new Promise((_, reject) => {
      const alive = setInterval(() => undefined, 1000);
      signal.addEventListener('abort', () => {
        clearInterval(alive);
        reject(signal.reason as Error);
      });
    }),
  ignores: () => forever(),
};

export const ending = defineHandler({
  name: 'pool.Ending',
  executor: 'threads',
  module: import.meta.url,
  input: type<Input>(),
  run: ({ input, context }) => {
    const run = endings[input.behaviour ?? 'returns'];
    if (run === undefined) {
      throw new Error(`no behaviour ${input.behaviour}`);
    }
    return run(context.signal) as { thread: number };
  },
});

/** The same, with a deadline. */
export const hasty = defineHandler({
  name: 'pool.Hasty',
  executor: 'threads',
  deadlineMs: 300,
  module: import.meta.url,
  input: type<Input>(),
  run: ({ input, context }) => endings[input.behaviour ?? 'returns']?.(context.signal) as { thread: number },
});

/** Blocks the thread that it runs in, for 300 ms. */
export const blocking = defineHandler({
  name: 'pool.Blocking',
  module: import.meta.url,
  input: type<Input>(),
  run: async ({ input }) => {
    if (input.behaviour === 'later') {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    spin(300);
    return { main: isMainThread };
  },
});
