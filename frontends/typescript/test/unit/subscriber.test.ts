import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import {
  HandlerRegistry,
  NativeRuntime,
  PermanentError,
  RetryableError,
  StepContext,
  StepExecutionSubscriber,
  StepHandlerResult,
  TaskerEventEmitter,
  defineHandler,
} from 'tasker-worker';

import { FakeDoor, nativeError } from '../support/fake-door.js';
import { mockTimers, restoreTimersAfterEach } from '../support/timers.js';
import { deferred, makeRig } from '../support/rig.js';
import { makeStepEvent } from '../support/step-event.js';

interface ErrorPart {
  message: string;
  error_type: string;
  retryable: boolean;
  backtrace: string[] | null;
  status_code: number | null;
}

function errorOf(document: Record<string, unknown>): ErrorPart {
  assert.equal(document['success'], false);
  return document['error'] as ErrorPart;
}

suite('a success', () => {
  test('is completed in the same turn when the handler returns at once', () => {
    const { native, registry } = makeRig();
    registry.register(defineHandler({ name: 'demo.Greet', run: () => ({ a: 1 }) }));
    const event = makeStepEvent();
    native.push(event);
    assert.equal(native.completions.length, 1);
    const [completion] = native.completions;
    assert.equal(completion?.eventId, event.event_id);
    const { metadata, ...rest } = completion.document;
    assert.deepEqual(rest, { step_uuid: event.step_uuid, success: true, status: 'completed', result: { a: 1 } });
    assert.ok(Number.isInteger((metadata as { execution_time_ms: number }).execution_time_ms));
  });

  test('carries the metadata of the author', async () => {
    const { run } = makeRig();
    const { document } = await run(() => StepHandlerResult.success({}, { custom: { rows: 3 } }));
    assert.deepEqual((document['metadata'] as { custom: unknown }).custom, { rows: 3 });
  });

  test('of an async handler is completed when its promise resolves', async () => {
    const rig = makeRig();
    const gate = deferred();
    const running = rig.run(async () => {
      await gate.promise;
      return { late: true };
    });
    assert.equal(rig.system.getStats().activeHandlers, 1);
    gate.resolve();
    assert.deepEqual((await running).document['result'], { late: true });
    assert.equal(rig.system.getStats().activeHandlers, 0);
  });
});

suite('a failure', () => {
  test('that the handler returns keeps its type, code, retry decision and metadata', async () => {
    const { run } = makeRig();
    const metadata = { retry_after_seconds: 7, status_code: 503 };
    const { document } = await run(() => StepHandlerResult.failure('no', 'own_type', false, metadata, 'E7'));
    assert.equal(document['status'], 'failed');
    assert.deepEqual(document['result'], {});
    const sent = document['metadata'] as Record<string, unknown>;
    assert.deepEqual(sent, {
      execution_time_ms: sent['execution_time_ms'],
      retryable: false,
      error_type: 'own_type',
      error_code: 'E7',
      ...metadata,
    });
    const expected = { message: 'no', error_type: 'own_type', retryable: false, status_code: 503, backtrace: null };
    assert.deepEqual(errorOf(document), expected);
  });

  test('that the handler throws is retryable and keeps its stack and its causes', async () => {
    const { run } = makeRig();
    const { document } = await run(() => {
      throw new TypeError('bad', { cause: new Error('deeper') });
    });
    assert.equal(document['status'], 'error');
    const error = errorOf(document);
    assert.deepEqual([error.message, error.error_type, error.retryable], ['bad', 'handler_error', true]);
    const backtrace = error.backtrace ?? [];
    assert.ok(backtrace.some((line) => line.includes('subscriber.test.')));
    assert.ok(backtrace.includes('caused by Error: deeper'));
    assert.equal((document['metadata'] as { errorType: string }).errorType, 'TypeError');
  });

  test('by PermanentError is final, by RetryableError comes back after its delay', async () => {
    const { run } = makeRig();
    const permanent = await run(() => Promise.reject(new PermanentError('never', { custom: { why: 'x' } })));
    assert.equal(errorOf(permanent.document).error_type, 'permanent_error');
    const { retryable, custom } = permanent.document['metadata'] as Record<string, unknown>;
    assert.deepEqual([retryable, custom], [false, { why: 'x' }]);
    const busy = await run(() => {
      throw new RetryableError('busy', {}, { retryAfterSeconds: 30 });
    });
    const sent = busy.document['metadata'] as Record<string, unknown>;
    assert.deepEqual([sent['retryable'], sent['retry_after_seconds']], [true, 30]);
  });

  test('is wrapped when anything but an Error is thrown', async () => {
    const { run } = makeRig();
    for (const [thrown, message] of [
      ['text', 'text'],
      [undefined, 'undefined'],
      [{ code: 5 }, '{"code":5}'],
    ] as const) {
      const { document } = await run(() => {
        throw thrown as unknown as Error;
      });
      assert.deepEqual([errorOf(document).message, errorOf(document).retryable], [message, true]);
    }
  });

  test('is size-capped: a long message and a long stack', async () => {
    const { run } = makeRig();
    const { text, document } = await run(() => {
      const error = new Error('m'.repeat(1_000_000));
      error.stack = `Error\n${`    at ${'f'.repeat(10_000)}\n`.repeat(1000)}`;
      throw error;
    });
    assert.ok(text.length < 50_000, `${text.length}`);
    assert.equal(errorOf(document).backtrace?.length, 50);
  });

  test('whose metadata is not JSON keeps its retry decision', async () => {
    const { run } = makeRig();
    const { document } = await run(() => {
      throw new RetryableError('busy', { socket: new Map() });
    });
    assert.equal(errorOf(document).error_type, 'retryable_error');
    assert.match((document['metadata'] as { metadata_problem: string }).metadata_problem, /metadata\.socket/);
  });

  test('of a step that no handler fits is permanent: handler_not_found, method_not_found', async () => {
    const { run } = makeRig();
    const unknown = await run(() => ({}), { callable: 'demo.Nobody' });
    assert.deepEqual(
      [errorOf(unknown.document).error_type, errorOf(unknown.document).retryable],
      ['handler_not_found', false],
    );
    assert.match(errorOf(unknown.document).message, /demo\.Nobody/);
    const method = await run(() => ({}), { method: 'no_such' });
    assert.deepEqual(
      [errorOf(method.document).error_type, errorOf(method.document).retryable],
      ['method_not_found', false],
    );
    const resolver = await run(() => ({}), { resolver: 'nobody' });
    assert.equal(errorOf(resolver.document).error_type, 'handler_not_found');
  });
});

suite('a result that can not be kept', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const hostile = {
    get value(): never {
      throw new RetryableError('getter');
    },
  };

  test('fails its step for good as invalid_result, and the worker goes on', async () => {
    const { run, system } = makeRig();
    for (const value of [{ f: () => 1 }, cycle, { n: 5n }, { n: Number.NaN }, [undefined], Symbol('s'), () => 1, 5n]) {
      const { document } = await run(() => value);
      const error = errorOf(document);
      assert.deepEqual([error.error_type, error.retryable], ['invalid_result', false]);
      assert.match(error.message, /^result/);
    }
    assert.equal((await run(() => ({ fine: true }))).document['success'], true);
    assert.equal(system.getStats().activeHandlers, 0);
  });

  test('that a handler class returns in place of a StepHandlerResult is an invalid_result too', async () => {
    const { native, registry } = makeRig();
    const wrong = {
      name: 'demo.Greet',
      version: '1',
      capabilities: [],
      configSchema: () => null,
      call: () => undefined as unknown as StepHandlerResult,
    };
    registry.register(wrong);
    native.push(makeStepEvent());
    await native.completed(1);
    const error = errorOf(native.completions[0]?.document ?? {});
    assert.equal(error.error_type, 'invalid_result');
    assert.equal(error.message, 'call: returned undefined, expected a StepHandlerResult');
  });

  test('whose getter throws fails with what was thrown', async () => {
    const { run } = makeRig();
    assert.equal(errorOf((await run(() => hostile)).document).error_type, 'retryable_error');
  });

  test('and is over the limit of the core fails as result_too_large', async () => {
    const { run, native, heard } = makeRig();
    const failed = heard('step.execution.failed');
    native.refusals.push(nativeError('TOO_LARGE', 'result_json: 17000000 bytes, at most 16777216'));
    const { document } = await run(() => ({ big: true }));
    const error = errorOf(document);
    assert.deepEqual([error.error_type, error.retryable], ['result_too_large', false]);
    assert.match(error.message, /at most 16777216/);
    assert.equal(failed.length, 1);
  });

  test('a document that the core refuses becomes a failure, then a small one, then an error of the worker', async () => {
    const rig = makeRig();
    const { run, native, heard, system, registry } = rig;
    native.refusals.push(nativeError('INVALID_ARGUMENT', 'metadata.retryable: text, expected a boolean'));
    native.refusals.push(nativeError('TOO_LARGE', 'too long'));
    const { document } = await run(() => StepHandlerResult.success({}, { retryable: 'text' }));
    const error = errorOf(document);
    assert.deepEqual([error.error_type, error.backtrace], ['invalid_result', null]);
    const reported = heard('worker.error');
    native.refusals.push(...[1, 2, 3].map(() => nativeError('TOO_LARGE', 'always')));
    registry.register(defineHandler('demo.Greet', {}, () => ({})));
    native.push(makeStepEvent());
    assert.equal(reported.length, 1);
    assert.equal(system.getStats().activeHandlers, 0);
  });
});

suite('a completion that the core does not take', () => {
  restoreTimersAfterEach();

  for (const code of ['FENCED', 'UNKNOWN_EVENT', 'CLOSED', 'STORE_FAILED']) {
    test(`with ${code} frees the slot and is heard`, () => {
      const { native, registry, heard, system } = makeRig();
      const refused = heard('step.completion.refused');
      const reported = heard('worker.error');
      registry.register(defineHandler('demo.Greet', {}, () => ({})));
      native.refusals.push(nativeError(code, 'late'));
      native.push(makeStepEvent());
      assert.equal(native.completions.length, 0);
      assert.equal(refused.length + reported.length, 1);
      assert.equal(reported.length, code === 'STORE_FAILED' ? 1 : 0);
      assert.equal(system.getStats().activeHandlers, 0);
    });
  }

  test('with FULL is sent again until there is room', async () => {
    const timers = mockTimers('setTimeout');
    const { native, registry, system } = makeRig();
    registry.register(defineHandler('demo.Greet', {}, () => ({ kept: true })));
    native.refusals.push(nativeError('FULL', 'no room'), nativeError('FULL', 'no room'));
    native.push(makeStepEvent());
    assert.equal(system.getStats().activeHandlers, 1);
    timers.tick(10);
    assert.equal(native.completions.length, 0);
    timers.tick(10);
    await native.completed(1);
    assert.deepEqual(native.completions[0]?.document['result'], { kept: true });
    assert.equal(system.getStats().activeHandlers, 0);
  });
});

suite('a handler that yields', () => {
  test('has its checkpoint stored and is heard of, and sends no completion', async () => {
    const { native, registry, system, heard } = makeRig();
    const yields = heard('step.checkpoint_yield.sent');
    registry.register(
      defineHandler('demo.Greet', {}, ({ context }) => context.checkpointYield({ row: 10 }, 10, { sum: 55 })),
    );
    const event = makeStepEvent();
    native.push(event);
    assert.ok(await system.getSubscriber().waitForCompletion(5000));
    const document = {
      step_uuid: event.step_uuid,
      cursor: { row: 10 },
      items_processed: 10,
      accumulated_results: { sum: 55 },
    };
    assert.deepEqual(native.checkpoints, [{ eventId: event.event_id, document }]);
    assert.deepEqual(native.completions, []);
    const [payload] = yields;
    assert.deepEqual(
      [payload?.eventId, payload?.stepUuid, payload?.cursor, payload?.itemsProcessed],
      [event.event_id, event.step_uuid, { row: 10 }, 10],
    );
    assert.equal(system.getStats().processedCount, 0);
  });

  test('finds its checkpoint in the context', () => {
    const event = makeStepEvent();
    assert.equal(new StepContext(event, 'x').hasCheckpoint(), false);
    event.workflow_step.checkpoint = { cursor: 0, items_processed: 3, accumulated_results: { a: 1 } };
    const context = new StepContext(event, 'x');
    assert.deepEqual(
      [context.hasCheckpoint(), context.checkpointCursor, context.checkpointItemsProcessed, context.accumulatedResults],
      [true, 0, 3, { a: 1 }],
    );
  });

  test('fails for good with a checkpoint that can not be kept', async () => {
    for (const [cursor, items] of [
      [null, 1],
      [undefined, 1],
      [5, -1],
      [5, 1.5],
      [1n, 1],
    ] as const) {
      const { run, native } = makeRig();
      const { document } = await run(({ context }) =>
        (context as unknown as StepContext).checkpointYield(cursor, items),
      );
      assert.equal(errorOf(document).error_type, 'invalid_result');
      assert.deepEqual(native.checkpoints, []);
    }
  });

  test('that came too late is refused; one that the store did not take has failed by itself', async () => {
    for (const [code, refusals, failures] of [
      ['FENCED', 1, 0],
      ['STORE_FAILED', 0, 1],
    ] as const) {
      const { native, registry, system, heard } = makeRig();
      const refused = heard('step.completion.refused');
      const failed = heard('step.execution.failed');
      native.failing.set('checkpointStepEvent', nativeError(code, 'no'));
      registry.register(defineHandler('demo.Greet', {}, ({ context }) => context.checkpointYield(1, 1)));
      native.push(makeStepEvent());
      assert.ok(await system.getSubscriber().waitForCompletion(5000));
      assert.deepEqual([refused.length, failed.length], [refusals, failures], code);
      assert.equal(failed[0]?.errorType, failures === 0 ? undefined : 'checkpoint_error');
      assert.deepEqual(native.completions, []);
    }
  });

  test('and is refused for its document fails for good', async () => {
    const { run, native } = makeRig();
    native.failing.set('checkpointStepEvent', nativeError('TOO_LARGE', 'no'));
    const { document } = await run(({ context }) => (context as unknown as StepContext).checkpointYield(1, 1));
    assert.equal(errorOf(document).error_type, 'result_too_large');
  });
});

suite('abort', () => {
  for (const reason of ['timeout', 'cancel', 'lease_lost', 'shutdown'] as const) {
    test(`reaches the signal of the running handler: ${reason}`, async () => {
      const rig = makeRig();
      const aborted = rig.heard('step.execution.aborted');
      const timedOut = rig.heard('step.execution.timeout');
      const running = rig.run(
        ({ context }) =>
          new Promise((_resolve, reject) => {
            context.signal.addEventListener('abort', () => {
              reject(context.signal.reason as Error);
            });
          }),
      );
      const eventId = rig.system.getSubscriber().getActiveHandlers();
      assert.equal(eventId, 1);
      const received = rig.native;
      received.notify({ kind: 'abort', event_id: 'unknown', reason });
      received.notify({ kind: 'abort', event_id: lastEventId(), reason });
      const error = errorOf((await running).document);
      assert.match(error.message, new RegExp(reason));
      assert.equal(aborted[0]?.reason, reason);
      assert.equal(timedOut.length, reason === 'timeout' ? 1 : 0);
    });
  }

  function lastEventId(): string {
    const number = Number(makeStepEvent().event_id.slice(-12)) - 1;
    return `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  }
});

suite('StepExecutionSubscriber', () => {
  test('loses no event beyond maxConcurrent: the rest waits its turn', async () => {
    const { native, registry, system } = makeRig({ subscriber: { maxConcurrent: 10 } });
    let active = 0;
    let peak = 0;
    registry.register(
      defineHandler('demo.Greet', {}, async () => {
        active += 1;
        peak = Math.max(peak, active);
        await new Promise(setImmediate);
        active -= 1;
      }),
    );
    native.push(...Array.from({ length: 14 }, () => makeStepEvent()));
    assert.ok(await system.getSubscriber().waitForCompletion(5000));
    assert.equal(native.completions.length, 14);
    assert.equal(peak, 10);
    assert.equal(system.getSubscriber().getProcessedCount(), 14);
    assert.equal(system.getSubscriber().getErrorCount(), 0);
  });

  test('runs thousands of waiting steps that end at once without growing the stack', async () => {
    const { native, registry, system } = makeRig({
      subscriber: { maxConcurrent: 1 },
      poller: { maxEventsPerCycle: 4096 },
    });
    const gate = deferred();
    let calls = 0;
    registry.register(
      defineHandler('demo.Greet', {}, () => {
        calls += 1;
        return calls === 1 ? gate.promise : undefined;
      }),
    );
    native.push(...Array.from({ length: 4000 }, () => makeStepEvent()));
    gate.resolve();
    assert.ok(await system.getSubscriber().waitForCompletion(10_000));
    assert.equal(native.completions.length, 4000);
  });

  test('a waiting step that is aborted is not begun', async () => {
    const { native, registry, system } = makeRig({ subscriber: { maxConcurrent: 1 } });
    const gate = deferred();
    let calls = 0;
    registry.register(
      defineHandler('demo.Greet', {}, () => {
        calls += 1;
        return gate.promise;
      }),
    );
    const waiting = makeStepEvent();
    native.push(makeStepEvent(), waiting);
    native.notify({ kind: 'abort', event_id: waiting.event_id, reason: 'cancel' });
    gate.resolve();
    assert.ok(await system.getSubscriber().waitForCompletion(5000));
    assert.equal(calls, 1);
    assert.equal(native.completions.length, 2);
  });

  test('waitForCompletion says false when time is up', async () => {
    const { native, registry, system } = makeRig();
    const gate = deferred();
    registry.register(defineHandler('demo.Greet', {}, () => gate.promise));
    native.push(makeStepEvent());
    assert.equal(await system.getSubscriber().waitForCompletion(1), false);
    gate.resolve();
    assert.equal(await system.stop(5000), true);
  });

  test('listens on any emitter, and stop takes its own listener alone', () => {
    const addon = new FakeDoor();
    const runtime = new NativeRuntime({ native: addon });
    runtime.openWorker({});
    const emitter = new TaskerEventEmitter();
    const registry = new HandlerRegistry();
    registry.register(defineHandler('demo.Greet', {}, () => ({})));
    const subscriber = new StepExecutionSubscriber(emitter, registry, runtime, { workerId: 'mine' });
    let foreign = 0;
    emitter.on('step.execution.received', () => (foreign += 1));
    subscriber.start();
    subscriber.start();
    emitter.emitStepReceived({ event: makeStepEvent(), receivedAt: new Date() });
    assert.equal(addon.worker.completions.length, 1);
    assert.ok(subscriber.isRunning());
    subscriber.stop();
    emitter.emitStepReceived({ event: makeStepEvent(), receivedAt: new Date() });
    assert.equal(addon.worker.completions.length, 1);
    assert.equal(foreign, 2);
    assert.equal(subscriber.getWorkerId(), 'mine');
    assert.throws(() => new StepExecutionSubscriber(emitter, registry, runtime, { maxConcurrent: 0 }), /maxConcurrent/);
  });

  test('tells every stage of a step to who listens', async () => {
    const rig = makeRig();
    const names = [
      'step.execution.received',
      'step.execution.started',
      'step.execution.completed',
      'step.completion.sent',
      'step.execution.failed',
    ] as const;
    const heard: string[] = [];
    for (const name of names) {
      rig.system.getEmitter().on(name, () => heard.push(name));
    }
    const completed = rig.heard('step.execution.completed');
    const failed = rig.heard('step.execution.failed');
    await rig.run(() => ({ a: 1 }));
    assert.deepEqual(heard.splice(0), [names[0], names[1], names[2], names[3]]);
    assert.deepEqual(completed[0]?.result, { a: 1 });
    await rig.run(() => {
      throw new PermanentError('x');
    });
    assert.deepEqual(heard, [names[0], names[1], names[4], names[3]]);
    assert.deepEqual([failed[0]?.errorType, failed[0]?.retryable], ['permanent_error', false]);
  });

  test('a worker that stops by itself is heard', () => {
    const rig = makeRig();
    const reported = rig.heard('worker.error');
    const codes: string[] = [];
    rig.system.onWorkerFailed((error) => codes.push(error.code));
    rig.native.notify({ kind: 'failed', error: { code: 'STORE_FULL', message: 'disk' } });
    rig.native.notify({ kind: 'refused', event_id: 'e' });
    assert.deepEqual(codes, ['STORE_FULL']);
    assert.equal(reported.length, 1);
  });
});
