import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { handlerModule, type TaskerWorkerOptions, type WorkerServer } from 'tasker-worker';

import { isAlive } from '../support/process-rig.js';
import { template, withScene } from '../support/store.js';

const module = new URL('../support/process-handlers.js', import.meta.url);
/** Runtimes start slowly on a busy machine. */
const timeoutMs = 60_000;

const names = {
  echo: 'proc.Echo',
  pause: 'proc.Pause',
  exits: 'proc.Exits',
  segfaults: 'proc.Segfaults',
  endless: 'proc.Endless',
  obedient: 'proc.Obedient',
  yieldsOnce: 'proc.YieldsOnce',
};
const handlers = Object.entries(names).map(([name, callable]) =>
  handlerModule(module, { name: callable, export: name, executor: 'process' }),
);
const templates = Object.entries(names).map(([name, callable]) =>
  template(name.toLowerCase(), [
    { name: 'only', callable, maxAttempts: 1, ...(name === 'endless' ? { timeoutSeconds: 1 } : {}) },
  ]),
);

function options(mode: 'direct' | 'relay'): TaskerWorkerOptions {
  return { handlers, templates, stopGraceMs: 100, workerProcesses: { poolSize: 2, mode } };
}

async function create(worker: WorkerServer, name: keyof typeof names, context = {}): Promise<string> {
  const { taskUuid } = await worker.createTask({ name: name.toLowerCase(), namespace: 'demo', context });
  return taskUuid;
}

interface StepEnd {
  readonly status: string;
  readonly errorType: string | undefined;
  readonly result: Record<string, unknown>;
}

async function end(worker: WorkerServer, taskUuid: string): Promise<StepEnd> {
  const { status } = await worker.waitForTask(taskUuid, { timeoutMs });
  const [step] = worker.listTaskSteps(taskUuid);
  const results = (step?.results ?? {}) as { error?: { error_type?: string }; result?: Record<string, unknown> };
  return { status, errorType: results.error?.error_type, result: results.result ?? {} };
}

async function run(worker: WorkerServer, name: keyof typeof names, context = {}): Promise<StepEnd> {
  return await end(worker, await create(worker, name, context));
}

for (const mode of ['direct', 'relay'] as const) {
  suite(`a worker with child processes, ${mode}`, () => {
    test('runs steps, records crashes with their class, and goes on', () =>
      withScene(async ({ start }) => {
        const worker = await start(options(mode));
        const [executor] = worker.status().executors;
        assert.deepEqual([executor?.executor, executor?.mode, executor?.places], ['process', mode, 2]);
        const [first, exits, segfaults] = await Promise.all([
          run(worker, 'echo', { n: 1 }),
          run(worker, 'exits'),
          run(worker, 'segfaults'),
        ]);
        assert.deepEqual([first.status, first.result['input']], ['complete', { n: 1 }]);
        assert.deepEqual([exits.status, exits.errorType], ['blocked_by_failures', 'process_exit']);
        assert.deepEqual([segfaults.status, segfaults.errorType], ['blocked_by_failures', 'fatal_signal']);
        const yielded = await run(worker, 'yieldsOnce');
        assert.deepEqual([yielded.status, yielded.result['from']], ['complete', 'half']);
        const all = await Promise.all(Array.from({ length: 50 }, (_, n) => run(worker, 'echo', { n })));
        assert.deepEqual(
          all.map(({ result }) => result['input']),
          all.map((_, n) => ({ n })),
        );
      }));

    test('ends an endless loop after deadline and grace, and its place is free again', () =>
      withScene(async ({ start }) => {
        const worker = await start({ ...options(mode), workerProcesses: { poolSize: 1, mode } });
        const heard: string[] = [];
        for (const name of ['step.grace.expired', 'executor.runner.terminated'] as const) {
          worker.getEmitter().on(name, () => heard.push(name));
        }
        assert.equal((await run(worker, 'endless')).errorType, 'timeout');
        assert.equal((await run(worker, 'echo')).status, 'complete');
        const deadline = performance.now() + timeoutMs;
        while (heard.length < 2 && performance.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        assert.deepEqual(heard, ['step.grace.expired', 'executor.runner.terminated']);
      }));

    test('carries a cancel to a running handler', () =>
      withScene(async ({ start }) => {
        const worker = await start({ ...options(mode), stopGraceMs: timeoutMs });
        const taskUuid = await create(worker, 'obedient');
        const deadline = performance.now() + timeoutMs;
        while (worker.listTaskSteps(taskUuid)[0]?.current_state !== 'in_progress' && performance.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        worker.cancelTask(taskUuid);
        assert.equal((await end(worker, taskUuid)).status, 'cancelled');
        assert.equal((await run(worker, 'echo')).status, 'complete');
      }));

    test('leaves no child behind when it is shut down with steps that do not end', () =>
      withScene(async ({ start }) => {
        const worker = await start({ ...options(mode), drainTimeoutMs: 100 });
        const first = await run(worker, 'echo');
        const taskUuid = await create(worker, 'pause', { ms: 600_000 });
        const deadline = performance.now() + timeoutMs;
        while (worker.listTaskSteps(taskUuid)[0]?.current_state !== 'in_progress' && performance.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await worker.shutdown();
        assert.equal(isAlive(Number(first.result['pid'])), false);
      }));
  });
}

suite('a blocked event loop', () => {
  test('does not hold up child processes', () =>
    withScene(async ({ start }) => {
      const worker = await start(options('direct'));
      const created = await Promise.all(Array.from({ length: 40 }, () => create(worker, 'pause', { ms: 1 })));
      const blockedUntil = Date.now() + 3000;
      while (Date.now() < blockedUntil);
      // What the store says of the time in which this thread did nothing at all.
      const meanwhile = created.filter((taskUuid) => {
        const [step] = worker.listTaskSteps(taskUuid);
        return typeof step?.completed_at === 'string' && Date.parse(step.completed_at) < blockedUntil;
      });
      assert.ok(meanwhile.length > 20, `${meanwhile.length} of 40 steps ended while the loop was blocked`);
      for (const taskUuid of created) {
        assert.equal((await end(worker, taskUuid)).status, 'complete');
      }
    }));
});
