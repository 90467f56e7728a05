// The handler that Tasker's executors run in the pool scenarios. BENCH_HANDLER says what it does: threads have the
// environment of the process, children are given what is of it.
import { defineHandler, type } from 'tasker-worker';

import { FILLING } from './workers/filling.mjs';
import { exit, spin } from './workers/functions.mjs';

/**
 * Read at the first step: on the main thread the module is loaded before the program sets them.
 *
 * @returns {(seq: string) => void}
 */
function readWork() {
  const { BENCH_HANDLER: what = 'answer', BENCH_SPINS: spins = '0', BENCH_EXIT_FILE: file = '' } = process.env;
  const each = Number(spins);
  if (what === 'spin') return () => spin(each);
  if (what === 'exit') return (seq) => void (Number(seq) % 2 === 1 && exit(file));
  return () => {};
}

/** @type {ReturnType<typeof readWork> | undefined} */
let work;

export const benchHandler = defineHandler({
  name: 'bench.door',
  module: import.meta.url,
  input: /** @type {(raw: unknown) => { seq: string }} */ (type()),
  run: ({ input: { seq } }) => {
    work ??= readWork();
    work(seq);
    return { seq, note: FILLING };
  },
});
