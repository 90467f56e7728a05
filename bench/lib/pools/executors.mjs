// Tasker's executors as the pool scenarios measure them: `threads` takes its steps straight from the core, `relay` through
// the main thread.

/** @typedef {'threads' | 'relay' | 'main' | 'process'} Executor */
/** @typedef {import('./contenders.mjs').Kind} Kind */

/** @type {readonly Executor[]} */
export const EXECUTORS = ['threads', 'relay', 'main', 'process'];

/**
 * The executors that do what pools of threads, or of children, do.
 *
 * @param {Kind} kind
 * @returns {{ executor: Executor, variant: string }[]} with the name of the row beside those of the pools
 */
export function executorsOf(kind) {
  const variants = kind === 'threads' ? { threads: 'threads', relay: 'threads (relay)' } : { process: 'children' };
  return Object.entries(variants)
    .map(([executor, variant]) => ({ executor: /** @type {Executor} */ (executor), variant }))
    .filter(({ executor }) => EXECUTORS.includes(executor));
}
