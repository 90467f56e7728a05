import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { blocking } from '../support/pool-handlers.js';
import { errorTypeOf, heard, until } from '../support/pool.js';
import { template, withScene } from '../support/store.js';

const templates = [template('blocking', [{ name: 'block', callable: 'pool.Blocking', maxAttempts: 1 }])];
const task = { name: 'blocking', namespace: 'demo' };

suite('a handler that blocks the event loop', () => {
  for (const behaviour of ['at once', 'later']) {
    test(`is named with task, step, handler and how long, when it blocks ${behaviour}`, () =>
      withScene(async (scene) => {
        const worker = await scene.start({ handlers: [blocking], templates, loopStallMs: 50 });
        const stalls = heard(worker, 'handler.loop.stalled');
        const { taskUuid } = await worker.createTask({ ...task, context: { behaviour } });
        assert.equal(await errorTypeOf(worker, taskUuid), null);
        await until(() => stalls.length > 0, 'a stall');
        const [stall] = stalls;
        assert.equal(stall?.taskUuid, taskUuid);
        assert.deepEqual([stall.stepName, stall.handlerName, stall.moved], ['block', 'pool.Blocking', false]);
        assert.ok(stall.blockedMs >= 100, `${stall.blockedMs} ms`);
        assert.deepEqual(worker.metrics()['loop_stalls'], { 'pool.Blocking': stalls.length });
      }));
  }

  test('runs in threads from its next step on, where that is the policy', () =>
    withScene(async (scene) => {
      const worker = await scene.start({
        handlers: [blocking],
        templates,
        loopStallMs: 50,
        onLoopStall: 'move',
        workerThreads: { poolSize: 1 },
      });
      const run = async (): Promise<unknown> => {
        const { taskUuid } = await worker.createTask({ ...task, context: { behaviour: 'at once' } });
        assert.equal(await errorTypeOf(worker, taskUuid), null);
        return (worker.listTaskSteps(taskUuid)[0]?.results as { result: { main: boolean } }).result.main;
      };
      assert.equal(await run(), true);
      await until(() => worker.status().handlers[0]?.executor === 'threads', 'the move');
      assert.equal(worker.status().handlers[0]?.source, 'stall');
      assert.equal(await run(), false);
    }));
});
