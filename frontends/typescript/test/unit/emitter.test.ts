import assert from 'node:assert/strict';
import { EventEmitter, getEventListeners, once } from 'node:events';
import { suite, test } from 'node:test';

import {
  MetricsEventNames,
  PollerEventNames,
  StepEventNames,
  TaskerEventEmitter,
  TypedEventEmitter,
  WorkerEventNames,
  type AnyEventNameOf,
  type EventArguments,
  type TaskerEventMap,
  type TaskerEventName,
  type TypedEmitterOptions,
} from 'tasker-worker/events';

const timestamp = new Date(0);
const ready = { timestamp };

suite('TaskerEventEmitter', () => {
  test('delivers typed payloads in the order of the listeners, once listeners once', () => {
    const emitter = new TaskerEventEmitter();
    const heard: string[] = [];
    emitter.on('worker.ready', (payload) => heard.push(`on ${payload.workerId ?? ''}`));
    emitter.once('worker.ready', () => heard.push('once'));
    emitter.prependListener('worker.ready', () => heard.push('first'));
    assert.ok(emitter.emitWorkerReady({ workerId: 'w' }));
    assert.ok(emitter.emitWorkerReady({ workerId: 'w' }));
    assert.deepEqual(heard, ['first', 'on w', 'once', 'first', 'on w']);
  });

  test('a listener can be taken away, and nobody listening is told', () => {
    const emitter = new TaskerEventEmitter();
    const listener = (): void => undefined;
    emitter.on('worker.ready', listener);
    assert.ok(emitter.hears('worker.ready'));
    emitter.off('worker.ready', listener);
    assert.equal(emitter.hears('worker.ready'), false);
    assert.equal(emitter.emit('worker.ready', ready), false);
  });

  test('a listener that throws or rejects is reported, and the others still run', async () => {
    const emitter = new TaskerEventEmitter();
    const reported: string[] = [];
    emitter.on('worker.error', ({ error, context }) => reported.push(`${context ?? ''}: ${error.message}`));
    let reached = false;
    emitter.on('worker.ready', () => {
      throw new Error('thrown');
    });
    emitter.on('worker.ready', () => Promise.reject(new Error('rejected')));
    emitter.on('worker.ready', () => {
      reached = true;
    });
    emitter.publish('worker.ready', ready);
    assert.ok(reached);
    await Promise.resolve();
    assert.deepEqual(reported, ['listener of worker.ready: thrown', 'listener of worker.ready: rejected']);
  });

  test('a failing listener of worker.error becomes a process warning', async () => {
    const emitter = new TaskerEventEmitter();
    emitter.on('worker.error', () => {
      throw new Error('again');
    });
    const warned = once(process, 'warning');
    emitter.emitWorkerError({ error: new Error('first') });
    const [warning] = (await warned) as [Error];
    assert.equal(warning.name, 'TaskerListenerWarning');
    assert.match(warning.message, /worker\.error failed: again/);
  });

  test('every helper emits the event of its name', () => {
    const emitter = new TaskerEventEmitter();
    const heard: string[] = [];
    const names = [
      ...Object.values(StepEventNames),
      ...Object.values(WorkerEventNames),
      ...Object.values(PollerEventNames),
      ...Object.values(MetricsEventNames),
    ];
    for (const name of names) {
      emitter.on(name, (payload: TaskerEventMap[TaskerEventName]) => {
        assert.ok('timestamp' in payload || 'receivedAt' in payload);
        heard.push(name);
      });
    }
    const ids = { eventId: 'e', stepUuid: 's', taskUuid: 't', handlerName: 'h' };
    const metrics = {
      pending_count: 0,
      starvation_detected: false,
      starving_event_count: 0,
      oldest_pending_age_ms: null,
      newest_pending_age_ms: null,
      oldest_event_id: null,
    };
    const ended = { ...ids, executionTimeMs: 1 };
    emitter.emitStepReceived({
      event: {} as TaskerEventMap['step.execution.received']['event'],
      receivedAt: timestamp,
    });
    emitter.emitStepStarted({ ...ids, startedAt: timestamp });
    emitter.emitStepCompleted({ ...ended, result: {}, completedAt: timestamp });
    emitter.emitStepFailed({ ...ended, error: new Error('x'), errorType: 'x', retryable: true, failedAt: timestamp });
    emitter.emitCompletionSent({ eventId: 'e', stepUuid: 's', success: true, sentAt: timestamp });
    emitter.emitWorkerStarted();
    emitter.emitWorkerReady();
    emitter.emitWorkerShutdownStarted();
    emitter.emitWorkerStopped();
    emitter.emitWorkerError({ error: new Error('x') });
    emitter.emitMetricsUpdated({ metrics });
    emitter.emitStarvationDetected({ metrics });
    assert.deepEqual(heard, [
      'step.execution.received',
      'step.execution.started',
      'step.execution.completed',
      'step.execution.failed',
      'step.completion.sent',
      'worker.started',
      'worker.ready',
      'worker.shutdown.started',
      'worker.stopped',
      'worker.error',
      'metrics.updated',
      'poller.starvation.detected',
    ]);
    assert.notEqual(emitter.getInstanceId(), new TaskerEventEmitter().getInstanceId());
  });
});

suite('TaskerEventEmitter.emit', () => {
  test('a listener that throws ends it, as with Node', () => {
    const emitter = new TaskerEventEmitter();
    let reached = false;
    emitter.on('worker.ready', () => {
      throw new Error('thrown');
    });
    emitter.on('worker.ready', () => (reached = true));
    assert.throws(() => emitter.emit('worker.ready', ready), /thrown/);
    assert.equal(reached, false);
  });

  test('is the runtime’s own until the worker listens last', () => {
    const emitter = new TaskerEventEmitter();
    assert.equal(emitter.emit, EventEmitter.prototype.emit);
    const heard: string[] = [];
    const leave = emitter.onLast('worker.ready', () => heard.push('last'));
    emitter.on('worker.ready', () => heard.push('later'));
    emitter.emit('worker.ready', ready);
    emitter.publish('worker.ready', ready);
    leave();
    leave();
    emitter.emit('worker.ready', ready);
    assert.deepEqual(heard, ['later', 'last', 'later', 'last', 'later']);
    assert.equal(emitter.emit('worker.started', ready), false);
  });
});

interface Events {
  item: number;
}

const backings: readonly (readonly [string, TypedEmitterOptions])[] = [
  ['node', {}],
  ['eventemitter3', { emitter: 'eventemitter3' }],
];
for (const [backing, options] of backings) {
  suite(`TypedEventEmitter over ${backing}`, () => {
    const make = (): TypedEventEmitter<Events> => new TypedEventEmitter<Events>(options);

    test('is one of Node’s emitters, also in a subclass with an emit of its own', () => {
      class Loud extends TypedEventEmitter<Events> {
        emitted = 0;

        override emit<Name extends AnyEventNameOf<Events>>(name: Name, ...args: EventArguments<Events, Name>): boolean {
          this.emitted += 1;
          return super.emit(name, ...args);
        }
      }
      const emitter = new Loud(options);
      const heard: unknown[] = [];
      emitter.on('item', (item) => heard.push(item));
      assert.ok(emitter.emit('item', 1));
      assert.ok(emitter instanceof EventEmitter && emitter instanceof Loud);
      assert.deepEqual([emitter.emitted, heard], [1, [1]]);
    });

    test('an error without a listener is thrown; what is no Error stands in an ERR_UNHANDLED_ERROR', () => {
      const emitter = make();
      const seen: unknown[] = [];
      emitter.on(EventEmitter.errorMonitor, (error) => seen.push(error));
      const error = new RangeError('given');
      assert.throws(
        () => emitter.emit('error', error),
        (thrown) => thrown === error,
      );
      assert.throws(() => emitter.emit('error', { status: 500 }), {
        code: 'ERR_UNHANDLED_ERROR',
        message: 'Unhandled error. ({ status: 500 })',
        context: { status: 500 },
      });
      assert.throws(() => emitter.emit('error'), { code: 'ERR_UNHANDLED_ERROR' });
      assert.deepEqual(seen.splice(0), [error, { status: 500 }, undefined]);
      emitter.on('error', (told) => seen.push(told));
      assert.ok(emitter.emit('error', 'heard'));
      assert.deepEqual(seen, ['heard', 'heard']);
    });

    test('the eleventh listener of a name is warned of, once', async () => {
      const emitter = make();
      assert.equal(emitter.getMaxListeners(), EventEmitter.defaultMaxListeners);
      const warned = once(process, 'warning');
      for (let count = 0; count < 12; count += 1) {
        emitter.on('item', () => undefined);
      }
      const [warning] = (await warned) as [Error & { count: number; type: string; emitter: unknown }];
      assert.equal(warning.name, 'MaxListenersExceededWarning');
      assert.deepEqual([warning.count, warning.type, warning.emitter === emitter], [11, 'item', true]);
    });

    test('a captured rejection becomes an error event', async () => {
      const emitter = new TypedEventEmitter<Events>({ ...options, captureRejections: true });
      emitter.on('item', (item) => Promise.reject(new Error(`rejected ${item}`)));
      emitter.once('item', () => ({
        then: (_: unknown, reject: (reason: unknown) => void) => {
          reject(new Error('thenable'));
        },
      }));
      const told: string[] = [];
      const both = new Promise<void>((resolve) => {
        emitter.on('error', (error) => {
          if (told.push((error as Error).message) === 2) {
            resolve();
          }
        });
      });
      emitter.emit('item', 3);
      await both;
      assert.deepEqual(told.sort(), ['rejected 3', 'thenable']);
    });

    test('a signal takes its listener away and is let go when the listener left before', () => {
      const emitter = make();
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = (): number => getEventListeners(signal, 'abort').length;
      const listener = (): void => undefined;
      emitter.on('item', listener, { signal }).on('item', listener).prependListener('item', listener, { signal });
      emitter.once('item', listener, { signal });
      assert.deepEqual([emitter.listenerCount('item'), waiting()], [4, 3]);
      emitter.emit('item', 1);
      assert.deepEqual([emitter.listenerCount('item'), waiting()], [3, 2]);
      emitter.off('item', listener);
      emitter.off('item', listener);
      assert.deepEqual([emitter.listeners('item'), waiting()], [[listener], 1]);
      controller.abort();
      assert.deepEqual([emitter.listenerCount('item'), waiting()], [0, 0]);
      const other = new AbortController();
      emitter.prependOnceListener('item', listener, { signal: other.signal });
      emitter.addListener('item', listener, { signal: other.signal }).removeAllListeners();
      assert.equal(getEventListeners(other.signal, 'abort').length, 0);
      assert.throws(() => emitter.on('item', listener, { signal: {} as AbortSignal }), {
        code: 'INVALID_ARGUMENT',
        field: 'options.signal',
      });
      assert.throws(() => emitter.on('item', 'no function' as never, { signal }), { code: 'ERR_INVALID_ARG_TYPE' });
    });

    test('a hundred thousand listeners that come and go with one signal leave nothing behind', () => {
      const emitter = make();
      const { signal } = new AbortController();
      for (let count = 0; count < 100_000; count += 1) {
        const listener = (): void => undefined;
        emitter.on('item', listener, { signal });
        emitter.off('item', listener);
      }
      assert.deepEqual([emitter.eventNames(), getEventListeners(signal, 'abort').length], [[], 0]);
    });
  });
}

test('an emitter over a given class of eventemitter3, and options that are none', async () => {
  const { EventEmitter: EventEmitter3 } = await import('eventemitter3');
  const emitter = new TypedEventEmitter<Events>({ emitter: EventEmitter3 });
  const heard: unknown[] = [];
  emitter.prependOnceListener('item', (item) => heard.push(item));
  emitter.emit('item', 1);
  emitter.emit('item', 2);
  assert.deepEqual(heard, [1]);
  assert.throws(() => new TypedEventEmitter({ emitter: 'mitt' as 'node' }), {
    code: 'INVALID_ARGUMENT',
    message: "options.emitter: \"mitt\", expected 'node', 'eventemitter3' or the class of eventemitter3",
  });
  assert.throws(() => new TypedEventEmitter({ emiter: 'node' } as object), /options\.emiter: .*did you mean emitter/);
});
