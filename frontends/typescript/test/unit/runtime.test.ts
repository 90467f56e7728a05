import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import {
  NativeRuntime,
  TaskerClient,
  TaskerClientError,
  TaskerError,
  bootstrapWorker,
  clearLoggingRuntime,
  createLogger,
  getRustVersion,
  getVersion,
  getWorkerStatus,
  healthCheck,
  isWorkerRunning,
  logError,
  logInfo,
  setLoggingRuntime,
  stopWorker,
  transitionToGracefulShutdown,
  type ErrorCode,
} from 'tasker-worker';

import { FakeDoor, nativeError, type FakeWorker } from '../support/fake-door.js';
import { makeStepEvent } from '../support/step-event.js';

function opened(): { addon: FakeDoor; runtime: NativeRuntime; native: FakeWorker } {
  const addon = new FakeDoor();
  const runtime = new NativeRuntime({ native: addon });
  runtime.openWorker({ store_path: 'x.db' });
  return { addon, runtime, native: addon.worker };
}

function code(expected: ErrorCode, field?: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof TaskerError && error.code === expected && (field === undefined || error.field === field);
}

suite('NativeRuntime without a worker', () => {
  test('answers neutrally, as the contract has it', () => {
    const runtime = new NativeRuntime({ native: new FakeDoor() });
    assert.match(runtime.name, /^(node|bun|deno)$/);
    assert.ok(runtime.isLoaded && runtime.healthCheck());
    assert.match(runtime.getVersion(), /^\d+\.\d+\.\d+$/);
    assert.match(runtime.getRustVersion(), /^tasker-ts .*rustc/);
    assert.equal(runtime.isWorkerRunning(), false);
    assert.deepEqual(runtime.getWorkerStatus(), { success: true, running: false, status: 'stopped' });
    assert.equal(runtime.stopWorker().status, 'not_running');
    assert.equal(runtime.transitionToGracefulShutdown().success, false);
    assert.equal(runtime.pollStepEvents(), null);
    assert.equal(runtime.pollStepEventBatch(5), null);
    assert.equal(runtime.pollNotices(5), null);
    assert.equal(runtime.pollInProcessEvents(), null);
    assert.equal(runtime.checkpointYieldStepEvent('e', { step_uuid: 's', cursor: 1, items_processed: 1 }), false);
    assert.equal(runtime.completeStepEvent('e', { success: true }), false);
    assert.equal(runtime.getFfiDispatchMetrics().pending_count, 0);
    runtime.checkStarvationWarnings();
    runtime.cleanupTimeouts();
    const result = runtime.clientGetTask('t');
    assert.equal(result.success, false);
    assert.deepEqual([result.code, result.recoverable], ['INVALID_STATE', false]);
  });

  test('our own methods throw INVALID_STATE', async () => {
    const runtime = new NativeRuntime({ native: new FakeDoor() });
    assert.throws(() => runtime.getTask('t'), code('INVALID_STATE'));
    assert.throws(() => runtime.metrics(), code('INVALID_STATE'));
    await assert.rejects(runtime.createTasks([{ name: 'x' }]), code('INVALID_STATE'));
    await assert.rejects(runtime.waitForTask('t', 0), code('INVALID_STATE'));
    await assert.rejects(runtime.drain(0), code('INVALID_STATE'));
    const unloaded = new NativeRuntime();
    assert.equal(unloaded.healthCheck(), false);
    assert.throws(() => unloaded.getVersion(), code('INVALID_STATE'));
    unloaded.logInfo('to nobody');
  });
});

suite('NativeRuntime with a worker', () => {
  test('bootstraps, stops and starts again', async () => {
    const addon = new FakeDoor();
    const runtime = new NativeRuntime({ native: addon });
    const started = runtime.bootstrapWorker({ namespace: 'demo', worker_id: 'w' });
    assert.deepEqual([started.success, started.status, started.worker_id], [true, 'started', 'fake-worker']);
    assert.deepEqual(addon.worker.config, { namespace: 'demo', worker_id: 'w' });
    assert.ok(addon.worker.started);
    assert.equal(runtime.bootstrapWorker().status, 'already_running');
    assert.equal(runtime.getWorkerStatus().running, true);
    assert.equal(runtime.transitionToGracefulShutdown().status, 'transitioning');
    assert.deepEqual(runtime.stopWorker(), {
      success: true,
      status: 'stopped',
      message: 'the worker is stopped',
      worker_id: 'fake-worker',
    });
    await runtime.closed();
    assert.ok(addon.worker.closed);
    assert.equal(runtime.bootstrapWorker('{}').status, 'started');
    runtime.unload();
    assert.equal(runtime.isLoaded, false);
  });

  test('a bootstrap that fails says why, in message and error, and leaves nothing open', () => {
    const addon = new FakeDoor();
    const runtime = new NativeRuntime({ native: addon });
    addon.openError = nativeError('STORE_UNAVAILABLE', 'store_path: locked');
    assert.deepEqual(runtime.bootstrapWorker(), {
      success: false,
      status: 'error',
      message: 'store_path: locked',
      error: 'Bootstrap failed: store_path: locked',
    });
    addon.openError = null;
    addon.prepare = (worker) => worker.failing.set('start', nativeError('INVALID_STATE', 'no'));
    assert.equal(runtime.bootstrapWorker().success, false);
    assert.equal(runtime.isWorkerRunning(), false);
  });

  test('polls one event or a batch, and completes', () => {
    const { runtime, native } = opened();
    const events = [makeStepEvent(), makeStepEvent(), makeStepEvent()];
    native.events.push(...events);
    assert.equal(runtime.pollStepEvents()?.event_id, events[0]?.event_id);
    assert.equal(runtime.pollStepEventBatch(10)?.length, 2);
    assert.equal(runtime.pollStepEventBatch(10), null);
    assert.ok(runtime.completeStepEvent('e', { success: true, result: { a: 1 } }));
    native.refusals.push(nativeError('FENCED', 'late'));
    assert.equal(runtime.completeStepEvent('e', { success: true }), false);
    native.refusals.push(nativeError('FENCED', 'late'));
    assert.throws(() => {
      runtime.completeStepEventText('e', '{}');
    }, code('FENCED'));
    native.pollError = nativeError('CLOSED', 'closed');
    assert.equal(runtime.pollStepEvents(), null);
  });

  test('stores checkpoints, and says no to those that the core refuses', async () => {
    const { runtime, native } = opened();
    const checkpoint = { step_uuid: 's', cursor: 5, items_processed: 5 };
    assert.equal(runtime.checkpointYieldStepEvent('e', checkpoint), true);
    assert.deepEqual(native.checkpoints, [{ eventId: 'e', document: checkpoint }]);
    assert.equal(await runtime.checkpointStepEventText('e', '{}'), 'continued');
    native.failing.set('checkpointStepEvent', nativeError('FENCED', 'late'));
    assert.equal(runtime.checkpointYieldStepEvent('e', checkpoint), false);
    await assert.rejects(runtime.checkpointStepEventText('e', '{}'), code('FENCED'));
  });

  test('completes a batch, and names those that were refused', () => {
    const { runtime, native } = opened();
    native.refusals.push(nativeError('UNKNOWN_EVENT', 'who?'));
    const batch = ['a', 'b'].map((event_id) => ({ event_id, result: { success: true } }));
    const refused = runtime.completeStepEventsText(JSON.stringify(batch));
    assert.deepEqual(
      refused.map(({ index, eventId, error }) => [index, eventId, error.code]),
      [[0, 'a', 'UNKNOWN_EVENT']],
    );
    assert.equal(native.completions[0]?.eventId, 'b');
    assert.deepEqual(runtime.completeStepEventsText('[]'), []);
  });

  test('hands out domain events, which are kept from the bootstrap or the first call on', () => {
    const { runtime, native } = opened();
    native.domainEvents.push({ eventName: 'a.b' }, { eventName: 'a.c' }, { eventName: 'a.d' });
    assert.equal(native.calls.includes('keepDomainEvents'), false);
    assert.equal(runtime.pollInProcessEvents()?.eventName, 'a.b');
    assert.equal(runtime.pollDomainEvents(10)?.length, 2);
    assert.equal(runtime.pollInProcessEvents(), null);
    assert.equal(native.calls.filter((call) => call === 'keepDomainEvents').length, 1);
    const addon = new FakeDoor();
    new NativeRuntime({ native: addon }).bootstrapWorker();
    assert.ok(addon.worker.calls.includes('keepDomainEvents'));
  });

  test('a wake-up set before the worker is open is kept', () => {
    const addon = new FakeDoor();
    const runtime = new NativeRuntime({ native: addon });
    let woken = 0;
    runtime.onWakeup(() => (woken += 1));
    runtime.openWorker('{}');
    addon.worker.push(makeStepEvent());
    runtime.onWakeup(null);
    addon.worker.push(makeStepEvent());
    assert.equal(woken, 1);
  });

  test('refuses a second worker, bad names and bad numbers before the core sees them', async () => {
    const { runtime } = opened();
    assert.throws(() => {
      runtime.openWorker({});
    }, code('INVALID_STATE'));
    assert.throws(
      () => {
        runtime.registerHandlers(['a', '']);
      },
      code('INVALID_ARGUMENT', 'callables[1]'),
    );
    assert.throws(() => runtime.getTask(5 as unknown as string), code('INVALID_ARGUMENT', 'taskUuid'));
    assert.throws(() => runtime.getStep('t', ''), code('INVALID_ARGUMENT', 'stepUuid'));
    assert.throws(() => runtime.listTasks({ limit: 101 }), code('INVALID_ARGUMENT', 'params.limit'));
    assert.throws(() => runtime.listTasks({ offset: -1 }), code('INVALID_ARGUMENT', 'params.offset'));
    assert.throws(() => runtime.listTasks({ limitt: 1 } as object), /did you mean limit\?/);
    assert.throws(() => runtime.putTemplate(''), code('INVALID_ARGUMENT', 'yaml'));
    await assert.rejects(runtime.drain(-1), code('INVALID_ARGUMENT', 'timeoutMs'));
  });

  test('turns what the addon throws into TaskerErrors, in every method', async () => {
    const { runtime, native } = opened();
    const calls: [string, () => unknown][] = [
      [
        'registerHandlers',
        (): unknown => {
          runtime.registerHandlers(['a']);
          return null;
        },
      ],
      [
        'start',
        (): unknown => {
          runtime.startWorker();
          return null;
        },
      ],
      ['getTask', (): unknown => runtime.getTask('t')],
      ['listTaskSteps', (): unknown => runtime.listTaskSteps('t')],
      ['getStep', (): unknown => runtime.getStep('t', 's')],
      ['getStepAuditHistory', (): unknown => runtime.getStepAuditHistory('t', 's')],
      ['listTemplates', (): unknown => runtime.listTemplates()],
      [
        'cancelTask',
        (): unknown => {
          runtime.cancelTask('t');
          return null;
        },
      ],
      ['retryTask', (): unknown => runtime.retryTask('t')],
      ['putTemplate', (): unknown => runtime.putTemplate('y')],
    ];
    for (const [name, call] of calls) {
      native.failing.set(name, nativeError('STORE_FAILED', name, { detail: 'SQLITE_IOERR' }));
      assert.throws(call, code('STORE_FAILED'), name);
      native.failing.delete(name);
      assert.doesNotThrow(call, name);
    }
    for (const name of ['drain', 'waitForTask']) {
      native.failing.set(name, nativeError('TIMED_OUT', name));
    }
    await assert.rejects(runtime.drain(5), code('TIMED_OUT'));
    await assert.rejects(runtime.waitForTask('t', 5), code('TIMED_OUT'));
  });
});

suite('createTasks', () => {
  test('sends the contract document and answers each request', async () => {
    const { runtime, native } = opened();
    const outcomes = await runtime.createTasks([
      {
        name: 'a',
        namespace: 'demo',
        version: '2.0.0',
        context: { n: 1 },
        tags: ['x'],
        priority: -100,
        idempotencyKey: 'known',
        parentCorrelationId: 'p',
      },
      { name: 'missing' },
    ]);
    assert.deepEqual(outcomes[0], { taskUuid: 'task-0', duplicate: true });
    const second = outcomes[1];
    assert.ok(second !== undefined && 'error' in second);
    assert.ok(code('NOT_FOUND', 'requests[1].name')(second.error));
    assert.deepEqual(native.requests[0], {
      name: 'a',
      namespace: 'demo',
      version: '2.0.0',
      context: { n: 1 },
      initiator: 'tasker-typescript',
      source_system: 'tasker-worker',
      reason: 'Task requested',
      tags: ['x'],
      priority: -100,
      idempotency_key: 'known',
      parent_correlation_id: 'p',
    });
    assert.deepEqual(await runtime.createTasks([]), []);
  });

  test('names the member that is wrong', async () => {
    const { runtime } = opened();
    const cases: [unknown, string][] = [
      [{}, 'requests[0].name'],
      [5, 'requests[0]'],
      [{ name: 'x', namespace: '' }, 'requests[0].namespace'],
      [{ name: 'x', context: [] }, 'requests[0].context'],
      [{ name: 'x', context: { deep: { f: () => 1 } } }, 'requests[0].context.deep.f'],
      [{ name: 'x', tags: ['a', 5] }, 'requests[0].tags'],
      [{ name: 'x', priority: 101 }, 'requests[0].priority'],
      [{ name: 'x', priority: -101 }, 'requests[0].priority'],
      [{ name: 'x', contxt: {} }, 'requests[0].contxt'],
    ];
    for (const [request, field] of cases) {
      await assert.rejects(runtime.createTasks([request as { name: string }]), code('INVALID_ARGUMENT', field), field);
    }
    await assert.rejects(runtime.createTasks(null as unknown as []), code('INVALID_ARGUMENT', 'requests'));
  });
});

suite('TaskerClient', () => {
  test('has the methods and defaults of the contract', () => {
    const { runtime, native } = opened();
    const client = new TaskerClient(runtime);
    assert.equal(client.createTask({ name: 'a' }).task_uuid, 'task-0');
    assert.deepEqual([native.requests[0]?.['version'], native.requests[0]?.['namespace']], ['1.0.0', 'default']);
    assert.equal(client.getTask('t').task_uuid, 't');
    assert.deepEqual(client.listTasks().tasks, []);
    assert.ok(native.calls.includes('listTasks {"limit":50,"offset":0,"namespace":null,"status":null}'));
    client.cancelTask('t');
    assert.ok(native.calls.includes('cancelTask t'));
    assert.equal(client.listTaskSteps('t').length, 1);
    assert.equal(client.getStep('t', 's').step_uuid, 's');
    assert.equal(client.getStepAuditHistory('t', 's').length, 1);
    const { healthy, status, timestamp } = client.healthCheck();
    assert.deepEqual([healthy, status], [true, 'healthy']);
    assert.ok(Number.isFinite(Date.parse(timestamp)));
  });

  test('throws TaskerClientError with what the core or a check said', () => {
    const { runtime, native } = opened();
    const client = new TaskerClient(runtime);
    const caught = (call: () => unknown): TaskerClientError => {
      try {
        call();
      } catch (error) {
        assert.ok(error instanceof TaskerClientError);
        return error;
      }
      throw new Error('nothing was thrown');
    };
    native.failing.set('getTask', nativeError('STORE_UNAVAILABLE', 'busy', { retryable: true }));
    const busy = caught(() => client.getTask('t'));
    assert.deepEqual([busy.message, busy.recoverable, busy.code], ['busy', true, 'STORE_UNAVAILABLE']);
    const wrong = caught(() => client.createTask({ name: '' }));
    assert.deepEqual([wrong.recoverable, wrong.code, wrong.field], [false, 'INVALID_ARGUMENT', 'options.name']);
    assert.equal(new TaskerClientError('x').recoverable, false);
  });
});

suite('the functions of the contract', () => {
  test('are neutral without a runtime', async () => {
    assert.equal((await bootstrapWorker({})).success, false);
    assert.equal(stopWorker().status, 'not_running');
    assert.equal(getWorkerStatus().running, false);
    assert.equal(transitionToGracefulShutdown().status, 'not_running');
    assert.equal(isWorkerRunning(), false);
    assert.equal(getVersion(), 'unknown');
    assert.equal(getRustVersion(new NativeRuntime()), 'unknown');
    assert.equal(healthCheck(), false);
  });

  test('pass camelCase settings on in snake_case', async () => {
    const addon = new FakeDoor();
    const runtime = new NativeRuntime({ native: addon });
    assert.equal((await bootstrapWorker({ workerId: 'w', storePath: 'a.db' }, runtime)).status, 'started');
    assert.deepEqual(addon.worker.config, { worker_id: 'w', store_path: 'a.db' });
    assert.ok(isWorkerRunning(runtime) && healthCheck(runtime));
    assert.equal(getVersion(runtime), '0.1.0');
    assert.equal(getWorkerStatus(runtime).running, true);
    assert.equal(transitionToGracefulShutdown(runtime).status, 'transitioning');
    assert.equal(stopWorker(runtime).status, 'stopped');
    await runtime.closed();
  });
});

suite('logging', () => {
  test('goes through the runtime that was set, with the fields of the logger', () => {
    const addon = new FakeDoor();
    const runtime = new NativeRuntime({ native: addon });
    setLoggingRuntime(runtime);
    const logger = createLogger({ component: 'mine', step: 1 });
    for (const level of ['error', 'warn', 'info', 'debug', 'trace'] as const) {
      logger[level](level, { step: 2 });
    }
    logInfo('plain');
    clearLoggingRuntime();
    assert.deepEqual(addon.lines[0], { level: 'error', message: 'error', fields: { component: 'mine', step: 2 } });
    assert.deepEqual(
      addon.lines.map((line) => line.level),
      ['error', 'warn', 'info', 'debug', 'trace', 'info'],
    );
    assert.equal(addon.lines.at(-1)?.fields, null);
  });

  test('goes to stderr without a runtime', (t) => {
    const write = t.mock.method(process.stderr, 'write', () => true);
    logError('lost', { a: 'b', n: 1 });
    assert.equal(write.mock.calls[0]?.arguments[0], 'error lost a="b" n=1\n');
  });
});
