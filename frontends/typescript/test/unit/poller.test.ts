import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';

import { EventPoller, NativeRuntime, TaskerError, TaskerEventEmitter, createEventPoller } from 'tasker-worker';
import type { EventPollerConfig, FfiStepEvent, TaskerRuntime } from 'tasker-worker';

import { mockTimers, restoreTimersAfterEach } from '../support/timers.js';
import { FakeDoor, nativeError, type FakeWorker } from '../support/fake-door.js';
import { makeStepEvent } from '../support/step-event.js';

function makePoller(config: EventPollerConfig = {}): {
  poller: EventPoller;
  emitter: TaskerEventEmitter;
  native: FakeWorker;
  taken: FfiStepEvent[];
} {
  const addon = new FakeDoor();
  const runtime = new NativeRuntime({ native: addon });
  runtime.openWorker({});
  const emitter = new TaskerEventEmitter();
  const taken: FfiStepEvent[] = [];
  const poller = createEventPoller(runtime, emitter, config).onStepEvent((event) => taken.push(event));
  return { poller, emitter, native: addon.worker, taken };
}

function events(count: number): FfiStepEvent[] {
  return Array.from({ length: count }, () => makeStepEvent());
}

suite('EventPoller', () => {
  restoreTimersAfterEach();

  test('start needs a loaded runtime', () => {
    const poller = new EventPoller(new NativeRuntime(), new TaskerEventEmitter());
    assert.throws(
      () => {
        poller.start();
      },
      (error) => error instanceof TaskerError && error.code === 'INVALID_STATE',
    );
  });

  test('a wake-up empties both queues in one turn, without a timer', () => {
    const { poller, native, taken } = makePoller();
    const notices: string[] = [];
    poller.onNotice((notice) => notices.push(notice.kind));
    poller.start();
    native.notices.push({ kind: 'refused', event_id: 'e' });
    native.push(...events(300 - 100));
    assert.equal(taken.length, 200);
    assert.deepEqual(notices, ['refused']);
    poller.stop();
  });

  test('takes what waited before it was started', () => {
    const { poller, native, taken } = makePoller();
    native.events.push(...events(2));
    poller.start();
    assert.equal(taken.length, 2);
    poller.stop();
  });

  test('gives the loop a turn after a full cycle and goes on by itself', async () => {
    const { poller, native, taken, emitter } = makePoller({ maxEventsPerCycle: 10 });
    const cycles: number[] = [];
    emitter.on('poller.cycle.complete', ({ eventsProcessed }) => cycles.push(eventsProcessed));
    poller.start();
    native.push(...events(25));
    assert.equal(taken.length, 10);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    assert.equal(taken.length, 25);
    assert.deepEqual(cycles, [10, 10, 5]);
    poller.stop();
  });

  test('one event whose callback throws does not cost the rest of its batch', () => {
    const { poller, native, emitter } = makePoller();
    const errors: string[] = [];
    emitter.on('worker.error', ({ error }) => errors.push(error.message));
    let calls = 0;
    poller.onStepEvent(() => {
      calls += 1;
      throw new Error(`call ${calls}`);
    });
    poller.start();
    native.push(...events(2));
    assert.deepEqual(errors, ['call 1', 'call 2']);
    poller.stop();
  });

  test('a failed poll is reported and tried again', async () => {
    const timers = mockTimers('setTimeout');
    const { poller, native, taken, emitter } = makePoller();
    const reported: Error[] = [];
    poller.onError((error) => reported.push(error));
    const failed = once(emitter, 'poller.error');
    poller.start();
    native.pollError = nativeError('STORE_FAILED', 'disk');
    native.push(...events(1));
    const [payload] = (await failed) as [{ error: TaskerError }];
    assert.equal(payload.error.code, 'STORE_FAILED');
    assert.equal(reported.length, 1);
    native.pollError = null;
    timers.tick(1000);
    assert.equal(taken.length, 1);
    poller.stop();
  });

  test('polls by a timer where the runtime has no wake-up', () => {
    const timers = mockTimers('setInterval');
    const addon = new FakeDoor();
    const runtime: TaskerRuntime = new NativeRuntime({ native: addon });
    runtime.openWorker({});
    Object.defineProperty(runtime, 'onWakeup', { value: undefined });
    const taken: FfiStepEvent[] = [];
    const poller = new EventPoller(runtime, new TaskerEventEmitter(), { pollIntervalMs: 5 });
    poller.onStepEvent((event) => taken.push(event)).start();
    addon.worker.push(...events(1));
    assert.equal(taken.length, 0);
    timers.tick(5);
    assert.equal(taken.length, 1);
    assert.equal(poller.getCycleCount(), 2);
    poller.stop();
  });

  test('stop takes the last notices, lets go of the wake-up, and is heard', () => {
    const { poller, native, emitter } = makePoller();
    const messages: string[] = [];
    emitter.on('poller.started', () => messages.push('started'));
    emitter.on('poller.stopped', () => messages.push('stopped'));
    poller.onNotice((notice) => messages.push(notice.kind));
    assert.equal(poller.getState(), 'stopped');
    poller.start();
    poller.start();
    assert.equal(poller.getState(), 'running');
    native.notices.push({ kind: 'abort', event_id: 'e', reason: 'shutdown' });
    poller.stop();
    poller.stop();
    assert.deepEqual(messages, ['started', 'abort', 'stopped']);
    assert.equal(native.hasWakeup(), false);
    assert.equal(poller.isRunning(), false);
  });

  test('reports metrics and starving steps at their intervals', () => {
    const { poller, native, emitter } = makePoller({
      metricsInterval: 2,
      starvationCheckInterval: 2,
      cleanupInterval: 2,
    });
    const heard: string[] = [];
    poller.onMetrics(() => heard.push('callback'));
    emitter.on('metrics.updated', () => heard.push('updated'));
    emitter.on('poller.starvation.detected', () => heard.push('starvation'));
    native.starving = true;
    poller.start();
    native.push();
    assert.deepEqual(heard, ['starvation', 'updated', 'callback']);
    assert.deepEqual(native.calls, ['checkStarvationWarnings']);
    assert.ok(poller.getPollCount() >= 2);
    poller.stop();
  });

  test('refuses settings out of range and unknown ones', () => {
    const runtime = new NativeRuntime({ native: new FakeDoor() });
    const make = (config: object): EventPoller => new EventPoller(runtime, new TaskerEventEmitter(), config);
    for (const config of [{ pollIntervalMs: 0 }, { maxEventsPerCycle: 4097 }, { metricsInterval: 1.5 }]) {
      assert.throws(() => make(config), /config\.\w+: .*expected an integer/);
    }
    assert.throws(() => make({ pollIntervallMs: 5 }), /did you mean pollIntervalMs\?/);
  });
});
