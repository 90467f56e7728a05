import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { WorkerServer } from 'tasker-worker';

import { create, errorTypeOf, heard, start, threadsOf, until } from '../support/pool.js';
import { withScene } from '../support/store.js';

for (const mode of ['relay', 'direct'] as const) {
  suite(`the stop ladder of threads, ${mode}`, () => {
    for (const [behaviour, what] of [
      ['loops', 'never returns'],
      ['ignores', 'does not heed its signal'],
    ] as const) {
      test(`a handler that ${what} is ended with its thread after deadline and grace, and its neighbours run on`, () =>
        withScene(async (scene) => {
          const worker = await start(scene, mode, { workerThreads: { concurrency: 4 } });
          const rungs: string[] = [];
          for (const name of ['step.execution.aborted', 'step.grace.expired', 'executor.runner.terminated'] as const) {
            worker.getEmitter().on(name, () => rungs.push(name));
          }
          const culprit = await create(worker, behaviour, 'hasty');
          const others = await Promise.all(Array.from({ length: 8 }, () => create(worker, 'waits')));
          assert.equal(await errorTypeOf(worker, culprit), 'timeout');
          for (const other of others) {
            assert.equal(await errorTypeOf(worker, other), null);
            assert.equal(worker.listTaskSteps(other)[0]?.attempts, 1);
          }
          await until(() => rungs.length === 3 && threadsOf(worker).ready === 2, 'a whole pool');
          const { aborted, graceExpired, terminated, crashed } = threadsOf(worker);
          assert.deepEqual([aborted, graceExpired, terminated, crashed], [1, 1, 1, 0]);
          assert.deepEqual(rungs, ['step.execution.aborted', 'step.grace.expired', 'executor.runner.terminated']);
        }));
    }

    for (const [reason, stop] of [
      ['timeout', () => undefined],
      [
        'cancel',
        (worker: WorkerServer, uuid: string) => {
          worker.cancelTask(uuid);
        },
      ],
      ['shutdown', (worker: WorkerServer) => void worker.shutdown()],
    ] as const) {
      test(`a handler that heeds its signal ends by itself on ${reason}, and its thread lives on`, () =>
        withScene(async (scene) => {
          const worker = await start(scene, mode, { drainTimeoutMs: 50 });
          const aborted = heard(worker, 'step.execution.aborted');
          const terminated = heard(worker, 'executor.runner.terminated');
          const started = heard(worker, 'step.execution.started');
          const uuid = await create(worker, 'heeds', reason === 'timeout' ? 'hasty' : 'ending');
          await until(() => started.length === 1, 'the start of the handler');
          stop(worker, uuid);
          await until(() => aborted.length === 1, 'the abort of the handler');
          assert.equal(aborted[0]?.reason, reason);
          if (reason === 'shutdown') {
            await worker.shutdown();
          } else {
            await until(() => threadsOf(worker).active === 0, 'the end of the handler');
            assert.equal(await errorTypeOf(worker, await create(worker, 'returns')), null);
          }
          assert.equal(terminated.length, 0);
        }));
    }
  });
}
