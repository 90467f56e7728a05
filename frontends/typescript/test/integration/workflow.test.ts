import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import {
  PermanentError,
  RetryableError,
  StepHandler,
  StepHandlerResult,
  TaskerClient,
  defineHandler,
  type,
  type StepContext,
} from 'tasker-worker';

import { deadlineMs, template, withScene } from '../support/store.js';

const single = template('single', [{ name: 'only', callable: 'only' }]);

interface StepError {
  message: string;
  error_type: string;
  retryable: boolean;
}

function errorOf(results: Record<string, unknown> | null | undefined): StepError {
  assert.equal(results?.['success'], false);
  return results['error'] as StepError;
}

suite('a workflow', () => {
  test('runs a diamond, each step with the results before it', () =>
    withScene(async ({ start }) => {
      const load = defineHandler({
        name: 'load',
        input: type<{ factor: number }>(),
        run: ({ input }) => ({ value: input.factor * 2 }),
      });
      const left = defineHandler({
        name: 'left',
        depends: { load },
        run: ({ load: { value } }) => ({ left: value + 1 }),
      });
      const right = defineHandler({
        name: 'right',
        depends: { load },
        run: async ({ load: { value } }) => {
          await new Promise(setImmediate);
          return { right: value + 2 };
        },
      });
      const join = defineHandler({
        name: 'join',
        depends: { load, left, right },
        run: (given) => ({ sum: given.load.value + given.left.left + given.right.right }),
      });
      const server = await start({
        handlers: [load, left, right, join],
        templates: [
          template('diamond', [
            { name: 'load', callable: 'load' },
            { name: 'left', callable: 'left', dependencies: ['load'] },
            { name: 'right', callable: 'right', dependencies: ['load'] },
            { name: 'join', callable: 'join', dependencies: ['left', 'right'] },
          ]),
        ],
      });
      const { taskUuid, duplicate } = await server.createTask({
        name: 'diamond',
        namespace: 'demo',
        context: { factor: 5 },
        idempotencyKey: 'once',
      });
      assert.equal(duplicate, false);
      assert.deepEqual(await server.waitForTask(taskUuid, { timeoutMs: deadlineMs }), { taskUuid, status: 'complete' });
      const last = server.listTaskSteps(taskUuid).find((step) => step.name === 'join');
      assert.deepEqual(last?.results?.['result'], { sum: 33 });
      assert.equal(last.attempts, 1);
      const task = server.getTask(taskUuid);
      assert.deepEqual([task.status, task.completed_steps, task.total_steps], ['complete', 4, 4]);
      assert.ok(server.getStepAuditHistory(taskUuid, last.step_uuid).length > 0);
      assert.equal(server.getStep(taskUuid, last.step_uuid).name, 'join');
      assert.equal(server.listTasks({ namespace: 'demo' }).tasks[0]?.task_uuid, taskUuid);
      assert.equal(server.listTemplates()[0]?.name, 'diamond');
      assert.equal(server.status().processedCount, 4);
      const again = await server.createTask({ name: 'diamond', namespace: 'demo', idempotencyKey: 'once' });
      assert.deepEqual(again, { taskUuid, duplicate: true });
    }));

  test('runs the method that a template names', () =>
    withScene(async ({ start }) => {
      class Customs extends StepHandler {
        static override handlerName = 'only';
        call(): StepHandlerResult {
          return this.failure('call must not run');
        }
        inspect(context: StepContext): StepHandlerResult {
          return this.success({ inspected: context.stepUuid });
        }
      }
      const server = await start({
        handlers: [Customs],
        templates: [template('single', [{ name: 'only', callable: 'only', method: 'inspect' }])],
      });
      const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
      assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
    }));

  test('answers the contract client synchronously, while its own loop runs the step', () =>
    withScene(async ({ start }) => {
      const only = defineHandler({ name: 'only', run: () => ({ ok: true }) });
      const server = await start({ handlers: [only], templates: [single] });
      const client = new TaskerClient(server.getRuntime());
      const created = client.createTask({ name: 'single', namespace: 'demo', context: { a: [1, { b: null }] } });
      assert.deepEqual(created.context, { a: [1, { b: null }] });
      await server.waitForTask(created.task_uuid, { timeoutMs: deadlineMs });
      const [step] = client.listTaskSteps(created.task_uuid);
      assert.equal(client.getStep(created.task_uuid, step?.step_uuid ?? '').current_state, 'complete');
      assert.equal(client.getTask(created.task_uuid).status, 'complete');
      assert.ok(client.listTasks({ status: 'complete' }).tasks.length === 1);
      assert.ok(client.healthCheck().healthy);
      assert.equal(server.getRuntime().clientCreateTask({ name: 'nothing', namespace: 'demo' }).success, false);
    }));
});

suite('a failing handler', () => {
  test('is retried after its delay, and its failures are kept in the audit history', () =>
    withScene(async ({ start }) => {
      const attempts: number[] = [];
      const only = defineHandler({
        name: 'only',
        run: ({ context }) => {
          attempts.push(context.retryCount);
          if (context.isRetry()) {
            return { fine: true };
          }
          throw new RetryableError('busy', { custom: { why: 'test' } }, { retryAfterSeconds: 0 });
        },
      });
      const server = await start({ handlers: [only], templates: [single] });
      const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
      assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
      assert.deepEqual(attempts, [0, 1]);
      const [step] = server.listTaskSteps(taskUuid);
      assert.equal(step?.attempts, 2);
      const history = server.getStepAuditHistory(taskUuid, step.step_uuid);
      assert.deepEqual(
        history.map((entry) => entry.success),
        [false, true],
      );
    }));

  test('blocks its task when it fails for good; retryTask goes on from there', () =>
    withScene(async ({ start }) => {
      let broken = true;
      const only = defineHandler({
        name: 'only',
        run: () => {
          if (broken) {
            throw new PermanentError('broken');
          }
          return {};
        },
      });
      const server = await start({ handlers: [only], templates: [single] });
      const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
      assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'blocked_by_failures');
      const [step] = server.listTaskSteps(taskUuid);
      const error = errorOf(step?.results);
      assert.deepEqual([error.message, error.error_type, error.retryable], ['broken', 'permanent_error', false]);
      broken = false;
      assert.equal(server.retryTask(taskUuid), 1);
      assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
    }));

  test('with a result that is not JSON or too large fails its own step alone', () =>
    withScene(async ({ start }) => {
      const cycle: Record<string, unknown> = {};
      cycle['self'] = cycle;
      const results: Record<string, unknown> = {
        bigint: { n: 1n },
        cycle,
        function: () => 1,
        nan: { n: Number.NaN },
        large: { text: 'x'.repeat(5000) },
        fine: { text: 'x'.repeat(500) },
      };
      const only = defineHandler('only', { inputs: { kind: 'kind' } }, ({ kind }) => results[kind as string]);
      const server = await start({ handlers: [only], templates: [single], resultBytesMax: 4096 });
      const expected = { bigint: 'invalid_result', cycle: 'invalid_result', function: 'invalid_result' };
      for (const [kind, errorType] of Object.entries({
        ...expected,
        nan: 'invalid_result',
        large: 'result_too_large',
      })) {
        const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo', context: { kind } });
        assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'blocked_by_failures');
        const [step] = server.listTaskSteps(taskUuid);
        assert.equal(errorOf(step?.results).error_type, errorType, kind);
        assert.equal(step?.attempts, 1);
      }
      const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo', context: { kind: 'fine' } });
      assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
    }));

  test('hears of its deadline and of a cancelled task through its signal, and its late result is refused', () =>
    withScene(async ({ start }) => {
      const reasons: string[] = [];
      const only = defineHandler({
        name: 'only',
        run: ({ context }) =>
          new Promise<{ late: boolean }>((resolve) => {
            context.signal.addEventListener('abort', () => {
              reasons.push((context.signal.reason as { reason: string }).reason);
              resolve({ late: true });
            });
          }),
      });
      const server = await start({
        handlers: [only],
        templates: [template('single', [{ name: 'only', callable: 'only', maxAttempts: 1 }])],
        handlerTimeoutMs: 200,
      });
      const first = await server.createTask({ name: 'single', namespace: 'demo' });
      const ended = await server.waitForTask(first.taskUuid, { timeoutMs: deadlineMs });
      assert.equal(ended.status, 'blocked_by_failures');
      assert.equal(errorOf(server.listTaskSteps(first.taskUuid)[0]?.results).error_type, 'timeout');
      assert.ok(await server.getEventSystem().getSubscriber().waitForCompletion(deadlineMs));
      assert.deepEqual(reasons, ['timeout']);

      const received = new Promise<void>((resolve) => {
        server.getEmitter().once('step.execution.started', () => {
          resolve();
        });
      });
      const second = await server.createTask({ name: 'single', namespace: 'demo' });
      await received;
      server.cancelTask(second.taskUuid);
      assert.equal((await server.waitForTask(second.taskUuid, { timeoutMs: deadlineMs })).status, 'cancelled');
      assert.ok(await server.getEventSystem().getSubscriber().waitForCompletion(deadlineMs));
      assert.deepEqual(reasons, ['timeout', 'cancel']);
    }));
});

suite('a blocked loop', () => {
  test('of three lease times loses no lease, and the step is not run twice, though another worker waits for it', () =>
    withScene(async ({ start }) => {
      const leaseTtlMs = 200;
      const blocked = new Int32Array(new SharedArrayBuffer(4));
      let runs = 0;
      const only = defineHandler({
        name: 'only',
        run: () => {
          runs += 1;
          Atomics.wait(blocked, 0, 0, leaseTtlMs * 3);
          return { runs };
        },
      });
      const blocker = await start({ handlers: [only], templates: [single], leaseTtlMs, workerId: 'blocker' });
      const { Worker } = await import('node:worker_threads');
      const rival = new Worker(new URL('../support/rival.js', import.meta.url), {
        workerData: { storePath: blocker.getRuntime().getWorkerStatus()['store_path'], leaseTtlMs },
      });
      try {
        await new Promise<void>((resolve, reject) => {
          rival.once('message', () => {
            resolve();
          });
          rival.once('error', reject);
        });
        for (let round = 1; round <= 2; round += 1) {
          const { taskUuid } = await blocker.createTask({ name: 'single', namespace: 'demo' });
          assert.equal((await blocker.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
          const [step] = blocker.listTaskSteps(taskUuid);
          assert.equal(step?.attempts, 1);
        }
        rival.postMessage('stop');
        const rivalRuns = await new Promise<unknown>((resolve) => {
          rival.once('message', resolve);
        });
        assert.deepEqual([runs, rivalRuns], [2, 0]);
      } finally {
        await rival.terminate();
      }
    }));
});
