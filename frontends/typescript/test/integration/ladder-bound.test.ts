// How long a handler that never returns keeps its place.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { create, errorTypeOf, start, threadsOf, until } from '../support/pool.js';
import { withScene } from '../support/store.js';

const stopGraceMs = 200;
/** Deadline of `pool.Hasty`, the grace, and what ending a thread or a child may take. */
const boundMs = 300 + stopGraceMs + 100;
/** A machine that does other things may hold up one of them, not each. */
const attemptsMax = 10;

suite('an endless loop', () => {
  for (const [executor, pool] of [
    ['threads', {}],
    ['process', { workerThreads: {}, workerProcesses: { poolSize: 1, handlers: ['pool.Hasty', 'pool.Ending'] } }],
  ] as const) {
    test(`in ${executor} ends within deadline, grace and 100 ms, and its place is free again`, () =>
      withScene(async (scene) => {
        const worker = await start(scene, 'direct', { stopGraceMs, workerThreads: { poolSize: 1 }, ...pool });
        const emitter = worker.getEmitter();
        const elapsedMs: number[] = [];
        let startedAt = 0;
        emitter.on('step.execution.started', () => {
          startedAt = performance.now();
        });
        emitter.on('executor.runner.terminated', () => elapsedMs.push(performance.now() - startedAt));
        // What runs steps elsewhere hears of a new listener a moment later.
        while (startedAt === 0) {
          assert.equal(await errorTypeOf(worker, await create(worker, 'returns')), null);
        }
        while (elapsedMs.length < attemptsMax && !elapsedMs.some((each) => each <= boundMs)) {
          const attempt = elapsedMs.length + 1;
          const culprit = await create(worker, 'loops', 'hasty');
          assert.equal(await errorTypeOf(worker, culprit), 'timeout');
          await until(() => elapsedMs.length === attempt, 'the end of what ran it');
          assert.equal(await errorTypeOf(worker, await create(worker, 'returns')), null);
        }
        assert.ok(
          elapsedMs.some((each) => each <= boundMs),
          `${elapsedMs.map(Math.round).join(', ')} ms, expected ${boundMs} at most`,
        );
        assert.equal(threadsOf(worker).executor, executor);
        await until(() => threadsOf(worker).terminated === elapsedMs.length, 'a count of what was ended');
      }));
  }
});
