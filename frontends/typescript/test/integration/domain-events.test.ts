import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import {
  DeliveryRevokedError,
  PermanentError,
  StepHandlerResult,
  WorkerServer,
  defineHandler,
  type DeliveryContext,
  type DurableDomainEvent,
} from 'tasker-worker';

import { deferred } from '../support/rig.js';
import { deadlineMs, withScene } from '../support/store.js';

/** A template of one step that declares `parcel.registered`. */
const parcels = {
  yaml: `
name: parcels
namespace_name: demo
version: 1.0.0
steps:
  - name: register
    handler: { callable: register }
    retry: { retryable: false, max_attempts: 1 }
    publishes_events:
      - name: parcel.registered
        description: A parcel was accepted
        schema: { type: object, required: [parcel] }
`,
};
const register = defineHandler('register', {}, () => ({ parcel: 'p-1' }));

async function runOne(server: WorkerServer): Promise<string> {
  const { taskUuid } = await server.createTask({ name: 'parcels', namespace: 'demo' });
  await server.waitForTask(taskUuid, { timeoutMs: deadlineMs });
  return taskUuid;
}

/** Waits until `ready` holds, asking once in each turn of the loop. */
async function until(ready: () => boolean): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!ready()) {
    assert.ok(Date.now() < deadline, 'it did not come to be in time');
    await new Promise(setImmediate);
  }
}

suite('durable domain events', () => {
  test('a subscriber gets what another process of the store publishes, with its document', () =>
    withScene(async ({ start }) => {
      const producer = await start({ handlers: [register], templates: [parcels] });
      const consumer = await start({});
      const heard = deferred<[DurableDomainEvent<{ parcel: string }>, DeliveryContext]>();
      const subscription = consumer.subscribeDomainEvents<{ parcel: string }>({
        subscriber: 'billing',
        events: 'parcel.*',
        handler: (event, context) => {
          heard.resolve([event, context]);
        },
      });
      const taskUuid = await runOne(producer);
      const [event, context] = await heard.promise;
      assert.equal(event.eventName, 'parcel.registered');
      assert.equal(event.payload.parcel, 'p-1');
      assert.equal(event.metadata.taskUuid, taskUuid);
      assert.equal(event.metadata.stepName, 'register');
      assert.equal(event.executionResult['success'], true);
      assert.ok('workflow_step' in event.taskSequenceStep);
      assert.deepEqual(
        [context.subscriber, context.number, context.attempt, context.maxAttempts, context.signal.aborted],
        ['billing', 1, 1, 5, false],
      );
      await until(() => subscription.acknowledged === 1);
      await subscription.close();
    }));

  test('a subscription made before the start begins with it', () =>
    withScene(async ({ storePath }) => {
      const server = new WorkerServer({ storePath, logLevel: 'error', handlers: [register], templates: [parcels] });
      const names: string[] = [];
      server.subscribeDomainEvents({
        subscriber: 's',
        events: ['parcel.registered'],
        handler: (event) => names.push(event.eventName),
      });
      await server.start();
      await runOne(server);
      await until(() => names.length === 1);
      await server.shutdown();
    }));

  test('what a handler publishes comes with its result, by what came of it', () =>
    withScene(async ({ start }) => {
      let fails = false;
      const server = await start({
        handlers: [
          defineHandler('register', {}, ({ context }) => {
            context.publishEvent('parcel.weighed', { grams: 7 });
            context.publishEvent('parcel.lost', { where: 'here' }, { condition: 'failure' });
            context.publishEvent('parcel.registered', { parcel: 'its own' });
            if (fails) {
              throw new PermanentError('lost');
            }
            return { parcel: 'p-2' };
          }),
        ],
        templates: [parcels],
      });
      const heard: [string, unknown][] = [];
      server.subscribeDomainEvents({
        subscriber: 's',
        events: '*',
        handler: (event) => heard.push([event.eventName, event.payload]),
      });
      await runOne(server);
      await until(() => heard.length === 2);
      assert.deepEqual(heard, [
        ['parcel.weighed', { grams: 7 }],
        ['parcel.registered', { parcel: 'its own' }],
      ]);
      fails = true;
      await runOne(server);
      await until(() => heard.length === 3);
      assert.deepEqual(heard[2], ['parcel.lost', { where: 'here' }]);
    }));

  test('an event that no event can be fails its step', () =>
    withScene(async ({ start }) => {
      const wrong: [string, () => unknown][] = [
        ['name', () => ['Parcel']],
        ['payload', () => ['a.b', [1]]],
        ['condition', () => ['a.b', {}, { condition: 'never' }]],
        ['deliveryMode', () => ['a.b', {}, { deliveryMode: 'slow' }]],
      ];
      let next = 0;
      const server = await start({
        handlers: [
          defineHandler('register', {}, ({ context }) => {
            const given = wrong[next]?.[1]() as Parameters<typeof context.publishEvent>;
            context.publishEvent(...given);
          }),
        ],
        templates: [parcels],
      });
      for (; next < wrong.length; next += 1) {
        const taskUuid = await runOne(server);
        const [step] = server.listTaskSteps(taskUuid);
        const { error } = step?.results as { error: { message: string; error_type: string } };
        assert.equal(error.error_type, 'invalid_result');
        assert.match(error.message, new RegExp(`publishEvent: ${wrong[next]?.[0] ?? ''}`));
      }
    }));

  test('a checkpoint carries no events', () =>
    withScene(async ({ start }) => {
      const server = await start({
        handlers: [
          defineHandler('register', {}, ({ context }) => {
            context.publishEvent('a.b');
            return StepHandlerResult.checkpointYield(1, 1);
          }),
        ],
        templates: [parcels],
      });
      const [step] = server.listTaskSteps(await runOne(server));
      assert.match(JSON.stringify(step?.results), /a checkpoint carries no domain events/);
    }));

  test('a handler that throws gets the event again, a permanent failure ends it', () =>
    withScene(async ({ start }) => {
      const server = await start({ handlers: [register], templates: [parcels] });
      const attempts: number[] = [];
      const subscription = server.subscribeDomainEvents({
        subscriber: 's',
        events: '*',
        backoffBaseMs: 1,
        handler: (_, { attempt }) => {
          attempts.push(attempt);
          if (attempt === 1) {
            throw new Error('busy');
          }
          throw new PermanentError('never');
        },
      });
      await runOne(server);
      await until(() => subscription.failed === 2);
      assert.deepEqual(attempts, [1, 2]);
    }));

  test('shutdown waits for a running handler, and its event does not come again', () =>
    withScene(async ({ start }) => {
      const server = await start({ handlers: [register], templates: [parcels] });
      const begun = deferred();
      const finish = deferred();
      server.subscribeDomainEvents({
        subscriber: 's',
        events: '*',
        handler: async () => {
          begun.resolve();
          await finish.promise;
        },
      });
      await runOne(server);
      await begun.promise;
      const stopped = server.shutdown();
      finish.resolve();
      await stopped;
      const next = await start({ handlers: [register], templates: [parcels] });
      const numbers: number[] = [];
      next.subscribeDomainEvents({
        subscriber: 's',
        events: '*',
        handler: (_, { number }) => numbers.push(number),
      });
      await runOne(next);
      await until(() => numbers.length > 0);
      assert.deepEqual(numbers, [2]);
    }));

  test('an aborted subscription stops its handler, and another one gets the event at its first attempt', () =>
    withScene(async ({ start }) => {
      const server = await start({ handlers: [register], templates: [parcels] });
      const ending = new AbortController();
      const begun = deferred();
      const reason = deferred<unknown>();
      const first = server.subscribeDomainEvents({
        subscriber: 's',
        events: '*',
        signal: ending.signal,
        handler: async (_, { signal }) => {
          begun.resolve();
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => {
              reason.resolve(signal.reason);
              resolve();
            });
          });
        },
      });
      assert.throws(() => server.subscribeDomainEvents({ subscriber: 's', events: '*', handler: () => undefined }), {
        code: 'INVALID_STATE',
      });
      await runOne(server);
      await begun.promise;
      ending.abort();
      await first.close();
      const given = await reason.promise;
      assert.ok(given instanceof DeliveryRevokedError);
      assert.equal(given.reason, 'unsubscribed');
      const again = deferred<number>();
      const second = server.subscribeDomainEvents({
        subscriber: 's',
        events: '*',
        handler: (_, { attempt }) => {
          again.resolve(attempt);
        },
      });
      assert.equal(await again.promise, 1);
      await second.close();
      server.removeSubscriber('s');
      assert.throws(
        () => {
          server.removeSubscriber('s');
        },
        { code: 'NOT_FOUND' },
      );
    }));

  test('wrong options are named', () =>
    withScene(async ({ start }) => {
      const server = await start({});
      const good = { subscriber: 's', events: '*', handler: () => undefined };
      const wrong: [object, string][] = [
        [{ ...good, subscriber: '' }, 'options.subscriber'],
        [{ ...good, events: [] }, 'options.events'],
        [{ ...good, events: [3] }, 'options.events[0]'],
        [{ ...good, events: ['a..b'] }, 'events[0]'],
        [{ ...good, handler: 3 }, 'options.handler'],
        [{ ...good, from: 'now' }, 'options.from'],
        [{ ...good, maxAttempts: 0 }, 'options.maxAttempts'],
        [{ ...good, maxInFlight: 1025 }, 'options.maxInFlight'],
        [{ ...good, signal: {} }, 'options.signal'],
        [{ ...good, more: 1 }, 'options.more'],
      ];
      for (const [options, field] of wrong) {
        assert.throws(
          () => server.subscribeDomainEvents(options as typeof good),
          (error: { code?: string; field?: string }) => error.code === 'INVALID_ARGUMENT' && error.field === field,
          field,
        );
      }
    }));
});
