// What both doors do alike, beyond what the vectors can say: strings, misuse, wake-ups, threads, the end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { NativeRuntime, TaskerError, WorkerServer, defineHandler, type TaskerEventMap } from 'tasker-worker';
import {
  chooseDoor,
  detectRuntime,
  findDoorFile,
  loadDoor,
  type DoorName,
  type NativeDoor,
  type NativeWorker,
} from 'tasker-worker/native';

import { deadlineMs, template } from '../support/store.js';

const single = template('single', [{ name: 'only', callable: 'only' }]);
const nowhere = '00000000-0000-7000-8000-000000000000';
const mebibyte = 1024 * 1024;

interface Opened {
  readonly native: NativeDoor;
  readonly worker: NativeWorker;
  readonly storePath: string;
  /** Creates a task and polls its event. */
  event(context?: string): Promise<{ event_id: string; task_uuid: string; task: { context: unknown } }>;
}

function thrown(call: () => unknown): { code?: string; field?: string; message: string } {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  throw new Error('nothing was thrown');
}

async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-door-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A door with a running worker that knows the template `single` and takes its steps; closed afterwards. */
function withWorker(door: DoorName, body: (opened: Opened) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const { native } = loadDoor({ door });
    const storePath = join(folder, 'door.db');
    const config = { store_path: storePath, durability: 'normal', log_level: 'off', result_bytes_max: 64 * mebibyte };
    const worker = native.openWorker(JSON.stringify(config));
    worker.putTemplate(single.yaml);
    worker.registerHandlers(['only']);
    worker.start();
    try {
      await body({
        native,
        worker,
        storePath,
        async event(context = '{}') {
          await worker.createTasks(`[{"name":"single","namespace":"demo","context":${context}}]`);
          for (const end = Date.now() + deadlineMs; Date.now() < end;) {
            const text = worker.pollStepEvents(1);
            if (text !== null) {
              const [event] = JSON.parse(text) as [Awaited<ReturnType<Opened['event']>>];
              return event;
            }
            await new Promise(setImmediate);
          }
          throw new Error('no step event came');
        },
      });
    } finally {
      await worker.close();
    }
  });
}

/** Runs a program of this folder to its end. */
async function run(program: string, door: DoorName, ...rest: string[]): Promise<{ code: number | null; said: string }> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [path, door, ...rest], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

for (const door of ['addon', 'ffi'] as const) {
  const pair = `${detectRuntime()} × ${door}`;

  suite(`${pair}: strings`, () => {
    test('come back as they went, whatever they hold', () =>
      withWorker(door, async ({ worker, event }) => {
        for (const text of [
          '',
          'a',
          'é',
          '\u0000',
          'a\u0000b',
          '\ufeffx',
          '\u2028',
          '😀'.repeat(3),
          '\u007f\u0080\uffff',
        ]) {
          const { event_id, task_uuid, task } = await event(JSON.stringify({ text }));
          assert.deepEqual(task.context, { text });
          worker.completeStepEvent(event_id, JSON.stringify({ success: true, result: { text } }));
          await worker.waitForTask(task_uuid, deadlineMs);
          const [step] = JSON.parse(worker.listTaskSteps(task_uuid)) as [{ results: { result: unknown } }];
          assert.deepEqual(step.results.result, { text });
        }
      }));

    test('have nothing of a longer one before them', () =>
      withWorker(door, async ({ worker, event }) => {
        for (const length of [200_000, 3, 70_000, 0, 65_536, 21_845, 21_846, 1]) {
          const text = 'x'.repeat(length);
          const { event_id, task_uuid, task } = await event(JSON.stringify({ text }));
          assert.deepEqual(task.context, { text });
          worker.completeStepEvent(event_id, JSON.stringify({ success: true, result: { text } }));
          await worker.waitForTask(task_uuid, deadlineMs);
          const [step] = JSON.parse(worker.listTaskSteps(task_uuid)) as [{ results: { result: unknown } }];
          assert.deepEqual(step.results.result, { text });
        }
      }));

    test('of 16 MiB cross', () =>
      withWorker(door, async ({ worker, event }) => {
        const { event_id, task_uuid } = await event();
        const text = 'é0123456789abcde'.repeat(mebibyte);
        worker.completeStepEvent(event_id, JSON.stringify({ success: true, result: { text } }));
        await worker.waitForTask(task_uuid, deadlineMs);
        const [step] = JSON.parse(worker.listTaskSteps(task_uuid)) as [{ results: { result: { text: string } } }];
        assert.ok(step.results.result.text === text);
      }));

    test('with half a surrogate pair get U+FFFD in its place', () =>
      withWorker(door, async ({ worker, event }) => {
        const { event_id, task_uuid, task } = await event('{"text":"a\ud800b"}');
        assert.deepEqual(task.context, { text: 'a\ufffdb' });
        worker.completeStepEvent(event_id, '{"success":true,"result":{"text":"\udc00"}}');
        await worker.waitForTask(task_uuid, deadlineMs);
        const [step] = JSON.parse(worker.listTaskSteps(task_uuid)) as [{ results: { result: unknown } }];
        assert.deepEqual(step.results.result, { text: '\ufffd' });
        assert.match(thrown(() => worker.getTask('\ud800')).message, /taskUuid is "\ufffd"/);
      }));
  });

  suite(`${pair}: misuse`, () => {
    test('a wrong type is refused with the name of the parameter', () =>
      withWorker(door, ({ native, worker }) => {
        const loose = worker as unknown as Record<string, (...values: unknown[]) => unknown>;
        const calls: [string, unknown[], string][] = [
          ['pollStepEvents', [], 'max'],
          ['pollStepEvents', ['1'], 'max'],
          ['pollStepEvents', [0], 'max'],
          ['pollStepEvents', [4097], 'max'],
          ['pollStepEvents', [1.5], 'max'],
          ['pollStepEvents', [Number.NaN], 'max'],
          ['pollNotices', [null], 'max'],
          ['pollDomainEvents', [{}], 'max'],
          ['completeStepEvent', [], 'eventId'],
          ['completeStepEvent', [5, '{}'], 'eventId'],
          ['completeStepEvent', ['x', '{}'], 'eventId'],
          ['completeStepEvent', [nowhere, {}], 'resultJson'],
          ['completeStepEvents', [[]], 'completionsJson'],
          ['checkpointStepEventSync', [nowhere, null], 'checkpointJson'],
          ['registerHandlers', ['only'], 'callables'],
          ['registerHandlers', [[1]], 'callables[0]'],
          ['setWakeup', [5], 'onWakeup'],
          ['createTaskSync', [undefined], 'requestJson'],
          ['createTaskSync', ['{"name":5}'], 'request.name'],
          ['createTaskSync', ['{"name":"single","nam":1}'], 'request.nam'],
          ['setExecutorRoom', ['threads', 100_001], 'places'],
          ['handBack', ['x'], 'eventIds'],
          ['putTemplate', [1n], 'yaml'],
          ['getTask', [Symbol('x')], 'taskUuid'],
          ['getTask', ['x'], 'taskUuid'],
          ['getStep', [nowhere, 'y'], 'stepUuid'],
          ['listTasks', [null], 'paramsJson'],
          ['cancelTask', ['x'], 'taskUuid'],
          ['retryTask', ['x'], 'taskUuid'],
        ];
        for (const [name, values, field] of calls) {
          const error = thrown(() => loose[name]?.(...values));
          assert.deepEqual([error.code, error.field], ['INVALID_ARGUMENT', field], `${name}: ${error.message}`);
        }
        assert.equal(thrown(() => native.openWorker(undefined as unknown as string)).code, 'INVALID_ARGUMENT');
        assert.equal(thrown(() => native.checkTemplate(null as unknown as string)).code, 'INVALID_ARGUMENT');
        assert.equal(
          thrown(() => {
            native.log('loud' as 'info', 'x', null);
          }).field,
          'level',
        );
        return Promise.resolve();
      }));

    test('calls that answer later reject with the name of the parameter', () =>
      withWorker(door, async ({ worker }) => {
        const loose = worker as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
        for (const [name, values, field] of [
          ['waitForTask', ['x', 0], 'taskUuid'],
          ['waitForTask', [nowhere, -1], 'timeoutMs'],
          ['drain', ['1'], 'timeoutMs'],
          ['createTasks', [5], 'requestsJson'],
          ['checkpointStepEvent', ['x', '{}'], 'eventId'],
        ] as const) {
          await assert.rejects(
            async () => await loose[name]?.(...values),
            (error: { code?: string; field?: string }) => error.code === 'INVALID_ARGUMENT' && error.field === field,
            name,
          );
        }
        await assert.rejects(worker.waitForTask(nowhere, 0), { code: 'NOT_FOUND' });
      }));

    test('an event is completed once, and one that never was is not', () =>
      withWorker(door, async ({ worker, event }) => {
        const { event_id } = await event();
        const unknown = thrown(() => {
          worker.completeStepEvent(nowhere, '{"success":true}');
        });
        assert.equal(unknown.code, 'UNKNOWN_EVENT');
        worker.completeStepEvent(event_id, '{"success":true}');
        const again = thrown(() => {
          worker.completeStepEvent(event_id, '{"success":true}');
        });
        assert.equal(again.code, 'UNKNOWN_EVENT');
      }));

    test('an event of a cancelled task is fenced off', () =>
      withWorker(door, async ({ worker, event }) => {
        const { event_id, task_uuid } = await event();
        worker.cancelTask(task_uuid);
        const late = thrown(() => {
          worker.completeStepEvent(event_id, '{"success":true}');
        });
        assert.equal(late.code, 'FENCED');
        const notices = JSON.parse(worker.pollNotices(10) ?? '[]') as { kind: string; event_id: string }[];
        assert.deepEqual(notices[0], { kind: 'abort', event_id, reason: 'cancel' });
      }));

    test('JSON that is broken, too deep, of the wrong type or with a name twice leaves the event open', () =>
      withWorker(door, async ({ worker, event }) => {
        const { event_id } = await event();
        for (const [text, code] of [
          ['', 'INVALID_JSON'],
          ['{', 'INVALID_JSON'],
          ['{"success":true}{}', 'INVALID_JSON'],
          ['{"success":true}\u0000', 'INVALID_JSON'],
          ['[]', 'INVALID_JSON'],
          ['{"success":1}', 'INVALID_ARGUMENT'],
          [`{"success":true,"result":${'['.repeat(200)}${']'.repeat(200)}}`, 'TOO_LARGE'],
          ['{"success":true,"success":false}', 'INVALID_JSON'],
          [`{"success":true,"result":"${'x'.repeat(65 * mebibyte)}"}`, 'TOO_LARGE'],
        ] as const) {
          const error = thrown(() => {
            worker.completeStepEvent(event_id, text);
          });
          assert.equal(error.code, code, `${text.slice(0, 40)}: ${error.message}`);
        }
        worker.completeStepEvent(event_id, '{"success":true}');
      }));

    test('a batch takes what is good and names what is not', () =>
      withWorker(door, async ({ worker, event }) => {
        const { event_id, task_uuid } = await event();
        assert.equal(worker.completeStepEvents('[]'), null);
        const refused = worker.completeStepEvents(
          `[{"event_id":"${nowhere}","result":{}},{"event_id":"${event_id}","result":{"success":true}},{"event_id":7}]`,
        );
        const refusals = JSON.parse(refused ?? '[]') as { index: number; error: { code: string } }[];
        assert.deepEqual(
          refusals.map(({ index, error }) => [index, error.code]),
          [
            [0, 'UNKNOWN_EVENT'],
            [2, 'INVALID_ARGUMENT'],
          ],
        );
        assert.equal(await worker.waitForTask(task_uuid, deadlineMs), 'complete');
        assert.equal(thrown(() => worker.completeStepEvents('{}')).code, 'INVALID_ARGUMENT');
        assert.equal(thrown(() => worker.completeStepEvents('[')).code, 'INVALID_JSON');
      }));

    test('what is one request too many is no request', () =>
      withWorker(door, ({ worker }) => {
        for (const text of [
          '{"name":"single","namespace":"demo"},{"name":"single","namespace":"demo"}',
          '{}]',
          '',
          '[',
        ]) {
          assert.equal(thrown(() => worker.createTaskSync(text)).code, 'INVALID_JSON', text);
        }
        const { tasks } = JSON.parse(worker.listTasks('{}')) as { tasks: unknown[] };
        assert.equal(tasks.length, 0);
        return Promise.resolve();
      }));

    test('a closed worker says so, and is closed twice without harm', () =>
      withWorker(door, async ({ worker, event }) => {
        const { task_uuid, event_id } = await event();
        const waiting = assert.rejects(worker.waitForTask(task_uuid, 0), { code: 'CLOSED' });
        await Promise.all([worker.close(), worker.close()]);
        await waiting;
        const calls: (() => unknown)[] = [
          () => worker.pollStepEvents(1),
          () => worker.pollNotices(1),
          () => worker.status(),
          () => worker.getTask(task_uuid),
          () => {
            worker.completeStepEvent(event_id, '{}');
          },
          () => {
            worker.setWakeup(null);
          },
          () => {
            worker.start();
          },
        ];
        for (const call of calls) {
          assert.equal(thrown(call).code, 'CLOSED');
        }
        await assert.rejects(async () => await worker.drain(0), { code: 'CLOSED' });
        await assert.rejects(async () => await worker.createTasks('[]'), { code: 'CLOSED' });
        await worker.close();
      }));

    test('a worker is started once', () =>
      withWorker(door, ({ worker }) => {
        assert.equal(
          thrown(() => {
            worker.start();
          }).code,
          'INVALID_STATE',
        );
        return Promise.resolve();
      }));

    test('a door that is opened twice is the same library', () => {
      const [first, second] = [loadDoor({ door }), loadDoor({ door })];
      assert.equal(first.path, second.path);
      assert.equal(first.native.version(), second.native.version());
    });
  });

  suite(`${pair}: news`, () => {
    test('wakes the loop without a poll, once until polls have found nothing', () =>
      withWorker(door, async ({ worker }) => {
        let calls = 0;
        let woken: () => void = () => undefined;
        const next = (): Promise<void> =>
          new Promise((resolve) => {
            woken = resolve;
          });
        const first = next();
        worker.setWakeup(() => {
          calls += 1;
          woken();
        });
        const request = '{"name":"single","namespace":"demo"}';
        worker.createTaskSync(request);
        await first;
        worker.createTaskSync(request);
        worker.createTaskSync(request);
        let taken = 0;
        while (taken < 3) {
          taken += (JSON.parse(worker.pollStepEvents(10) ?? '[]') as unknown[]).length;
          await new Promise(setImmediate);
        }
        assert.equal(worker.pollStepEvents(10), null);
        assert.ok(calls <= 3, `${calls} calls for three events`);
        const second = next();
        worker.createTaskSync(request);
        await second;
        worker.setWakeup(null);
      }));

    test('that came before a wake-up was set is announced to it', () =>
      withWorker(door, async ({ worker }) => {
        const { task_uuid } = JSON.parse(worker.createTaskSync('{"name":"single","namespace":"demo"}')) as {
          task_uuid: string;
        };
        assert.ok(task_uuid);
        await new Promise<void>((resolve) => {
          worker.setWakeup(resolve);
        });
        worker.setWakeup(null);
      }));

    test('comes by asking where the delivery is poll, and the status says so', () =>
      withFolder(async (folder) => {
        const runtime = new NativeRuntime({ door: 'ffi', delivery: 'poll' });
        const server = new WorkerServer({
          runtime,
          storePath: join(folder, 'poll.db'),
          durability: 'normal',
          logLevel: 'error',
          handlers: [defineHandler({ name: 'only', run: () => ({ polled: true }) })],
          templates: [single],
        });
        await server.start();
        const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
        assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
        const { delivery, door: status, runtime: name } = server.status();
        assert.deepEqual([delivery, status, name], ['poll', 'ffi', detectRuntime()]);
        assert.equal(runtime.getWorkerStatus().delivery, 'poll');
        await server.shutdown();
      }));
  });

  suite(`${pair}: a worker`, () => {
    test('says which door it has, and wakes', () =>
      withFolder(async (folder) => {
        const server = new WorkerServer({ door, storePath: join(folder, 'a.db'), logLevel: 'error' });
        await server.start();
        const { door: status, delivery, doorFallback } = server.status();
        assert.deepEqual([status, delivery, doorFallback], [door, 'push', null]);
        assert.equal(server.getRuntime().getWorkerStatus().door, door);
        await server.shutdown();
      }));

    test('goes on from its checkpoint under a new event, with the same attempt', () =>
      withFolder(async (folder) => {
        const seen: [unknown, number, number][] = [];
        const only = defineHandler({
          name: 'only',
          run: ({ context }) => {
            const from = context.checkpointItemsProcessed;
            seen.push([context.checkpointCursor, from, context.retryCount]);
            return from < 30 ? context.checkpointYield({ row: from + 10 }, from + 10, { sum: from }) : { rows: from };
          },
        });
        const yields: TaskerEventMap['step.checkpoint_yield.sent'][] = [];
        const server = new WorkerServer({
          door,
          storePath: join(folder, 'yield.db'),
          durability: 'normal',
          logLevel: 'error',
          handlers: [only],
          templates: [single],
        });
        server.getEmitter().on('step.checkpoint_yield.sent', (payload) => yields.push(payload));
        await server.start();
        const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
        assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
        assert.deepEqual(seen, [
          [null, 0, 0],
          [{ row: 10 }, 10, 0],
          [{ row: 20 }, 20, 0],
          [{ row: 30 }, 30, 0],
        ]);
        assert.deepEqual(
          yields.map(({ itemsProcessed }) => itemsProcessed),
          [10, 20, 30],
        );
        assert.equal(new Set(yields.map(({ eventId }) => eventId)).size, 3);
        await server.shutdown();
      }));

    test('drains: what runs may end, and nothing new comes', () =>
      withWorker(door, async ({ worker, event }) => {
        const { event_id, task_uuid } = await event();
        const drained = worker.drain(deadlineMs);
        worker.completeStepEvent(event_id, '{"success":true}');
        assert.equal(await drained, 0);
        assert.equal(worker.pollStepEvents(1), null);
        const { status } = JSON.parse(worker.getTask(task_uuid)) as { status: string };
        assert.equal(status, 'complete');
      }));

    test('runs beside others of its process, one in each thread', async () => {
      const program = new URL('../support/door-thread.js', import.meta.url);
      const results = await Promise.all(
        Array.from({ length: 4 }, async () => {
          const thread = new Worker(program, { workerData: { door } });
          const [result] = (await once(thread, 'message')) as [{ done: number; error?: string }];
          await thread.terminate();
          return result;
        }),
      );
      assert.deepEqual(
        results,
        results.map(() => ({ done: 20 })),
      );
    });

    test('keeps its process alive until it is closed, and no longer', async () => {
      assert.deepEqual(await run('../support/door-program.js', door, 'close'), { code: 0, said: 'ran\nclosed\n' });
    });

    test('does not change how a process ends in the middle', async () => {
      assert.deepEqual(await run('../support/door-program.js', door, 'exit'), { code: 7, said: 'ran\n' });
    });
  });

  suite(`${pair}: a runtime`, () => {
    test('turns what either door says into the same TaskerError', () => {
      const runtime = new NativeRuntime({ door });
      runtime.load();
      assert.throws(
        () => {
          runtime.openWorker('{"lease_ttl_ms":1}');
        },
        (error) => error instanceof TaskerError && error.code === 'INVALID_CONFIG' && error.field === 'lease_ttl_ms',
      );
      assert.throws(
        () => {
          runtime.openWorker('{');
        },
        (error) => error instanceof TaskerError && error.code === 'INVALID_CONFIG',
      );
      assert.equal(runtime.checkTemplate('name: [').ok, false);
    });
  });
}

suite(`${detectRuntime()}: the choice of a door`, () => {
  const files = { TASKER_ADDON_PATH: findDoorFile('addon').path, TASKER_FFI_LIBRARY_PATH: findDoorFile('ffi').path };

  test('follows TASKER_RUNTIME', () => {
    for (const door of ['addon', 'ffi'] as const) {
      const runtime = new NativeRuntime({ environment: { ...files, TASKER_RUNTIME: door } });
      runtime.load();
      assert.deepEqual([runtime.door, runtime.fallback], [door, null]);
    }
    const wrong = new NativeRuntime({ environment: { ...files, TASKER_RUNTIME: 'napi' } });
    assert.throws(() => {
      wrong.load();
    }, /TASKER_RUNTIME is "napi"; expected addon or ffi/);
  });

  test('falls back to the other door with a warning and in the status, when nobody has asked for the default', () =>
    withFolder(async (folder) => {
      const { door: standard } = chooseDoor(detectRuntime(), { environment: {} });
      const other = standard === 'addon' ? 'ffi' : 'addon';
      const variable = other === 'ffi' ? 'TASKER_FFI_LIBRARY_PATH' : 'TASKER_ADDON_PATH';
      const built = { addon: 'node/tasker.node', ffi: 'c/libtasker_worker.so' }[standard];
      const broken = join(folder, 'build', 'dev', 'doors', built);
      mkdirSync(join(broken, '..'), { recursive: true });
      writeFileSync(broken, 'no library');
      const environment = { [variable]: files[variable] };
      const runtime = new NativeRuntime({ environment, from: folder });
      const said: string[] = [];
      runtime.logWarn = (message): void => {
        said.push(message);
      };
      runtime.load();
      assert.equal(runtime.door, other);
      assert.match(runtime.fallback ?? '', /build\/dev\/doors\/.* \(local build\): /);
      assert.deepEqual(said, ['the default door can not be loaded, another one stands in']);
      const server = new WorkerServer({ runtime, storePath: join(folder, 'a.db'), logLevel: 'error' });
      await server.start();
      assert.match(server.status().doorFallback ?? '', /local build/);
      assert.match(runtime.getWorkerStatus().door_fallback ?? '', /local build/);
      await server.shutdown();
    }));
});
