import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { NativeRuntime, TaskerError, WorkerServer, defineHandler, type ErrorCode } from 'tasker-worker';

import { deadlineMs, template, withScene } from '../support/store.js';

const single = template('single', [{ name: 'only', callable: 'only' }]);
const nowhere = '00000000-0000-7000-8000-000000000000';

function code(expected: ErrorCode, text = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof TaskerError, String(error));
    assert.equal(error.code, expected, error.message);
    assert.match(error.message, text);
    assert.equal(error.message.includes('\n'), false);
    return true;
  };
}

suite('errors of the core reach TypeScript with their code', () => {
  test('opening a store: STORE_UNAVAILABLE, STORE_CORRUPT, INVALID_ARGUMENT, INVALID_CONFIG', () =>
    withScene(async ({ folder }) => {
      const open = (storePath: string): Promise<void> => new WorkerServer({ storePath, logLevel: 'error' }).start();
      await assert.rejects(open(join(folder, 'missing', 'work.db')), code('STORE_UNAVAILABLE', /missing/));
      const garbage = join(folder, 'garbage.db');
      writeFileSync(garbage, 'this is no database, and it is long enough to be looked at as one. '.repeat(50));
      await assert.rejects(open(garbage), code('STORE_CORRUPT'));
      const place = join(folder, 'folder.db');
      mkdirSync(place);
      await assert.rejects(open(place), code('INVALID_ARGUMENT', /not a regular file/));
      const runtime = new NativeRuntime();
      runtime.load();
      assert.throws(
        () => {
          runtime.openWorker({ store_path: join(folder, 'a.db'), lease_ttl: 5 });
        },
        code('INVALID_CONFIG', /lease_ttl_ms/),
      );
      assert.throws(() => {
        runtime.openWorker('{');
      }, TaskerError);
    }));

  test('templates: INVALID_TEMPLATE with line and field', () =>
    withScene(async ({ start }) => {
      const server = await start();
      const cyclic = template('cyclic', [
        { name: 'a', callable: 'x', dependencies: ['b'] },
        { name: 'b', callable: 'x', dependencies: ['a'] },
      ]);
      const refused = (error: unknown) =>
        error instanceof TaskerError && error.code === 'INVALID_TEMPLATE' && /a.*b/s.test(error.message);
      assert.throws(() => server.putTemplate(cyclic.yaml), refused);
      const report = server.checkTemplate(cyclic.yaml);
      assert.equal(report.ok, false);
      assert.ok((report.problems[0]?.line ?? 0) > 0);
      assert.equal(server.checkTemplate(single.yaml).ok, true);
    }));

  test('tasks: NOT_FOUND, INVALID_ARGUMENT, TOO_LARGE, TIMED_OUT', () =>
    withScene(async ({ start }) => {
      const server = await start({ templates: [single] });
      await assert.rejects(server.createTask({ name: 'missing', namespace: 'demo' }), code('NOT_FOUND', /missing/));
      await assert.rejects(
        server.createTask({ name: 'single', namespace: 'demo', correlationId: 'no uuid' }),
        code('INVALID_ARGUMENT', /correlation_id/),
      );
      await assert.rejects(
        server.createTask({ name: 'single', namespace: 'demo', context: { text: 'x'.repeat(2_000_000) } }),
        code('TOO_LARGE', /context/),
      );
      for (const call of [
        () => server.getTask(nowhere),
        () => server.listTaskSteps(nowhere),
        () => server.retryTask(nowhere),
        (): void => {
          server.cancelTask(nowhere);
        },
      ]) {
        assert.throws(call, code('NOT_FOUND'));
      }
      assert.throws(() => server.getTask('no uuid'), code('INVALID_ARGUMENT'));
      assert.throws(() => server.listTasks({ status: 'happy' }), code('INVALID_ARGUMENT', /status/));
      await assert.rejects(server.waitForTask(nowhere), code('NOT_FOUND'));
      const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
      assert.throws(() => server.getStep(taskUuid, nowhere), code('NOT_FOUND'));
      await assert.rejects(server.waitForTask(taskUuid, { timeoutMs: 1 }), code('TIMED_OUT'));
    }));

  test('completions: UNKNOWN_EVENT, INVALID_ARGUMENT, INVALID_JSON, and the event stays open for a good one', () =>
    withScene(async ({ storePath, start }) => {
      await (await start({ templates: [single] })).shutdown();
      const runtime = new NativeRuntime();
      runtime.load();
      runtime.openWorker({ store_path: storePath, durability: 'normal', log_level: 'error' });
      runtime.registerHandlers(['only']);
      const woken = new Promise<void>((resolve) => {
        runtime.onWakeup(resolve);
      });
      runtime.startWorker();
      const complete = (eventId: string, text: string) => (): void => {
        runtime.completeStepEventText(eventId, text);
      };
      assert.throws(complete(nowhere, '{"success":true}'), code('UNKNOWN_EVENT'));
      assert.throws(complete('no uuid', '{}'), code('INVALID_ARGUMENT'));
      const [outcome] = await runtime.createTasks([{ name: 'single', namespace: 'demo' }]);
      assert.ok(outcome !== undefined && 'taskUuid' in outcome);
      await woken;
      const event = runtime.pollStepEvents();
      assert.equal(event?.task_uuid, outcome.taskUuid);
      assert.equal(event.step_definition.handler.callable, 'only');
      assert.equal(event.workflow_step.attempts, 0);
      assert.equal(runtime.getFfiDispatchMetrics().pending_count, 1);
      assert.throws(complete(event.event_id, '{'), code('INVALID_JSON'));
      assert.throws(complete(event.event_id, '{"success":"yes"}'), code('INVALID_ARGUMENT'));
      assert.ok(runtime.completeStepEvent(event.event_id, { success: true, result: { by: 'hand' } }));
      assert.equal(runtime.completeStepEvent(event.event_id, { success: true }), false);
      assert.equal(await runtime.waitForTask(outcome.taskUuid, deadlineMs), 'complete');
      runtime.stopWorker();
      await runtime.closed();
    }));

  test('a worker that is gone: INVALID_STATE, and waiters are told CLOSED', () =>
    withScene(async ({ start }) => {
      const server = await start({ templates: [single] });
      const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
      const waiting = assert.rejects(server.waitForTask(taskUuid), code('CLOSED'));
      await server.shutdown();
      await waiting;
      await assert.rejects(server.createTask({ name: 'single', namespace: 'demo' }), code('INVALID_STATE'));
      assert.throws(() => server.getTask(taskUuid), code('INVALID_STATE'));
    }));

  test('a worker that drains records new tasks and leaves their steps to the next one', () =>
    withScene(async ({ start }) => {
      let finish: () => void = () => undefined;
      let runs = 0;
      const only = defineHandler({
        name: 'only',
        run: () => {
          runs += 1;
          return new Promise<void>((resolve) => {
            finish = resolve;
          });
        },
      });
      const server = await start({ handlers: [only], templates: [single] });
      const begun = once(server.getEmitter(), 'step.execution.started');
      await server.createTask({ name: 'single', namespace: 'demo' });
      await begun;
      const draining = once(server.getEmitter(), 'worker.shutdown.started');
      const stopping = server.shutdown();
      await draining;
      const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
      finish();
      await stopping;
      assert.equal(runs, 1);
      const next = await start({ handlers: [defineHandler({ name: 'only', run: () => ({}) })] });
      assert.equal((await next.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
    }));
});
