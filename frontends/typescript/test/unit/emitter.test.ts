import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';

import {
  MetricsEventNames,
  PollerEventNames,
  StepEventNames,
  TaskerEventEmitter,
  WorkerEventNames,
  type TaskerEventMap,
  type TaskerEventName,
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
    emitter.emit('worker.ready', ready);
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
