// The executors `threads` and `process` over each door: steps go straight from the core to a thread, and to a child by its
// broker's thread; what dies with a step is healed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { handlerModule, type WorkerServer } from 'tasker-worker';
import { detectRuntime } from 'tasker-worker/native';

import { create, errorTypeOf, start, threadsOf } from '../support/pool.js';
import { template, withScene } from '../support/store.js';

const children = new URL('../support/process-handlers.js', import.meta.url);

async function endOf(worker: WorkerServer, name: string): Promise<string | null> {
  const { taskUuid } = await worker.createTask({ name, namespace: 'demo', context: { n: 1 } });
  return errorTypeOf(worker, taskUuid);
}

for (const door of ['addon', 'ffi'] as const) {
  suite(`${detectRuntime()}, ${door}: executors`, () => {
    // A thread that is ended while it loads koffi would end the process.
    const mode = door === 'ffi' && detectRuntime() === 'node' ? 'relay' : 'direct';

    test(`threads run their steps, ${mode}, and one that ends is replaced`, () =>
      withScene(async (scene) => {
        const worker = await start(scene, 'direct', { door });
        assert.equal(worker.status().door, door);
        assert.equal(threadsOf(worker).mode, mode);
        const first = await Promise.all(Array.from({ length: 20 }, () => create(worker, 'returns')));
        const exits = await create(worker, 'exits');
        // Its class is the integration tests' business: Deno may tell the exit as an exception.
        assert.notEqual(await errorTypeOf(worker, exits), null);
        const later = await Promise.all(Array.from({ length: 20 }, () => create(worker, 'returns')));
        for (const task of [...first, ...later]) {
          assert.equal(await errorTypeOf(worker, task), null);
        }
      }));

    test('a thread that loops for ever is ended at its deadline, and its neighbours go on', () =>
      withScene(async (scene) => {
        const worker = await start(scene, 'direct', { door });
        const loops = await create(worker, 'loops', 'hasty');
        const others = await Promise.all(Array.from({ length: 5 }, () => create(worker, 'returns')));
        assert.equal(await errorTypeOf(worker, loops), 'timeout');
        for (const task of others) {
          assert.equal(await errorTypeOf(worker, task), null);
        }
      }));

    test('children run steps that a thread takes for them, and one that crashes is replaced', () =>
      withScene(async (scene) => {
        const worker = await scene.start({
          door,
          handlers: ['echo', 'segfaults'].map((name) =>
            handlerModule(children, {
              name: name === 'echo' ? 'proc.Echo' : 'proc.Segfaults',
              export: name,
              executor: 'process',
            }),
          ),
          templates: [
            template('echo', [{ name: 'only', callable: 'proc.Echo', maxAttempts: 1 }]),
            template('segfaults', [{ name: 'only', callable: 'proc.Segfaults', maxAttempts: 1 }]),
          ],
          stopGraceMs: 100,
          workerProcesses: { poolSize: 1, mode: 'direct' },
        });
        const [executor] = worker.status().executors;
        assert.deepEqual([executor?.executor, executor?.mode], ['process', 'direct']);
        assert.equal(await endOf(worker, 'echo'), null);
        assert.equal(await endOf(worker, 'segfaults'), 'fatal_signal');
        assert.equal(await endOf(worker, 'echo'), null);
      }));
  });
}
