import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { create, errorTypeOf, heard, isBun, isNode, start, threadsOf, until } from '../support/pool.js';
import { withScene } from '../support/store.js';

const isNode26 = Number.parseInt(process.versions.node, 10) >= 26;

for (const mode of ['relay', 'direct'] as const) {
  suite(`threads, ${mode}`, () => {
    test('run handlers of a module, and the status says where and why', () =>
      withScene(async (scene) => {
        const worker = await start(scene, mode);
        const uuids = await Promise.all(Array.from({ length: 20 }, () => create(worker, 'spins')));
        for (const uuid of uuids) {
          assert.equal(await errorTypeOf(worker, uuid), null);
        }
        assert.deepEqual(worker.status().handlers[0], {
          handler: 'pool.Ending',
          executor: 'threads',
          source: 'definition',
          reason: null,
        });
        await until(() => threadsOf(worker).processed === 20, 'a count of all steps');
        const { failed, size, ready } = threadsOf(worker);
        assert.deepEqual({ failed, size, ready }, { failed: 0, size: 2, ready: 2 });
        const used = uuids.map(
          (uuid) => (worker.listTaskSteps(uuid)[0]?.results as { result: { thread: number } }).result,
        );
        assert.ok(new Set(used.map(({ thread }) => thread)).size === 2, 'both threads took steps');
      }));

    for (const [behaviour, type] of [
      ['throws', 'handler_error'],
      ['rejects', 'handler_error'],
      ['exits', 'process_exit'],
      ['exits later', 'process_exit'],
      // Bun's test runner ends a thread for a rejection, and tells it as any error.
      ['rejects unheard', isBun ? 'uncaught_exception' : 'unhandled_rejection'],
      ['throws outside', 'uncaught_exception'],
      ['returns a function', 'invalid_result'],
      ...(isNode
        ? [
            ['fills the heap', 'heap_limit'],
            // From Node 26 on the allocation counts as heap, and ends the thread.
            ['runs out of memory', isNode26 ? 'heap_limit' : 'out_of_memory'],
          ]
        : []),
    ] as [string, string][]) {
      test(`a handler that ${behaviour} fails its step as ${type}, and nothing else`, () =>
        withScene(async (scene) => {
          const limit = behaviour === 'fills the heap' ? { memoryLimitMb: 64 } : {};
          const worker = await start(scene, mode, { workerThreads: limit });
          const failures = heard(worker, 'step.execution.failed');
          const others = [await create(worker, 'waits'), await create(worker, 'waits')];
          const culprit = await create(worker, behaviour);
          others.push(await create(worker, 'returns'), await create(worker, 'waits'));
          assert.equal(await errorTypeOf(worker, culprit), type);
          for (const other of others) {
            assert.equal(await errorTypeOf(worker, other), null);
            assert.equal(worker.listTaskSteps(other)[0]?.attempts, 1);
          }
          await until(() => threadsOf(worker).ready === 2, 'a whole pool');
          assert.equal(await errorTypeOf(worker, await create(worker, 'returns')), null);
          await until(() => failures.length > 0, 'an event of the failure');
          assert.deepEqual(
            failures.map(({ handlerName, errorType }) => [handlerName, errorType]),
            [['pool.Ending', type]],
          );
        }));
    }

    test('steps go on while the main loop is blocked', () =>
      withScene(async (scene) => {
        const worker = await start(scene, mode);
        const uuids = await Promise.all(Array.from({ length: 40 }, () => create(worker, 'spins')));
        await until(() => threadsOf(worker).processed > 0, 'a first step');
        const before = threadsOf(worker).processed;
        const end = performance.now() + 1000;
        while (performance.now() < end);
        if (threadsOf(worker).mode === 'direct') {
          assert.ok(threadsOf(worker).processed > before + 4, `only ${threadsOf(worker).processed - before} steps`);
        }
        for (const uuid of uuids) {
          assert.equal(await errorTypeOf(worker, uuid), null);
        }
        await until(() => threadsOf(worker).processed === 40, 'a count of all steps');
      }));
  });
}
