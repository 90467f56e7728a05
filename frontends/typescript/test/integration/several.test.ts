import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { WorkerServer, defineHandler, getTaskerRuntime, loadAddon } from 'tasker-worker';

import { deadlineMs, template, withScene } from '../support/store.js';

const single = template('single', [{ name: 'only', callable: 'only' }]);

suite('several workers in one process', () => {
  test('share one store: every task is run once, by one of them', () =>
    withScene(async ({ start }) => {
      const runs = new Map<string, string[]>();
      const makeWorker = (workerId: string): Promise<WorkerServer> =>
        start({
          workerId,
          handlers: [
            defineHandler({
              name: 'only',
              run: async ({ context }) => {
                runs.set(context.taskUuid, [...(runs.get(context.taskUuid) ?? []), workerId]);
                await new Promise(setImmediate);
              },
            }),
          ],
          templates: [single],
          maxConcurrentHandlers: 2,
        });
      const [one, two] = await Promise.all([makeWorker('one'), makeWorker('two')]);
      assert.deepEqual([one.getWorkerId(), two.getWorkerId()], ['one', 'two']);
      const requests = Array.from({ length: 60 }, () => ({ name: 'single', namespace: 'demo' }));
      const created = await one.createTasks(requests);
      const ended = await Promise.all(
        created.map((outcome) => {
          assert.ok('taskUuid' in outcome);
          return two.waitForTask(outcome.taskUuid, { timeoutMs: deadlineMs });
        }),
      );
      assert.ok(ended.every(({ status }) => status === 'complete'));
      assert.equal(runs.size, 60);
      assert.ok([...runs.values()].every((workers) => workers.length === 1));
      assert.equal(one.status().processedCount + two.status().processedCount, 60);
    }));

  test('on stores of their own know nothing of each other', () =>
    withScene((first) =>
      withScene(async (second) => {
        const one = await first.start({ templates: [single] });
        const two = await second.start();
        await assert.rejects(two.createTask({ name: 'single', namespace: 'demo' }), { code: 'NOT_FOUND' });
        const { taskUuid } = await one.createTask({ name: 'single', namespace: 'demo' });
        assert.throws(() => two.getTask(taskUuid), { code: 'NOT_FOUND' });
        await one.shutdown();
        assert.equal(two.healthCheck().healthy, true);
      }),
    ));
});

suite('threads', () => {
  test('the addon loads in worker threads, each with a runtime and a worker of its own', () =>
    withScene(async ({ start, storePath }) => {
      const server = await start({ templates: [single] });
      const threads = [1, 2].map(
        () =>
          new Worker(new URL('../support/rival.js', import.meta.url), { workerData: { storePath, leaseTtlMs: 1000 } }),
      );
      try {
        await Promise.all(threads.map((thread) => message(thread)));
        const tasks = await server.createTasks(
          Array.from({ length: 20 }, () => ({ name: 'single', namespace: 'demo' })),
        );
        await Promise.all(
          tasks.map((outcome) => {
            assert.ok('taskUuid' in outcome);
            return server.waitForTask(outcome.taskUuid, { timeoutMs: deadlineMs });
          }),
        );
        const runs = threads.map((thread) => message(thread));
        threads.forEach((thread) => {
          thread.postMessage('stop');
        });
        const [one, two] = await Promise.all(runs);
        assert.equal(Number(one) + Number(two), 20);
      } finally {
        await Promise.all(threads.map((thread) => thread.terminate()));
      }
    }));

  test('a thread that is terminated in the middle of its work leaves its steps to others', () =>
    withScene(async ({ start, storePath }) => {
      const thread = new Worker(new URL('../support/rival.js', import.meta.url), {
        workerData: { storePath, leaseTtlMs: 200 },
      });
      await message(thread);
      await thread.terminate();
      const only = defineHandler({ name: 'only', run: () => ({}) });
      const server = await start({ handlers: [only], templates: [single] });
      const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
      assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
    }));

  test('getTaskerRuntime is one loaded object of the thread', () => {
    const runtime = getTaskerRuntime();
    assert.equal(runtime, getTaskerRuntime());
    assert.ok(runtime.isLoaded);
    assert.equal(loadAddon().native.abiVersion(), 2);
  });
});

function message(thread: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}
