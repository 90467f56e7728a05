// The event bridge over both doors: one bus for C++ and all threads, and listeners that misbehave.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import {
  EventBridge,
  NativeRuntime,
  TaskerError,
  WorkerServer,
  defineHandler,
  enrichEvents,
  filterEvents,
  sampleEvents,
  timeEvents,
  type TransitionEvents,
} from 'tasker-worker';
import type { DoorName } from 'tasker-worker/native';

import { deadlineMs, template } from '../support/store.js';

interface Notes {
  note: number;
  ping: { n: number };
  pong: { n: number };
  bye: null;
  'page.printed': { sheets: number };
}

interface Rig {
  readonly bridge: EventBridge<Notes>;
  /** Another bridge to the same bus. */
  attach(): EventBridge<Notes>;
}

/** Waits until `holds`. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + deadlineMs; !holds();) {
    assert.ok(Date.now() < end, `${what} did not come about`);
    await new Promise(setImmediate);
  }
}

async function withBridge(door: DoorName, body: (rig: Rig) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-bridge-'));
  const runtime = new NativeRuntime({ door });
  const open: EventBridge<Notes>[] = [];
  try {
    runtime.load();
    runtime.openWorker({ store_path: join(folder, 'bridge.db'), log_level: 'off' });
    const attach = (): EventBridge<Notes> => {
      const bridge = EventBridge.attach<Notes>(runtime.busToken(), { runtime, onListenerError: () => undefined });
      open.push(bridge);
      return bridge;
    };
    const bridge = attach();
    for (const name of ['note', 'ping', 'pong', 'bye', 'page.printed'] as const) {
      bridge.registerEvent(name);
    }
    await body({ bridge, attach });
  } finally {
    await Promise.all(open.map((bridge) => bridge.close()));
    runtime.stopWorker();
    await runtime.closed();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function rejected(promise: Promise<unknown>): Promise<TaskerError> {
  const error = await promise.then(
    () => assert.fail('nothing was refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TaskerError);
  return error;
}

for (const door of ['addon', 'ffi'] as const) {
  suite(`event bridge, ${door}`, () => {
    test('a publish reaches every bridge by its pattern, in order', () =>
      withBridge(door, async ({ bridge, attach }) => {
        const other = attach();
        const here: number[] = [];
        const there: string[] = [];
        bridge.subscribe('note', ({ payload }) => here.push(payload));
        other.subscribe('*', ({ name, payload }) => there.push(`${name} ${JSON.stringify(payload)}`));
        for (let n = 0; n < 200; n += 1) {
          await bridge.publish('note', n);
        }
        await bridge.publish('page.printed', { sheets: 2 });
        await until('the last event', () => there.length === 201 && here.length === 200);
        assert.deepEqual(here, [...Array(200).keys()]);
        assert.equal(there.at(-1), 'page.printed {"sheets":2}');
      }));

    test('transitions of a task come as the core tells them, with the members of their types', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tasker-bridge-'));
      const worker = new WorkerServer({
        storePath: join(folder, 'bridge.db'),
        door,
        logLevel: 'error',
        templates: [{ yaml: template('single', [{ name: 'only', callable: 'only' }]).yaml }],
        handlers: [defineHandler({ name: 'only', run: () => ({ ok: true }) })],
      });
      try {
        await worker.start();
        const seen: string[] = [];
        const steps: TransitionEvents['step.completed'][] = [];
        worker.getEventBridge().subscribe('*', ({ name }) => seen.push(name));
        worker.getEventBridge().subscribe('step.completed', ({ payload }) => steps.push(payload));
        const { taskUuid } = await worker.createTask({ name: 'single', namespace: 'demo' });
        await until('the end of the task', () => seen.includes('task.completed') && steps.length === 1);
        assert.deepEqual(seen, ['task.created', 'step.created', 'step.claimed', 'step.completed', 'task.completed']);
        assert.deepEqual(
          steps.map(({ task_uuid: task, step_name: step, attempt }) => ({ task, step, attempt })),
          [{ task: taskUuid, step: 'only', attempt: 1 }],
        );
        const known = worker.getEventBridge().listEvents();
        assert.deepEqual(
          known.map(({ name }) => name),
          Object.keys(allTransitions).sort(),
        );
      } finally {
        await worker.shutdown();
        rmSync(folder, { recursive: true, force: true });
      }
      assert.throws(() => worker.getEventBridge(), { code: 'INVALID_STATE' });
    });

    test('a second thread hears and answers', () =>
      withBridge(door, async ({ bridge }) => {
        const pongs: number[] = [];
        bridge.subscribe('pong', ({ payload }) => pongs.push(payload.n));
        const thread = new Worker(fileURLToPath(new URL('../support/bridge-thread.js', import.meta.url)), {
          workerData: bridge.token,
        });
        const ended = once(thread, 'exit');
        await once(thread, 'message');
        for (let n = 0; n < 50; n += 1) {
          await bridge.publish('ping', { n });
        }
        await until('the last answer', () => pongs.length === 50);
        assert.deepEqual(pongs, [...Array(50).keys()]);
        await bridge.publish('bye', null);
        assert.deepEqual(await ended, [0]);
      }));

    test('a thread that is terminated while it listens harms nobody', () =>
      withBridge(door, async ({ bridge }) => {
        const thread = new Worker(fileURLToPath(new URL('../support/bridge-thread.js', import.meta.url)), {
          workerData: bridge.token,
        });
        await once(thread, 'message');
        await thread.terminate();
        const heard: number[] = [];
        bridge.subscribe('ping', ({ payload }) => heard.push(payload.n));
        for (let n = 0; n < 20; n += 1) {
          await bridge.publish('ping', { n });
        }
        await until('the last event', () => heard.length === 20);
      }));

    test('a payload that does not fit its schema is refused with the path of the field', () =>
      withBridge(door, async ({ bridge }) => {
        const open = bridge as EventBridge;
        open.registerEvent('bill.sent' as never, { properties: { sum: { type: 'number' } }, required: ['sum'] });
        const error = await rejected(bridge.publish('bill.sent' as 'note', { sum: 'much' } as never));
        assert.equal(error.code, 'INVALID_ARGUMENT');
        assert.match(error.field ?? '', /sum/);
        const unknown = await rejected(bridge.publish('page.pritned' as 'note', 1));
        assert.equal(unknown.code, 'NOT_FOUND');
        assert.match(unknown.message, /page\.printed/);
        const none = await rejected(bridge.publish('note', undefined as never));
        assert.equal(none.code, 'INVALID_ARGUMENT');
        assert.throws(
          () => {
            open.registerEvent('bill.sent' as never, { type: 'array' });
          },
          { code: 'INVALID_STATE' },
        );
        assert.throws(() => bridge.subscribe('nothing' as 'note', () => undefined), { code: 'NOT_FOUND' });
        assert.throws(() => bridge.subscribe('note', () => undefined, { capacity: 0 }), { field: 'options.capacity' });
        assert.throws(() => bridge.subscribe('note', () => undefined, { policy: 'drop' as 'wait' }), {
          field: 'options.policy',
        });
      }));

    test('patterns and formats of a schema hold, and are checked when it is registered', () =>
      withBridge(door, async ({ bridge }) => {
        const open = bridge as unknown as EventBridge<Record<`flight.${string}`, object>>;
        open.registerEvent('flight.left', {
          id: 'flight',
          properties: { number: { id: 'number', pattern: '^[A-Z]{2}\\d+$' }, at: { format: 'date-time' } },
          patternProperties: { '^gate_': { type: 'integer' } },
        });
        await open.publish('flight.left', { number: 'LH400', at: '2024-02-29T12:00:00Z', gate_a: 7 });
        for (const [field, payload] of Object.entries({
          number: { number: '400' },
          at: { at: '2023-02-29T12:00:00Z' },
          gate_a: { gate_a: 'seven' },
        })) {
          const { code, field: refused } = await rejected(open.publish('flight.left', payload));
          assert.deepEqual({ code, refused }, { code: 'INVALID_ARGUMENT', refused: field });
        }
        assert.throws(
          () => {
            open.registerEvent('flight.landed', { properties: { number: { pattern: '(' } } });
          },
          { code: 'INVALID_ARGUMENT', field: '/properties/number/pattern' },
        );
        open.registerEvent('flight.named', { properties: { name: { pattern: '^(a+)+$' } } });
        const endless = await rejected(open.publish('flight.named', { name: `${'a'.repeat(60)}!` }));
        assert.equal(endless.field, 'name');
        assert.match(endless.message, /takes too long/);
      }));

    test('a listener that throws or rejects is counted, reported, and called again; others get everything', () =>
      withBridge(door, async ({ attach, bridge }) => {
        const reports: unknown[] = [];
        const told = EventBridge.attach<Notes>(bridge.token, {
          runtime: (bridge as unknown as { runtime: NativeRuntime }).runtime,
          onListenerError: (error, event) => reports.push([(error as Error).message, event.payload]),
        });
        const throwing = told.subscribe('note', ({ payload }) => {
          throw new Error(`no ${String(payload)}`);
        });
        const rejecting = told.subscribe('note', ({ payload }) =>
          Promise.reject(new Error(`never ${String(payload)}`)),
        );
        const heard: number[] = [];
        attach().subscribe('note', ({ payload }) => heard.push(payload));
        await bridge.publish('note', 1);
        await bridge.publish('note', 2);
        await until('all calls', () => reports.length === 4 && heard.length === 2);
        assert.equal(throwing.counters().failures, 2);
        assert.equal(rejecting.counters().failures, 2);
        assert.equal(throwing.counters().delivered, 2);
        await told.close();
      }));

    test('a listener that never returns loses by its policy, counted, and holds nobody up', () =>
      withBridge(door, async ({ attach, bridge }) => {
        const stuck = attach().subscribe('note', () => new Promise<never>(() => undefined), {
          capacity: 8,
          policy: 'drop_oldest',
        });
        const heard: number[] = [];
        bridge.subscribe('note', ({ payload }) => heard.push(payload));
        for (let n = 0; n < 1000; n += 1) {
          await bridge.publish('note', n);
        }
        await until('all events', () => heard.length === 1000);
        await until('the first call', () => stuck.counters().delivered === 1);
        const { lost, waiting } = stuck.counters();
        assert.equal(1 + lost + waiting, 1000);
        assert.ok(lost > 900);
      }));

    test('a publish waits for a slow listener of its own bridge, loses nothing, and never blocks the loop', () =>
      withBridge(door, async ({ bridge }) => {
        const heard: number[] = [];
        bridge.subscribe(
          'note',
          async ({ payload }) => {
            await new Promise(setImmediate);
            heard.push(payload);
          },
          { capacity: 2, waitMs: 3_600_000 },
        );
        await Promise.all([...Array(300).keys()].map((n) => bridge.publish('note', n)));
        await until('the last event', () => heard.length === 300);
        assert.deepEqual(heard, [...Array(300).keys()]);
      }));

    test('a listener may unsubscribe itself and subscribe others', () =>
      withBridge(door, async ({ bridge }) => {
        const heard: string[] = [];
        const first = bridge.subscribe('note', ({ payload }) => {
          heard.push(`first ${String(payload)}`);
          first.unsubscribe();
          bridge.subscribe('note', (event) => heard.push(`second ${String(event.payload)}`));
        });
        await bridge.publish('note', 1);
        await until('the first call', () => heard.length === 1);
        await bridge.publish('note', 2);
        await until('the second call', () => heard.length === 2);
        assert.deepEqual(heard, ['first 1', 'second 2']);
        assert.equal(first.active, false);
        assert.equal(first.counters().delivered, 1);
      }));

    test('listeners that publish in a circle are ended by a clear error, across bridges too', () =>
      withBridge(door, async ({ attach, bridge }) => {
        const other = attach();
        let refused: TaskerError | undefined;
        let calls = 0;
        const pass = (from: EventBridge<Notes>, to: 'ping' | 'pong') => async (event: { payload: { n: number } }) => {
          calls += 1;
          await from.publish(to, { n: event.payload.n + 1 }).catch((error: unknown) => {
            refused = error as TaskerError;
          });
        };
        bridge.subscribe('ping', pass(bridge, 'pong'));
        other.subscribe('pong', pass(other, 'ping'));
        await bridge.publish('ping', { n: 1 });
        await until('the refusal', () => refused !== undefined);
        assert.equal(refused?.code, 'INVALID_STATE');
        assert.match(refused.message, /in a circle/);
        assert.equal(calls, 32);
      }));

    test("middleware filters, enriches, times and samples, and its error is the publisher's", () =>
      withBridge(door, async ({ bridge }) => {
        const heard: unknown[] = [];
        const times: number[] = [];
        bridge.subscribe('*', ({ payload }) => heard.push(payload));
        bridge
          .use(
            'note',
            timeEvents((_event, durationMs) => times.push(durationMs)),
          )
          .use(
            'note',
            filterEvents(({ payload }) => (payload as number) >= 0),
          )
          .use('note', sampleEvents(2))
          .use(
            'page.*',
            enrichEvents(({ payload }) => ({ ...(payload as object), colour: true })),
          )
          .use('pong', async (_event, next) => {
            await next();
            await next();
          });
        for (const n of [-1, 0, 1, 2]) {
          await bridge.publish('note', n);
        }
        await bridge.publish('page.printed', { sheets: 1 });
        await until('three events', () => heard.length === 3);
        assert.deepEqual(heard, [0, 2, { sheets: 1, colour: true }]);
        assert.equal(times.length, 4);
        const twice = await rejected(bridge.publish('pong', { n: 1 }));
        assert.equal(twice.code, 'INVALID_STATE');
        bridge.use('ping', () => Promise.reject(new Error('not today')));
        await assert.rejects(bridge.publish('ping', { n: 1 }), /not today/);
      }));

    test('an aborted signal ends a subscription', () =>
      withBridge(door, async ({ bridge }) => {
        const abort = new AbortController();
        const subscription = bridge.subscribe('note', () => undefined, { signal: abort.signal });
        abort.abort();
        assert.equal(subscription.active, false);
        assert.throws(() => bridge.subscribe('note', () => undefined, { signal: abort.signal }));
        await bridge.publish('note', 1);
      }));

    test('a closed bridge refuses, and so does one without a worker', async () => {
      let token = '';
      await withBridge(door, async ({ bridge }) => {
        token = bridge.token;
        await bridge.close();
        await bridge.close();
        assert.equal((await rejected(bridge.publish('note', 1))).code, 'CLOSED');
        assert.throws(() => bridge.subscribe('note', () => undefined), { code: 'CLOSED' });
      });
      const runtime = new NativeRuntime({ door });
      runtime.load();
      assert.throws(() => EventBridge.attach('nobody', { runtime }), { code: 'NOT_FOUND' });
      assert.throws(
        () => EventBridge.attach(token, { runtime }),
        (error: unknown) => {
          const { code } = error as TaskerError;
          return code === 'NOT_FOUND' || code === 'CLOSED';
        },
      );
    });
  });
}

/** The compiler sees to it that this has them all. */
const allTransitions: Record<keyof TransitionEvents, true> = {
  'task.created': true,
  'task.completed': true,
  'task.blocked': true,
  'task.failed': true,
  'task.cancelled': true,
  'task.resolved': true,
  'task.retried': true,
  'step.created': true,
  'step.enqueued': true,
  'step.claimed': true,
  'step.checkpointed': true,
  'step.completed': true,
  'step.timed_out': true,
  'step.lost': true,
  'step.waiting_for_retry': true,
  'step.failed': true,
  'step.handed_back': true,
  'step.cancelled': true,
  'step.retried': true,
};
