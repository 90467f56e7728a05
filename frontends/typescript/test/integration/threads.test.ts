import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import {
  type TaskerEventMap,
  type TaskerWorkerOptions,
  type WorkerServer,
} from 'tasker-worker';

import { ending, hasty } from '../support/pool-handlers.js';
import { deadlineMs, template, withScene, type Scene } from '../support/store.js';

const templates = [
  template('ending', [{ name: 'end', callable: 'pool.Ending', maxAttempts: 1 }]),
  template('hasty', [{ name: 'end', callable: 'pool.Hasty', maxAttempts: 1 }]),
  template('timed', [{ name: 'end', callable: 'pool.Ending', maxAttempts: 1, timeoutSeconds: 1 }]),
];

const isNode = !('Bun' in globalThis) && !('Deno' in globalThis);

function start(scene: Scene, mode: 'direct' | 'relay', options: TaskerWorkerOptions = {}): Promise<WorkerServer> {
  const { workerThreads, ...others } = options;
  return scene.start({
    handlers: [ending, hasty],
    templates,
    stopGraceMs: 200,
    workerThreads: { poolSize: 2, mode, ...workerThreads },
    ...others,
  });
}

async function create(worker: WorkerServer, behaviour: string, name = 'ending'): Promise<string> {
  const { taskUuid } = await worker.createTask({ name, namespace: 'demo', context: { behaviour } });
  return taskUuid;
}

/** The error type of the one step of a task that has failed; null when it has not. */
async function errorTypeOf(worker: WorkerServer, taskUuid: string): Promise<string | null> {
  const { status } = await worker.waitForTask(taskUuid, { timeoutMs: deadlineMs });
  const [step] = worker.listTaskSteps(taskUuid);
  assert.ok(step !== undefined);
  const results = step.results as { error?: { error_type?: string } } | null;
  return status === 'complete' ? null : (results?.error?.error_type ?? 'none');
}

/** Resolves when `condition` holds; looks again with each turn. */
async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    assert.ok(performance.now() < end, `${what} did not come to be`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function threadsOf(worker: WorkerServer) {
  const [threads] = worker.status().executors;
  assert.ok(threads !== undefined);
  return threads;
}

function heard<Name extends keyof TaskerEventMap>(worker: WorkerServer, name: Name): TaskerEventMap[Name][] {
  const payloads: TaskerEventMap[Name][] = [];
  worker.getEmitter().on(name, (payload) => payloads.push(payload));
  return payloads;
}

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
        const { processed, failed, size, ready } = threadsOf(worker);
        assert.deepEqual({ processed, failed, size, ready }, { processed: 20, failed: 0, size: 2, ready: 2 });
        const used = uuids.map((uuid) => (worker.listTaskSteps(uuid)[0]?.results as { result: { thread: number } }).result);
        assert.ok(new Set(used.map(({ thread }) => thread)).size === 2, 'both threads took steps');
      }));

    for (const [behaviour, type] of [
      ['throws', 'handler_error'],
      ['rejects', 'handler_error'],
      ['exits', 'process_exit'],
      ['exits later', 'process_exit'],
      ['rejects unheard', 'unhandled_rejection'],
      ['throws outside', 'uncaught_exception'],
      ['runs out of memory', 'out_of_memory'],
      ['returns a function', 'invalid_result'],
      ...(isNode ? [['fills the heap', 'heap_limit']] : []),
    ] as const) {
      test(`a handler that ${String(behaviour)} fails its step as ${String(type)}, and nothing else`, () =>
        withScene(async (scene) => {
          const worker = await start(scene, mode, { workerThreads: { memoryLimitMb: 64 } });
          const failures = heard(worker, 'step.execution.failed');
          const others = [await create(worker, 'waits'), await create(worker, 'waits')];
          const culprit = await create(worker, behaviour ?? '');
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
          await until(() => threadsOf(worker).terminated === 1 && threadsOf(worker).ready === 2, 'a whole pool');
          const { aborted, graceExpired, terminated, crashed } = threadsOf(worker);
          assert.deepEqual([aborted, graceExpired, terminated, crashed], [1, 1, 1, 0]);
          assert.deepEqual(rungs, ['step.execution.aborted', 'step.grace.expired', 'executor.runner.terminated']);
        }));
    }

    for (const [reason, stop] of [
      ['timeout', () => undefined],
      ['cancel', (worker: WorkerServer, uuid: string) => worker.cancelTask(uuid)],
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

    test('steps go on while the main loop is blocked', () =>
      withScene(async (scene) => {
        const worker = await start(scene, mode);
        const uuids = await Promise.all(Array.from({ length: 40 }, () => create(worker, 'spins')));
        await until(() => threadsOf(worker).processed > 0, 'a first step');
        const before = threadsOf(worker).processed;
        const end = performance.now() + 1000;
        while (performance.now() < end);
        if (mode === 'direct') {
          assert.ok(threadsOf(worker).processed > before + 4, `only ${threadsOf(worker).processed - before} steps`);
        }
        for (const uuid of uuids) {
          assert.equal(await errorTypeOf(worker, uuid), null);
        }
        assert.equal(threadsOf(worker).processed, 40);
      }));
  });
}
