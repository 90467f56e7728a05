// Attachments through each door: threads of the process that take their executor's steps straight from the core.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { detectRuntime, loadDoor, type DoorName, type NativeDoor, type NativeWorker } from 'tasker-worker/native';

import { deadlineMs, template } from '../support/store.js';

const single = template('single', [{ name: 'only', callable: 'only' }]);
const program = new URL('../support/attached-thread.js', import.meta.url);
const nowhere = '00000000-0000-7000-8000-000000000000';

interface Said {
  readonly id: number;
  readonly ready?: boolean;
  readonly holds?: string;
  readonly detached?: boolean;
  readonly notices?: readonly { readonly kind: string; readonly event_id: string; readonly reason: string }[];
}

/** A thread, and what it said. */
class AttachedThread {
  readonly said: Said[] = [];
  private readonly thread: Worker;
  private readonly gone: Promise<unknown>;

  constructor(door: DoorName, token: string, name: string) {
    this.thread = new Worker(program, { workerData: { door, token, name } });
    this.thread.on('message', (message: Said) => this.said.push(message));
    this.gone = once(this.thread, 'exit');
  }

  async heard(which: (said: Said) => boolean): Promise<Said> {
    return eventually(() => this.said.find(which), 'the thread said nothing of the kind');
  }

  async end(): Promise<void> {
    await this.thread.terminate();
  }

  async ended(): Promise<void> {
    await this.gone;
  }
}

async function eventually<T>(look: () => T | undefined, otherwise: string): Promise<T> {
  for (const end = Date.now() + deadlineMs; Date.now() < end;) {
    const found = look();
    if (found !== undefined) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(otherwise);
}

function thrown(call: () => unknown): { code?: string; field?: string } {
  try {
    call();
  } catch (error) {
    return error as { code?: string; field?: string };
  }
  throw new Error('nothing was thrown');
}

interface Opened {
  readonly native: NativeDoor;
  readonly worker: NativeWorker;
  /** A thread that is attached and ready. */
  thread(name?: string): Promise<AttachedThread>;
  /** Creates a task and gives its id. */
  task(context?: string): Promise<string>;
  status(task: string): string;
}

async function withWorker(door: DoorName, body: (opened: Opened) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-attached-'));
  const native = loadDoor({ door }).native;
  const config = {
    store_path: join(folder, 'door.db'),
    durability: 'normal',
    log_level: 'off',
    threads_room: 8,
    process_room: 1,
  };
  const worker = native.openWorker(JSON.stringify(config));
  const threads: AttachedThread[] = [];
  try {
    worker.putTemplate(single.yaml);
    worker.registerHandlers([{ name: 'only', executor: 'threads' }]);
    worker.start();
    await body({
      native,
      worker,
      async thread(name = 'thread') {
        const thread = new AttachedThread(door, worker.attachToken(), name);
        threads.push(thread);
        await thread.heard((said) => said.ready === true);
        return thread;
      },
      async task(context = '{}') {
        const created = await worker.createTasks(`[{"name":"single","namespace":"demo","context":${context}}]`);
        const [{ task_uuid }] = JSON.parse(created) as [{ task_uuid: string }];
        return task_uuid;
      },
      status: (task) => (JSON.parse(worker.getTask(task)) as { status: string }).status,
    });
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
    await worker.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const door of ['addon', 'ffi'] as const) {
  suite(`${detectRuntime()}, ${door}: attachments`, () => {
    test('threads take and complete the steps of their executor, woken each by itself', () =>
      withWorker(door, async ({ worker, thread, task }) => {
        await Promise.all([thread('first'), thread('second')]);
        const tasks = await Promise.all(Array.from({ length: 40 }, () => task()));
        const ends = await Promise.all(tasks.map((each) => worker.waitForTask(each, deadlineMs)));
        assert.deepEqual([...new Set(ends)], ['complete']);
        const { executors } = JSON.parse(worker.status()) as {
          executors: { threads: { room: number; attachments: { name: string }[] } };
        };
        assert.equal(executors.threads.room, 8);
        assert.deepEqual(executors.threads.attachments.map(({ name }) => name).sort(), ['first', 'second']);
        assert.equal(worker.pollStepEvents(1), null);
      }));

    test('a step that a thread died with is completed by the owner, and its neighbour handed back', () =>
      withWorker(door, async ({ worker, thread, task, status }) => {
        const dying = await thread();
        const [culprit, neighbour] = [await task('{"then":"hold"}'), await task('{"then":"hold"}')];
        await eventually(
          () => (dying.said.filter(({ holds }) => holds !== undefined).length === 2 ? true : undefined),
          'the steps were not taken',
        );
        const held = dying.said.flatMap(({ holds }) => (holds === undefined ? [] : [holds]));
        await dying.end();
        const ended = JSON.parse(worker.endAttachment(dying.said[0]?.id ?? 0)) as string[];
        assert.deepEqual([...ended].sort(), [...held].sort());
        const [first = '', second = ''] = held;
        worker.completeStepEvent(first, '{"success":false,"error":{"message":"died","retryable":false}}');
        assert.equal(worker.handBack([second, nowhere]), 1);
        assert.deepEqual(JSON.parse(worker.endAttachment(dying.said[0]?.id ?? 0)), []);
        await worker.waitForTask(culprit, deadlineMs);
        assert.equal(status(culprit), 'blocked_by_failures');
        const replacement = await thread();
        const again = await replacement.heard(({ holds }) => holds !== undefined);
        const steps = JSON.parse(worker.listTaskSteps(neighbour)) as { attempts: number }[];
        assert.deepEqual(
          steps.map(({ attempts }) => attempts),
          [1],
        );
        worker.completeStepEvent(again.holds ?? '', '{"success":true,"result":{}}');
        assert.equal(await worker.waitForTask(neighbour, deadlineMs), 'complete');
      }));

    test('a detached one says so, when it held steps', () =>
      withWorker(door, async ({ worker, thread, task }) => {
        const leaving = await thread();
        await task('{"then":"detach"}');
        const { id } = await leaving.heard(({ detached }) => detached === true);
        const notice = await eventually(() => worker.pollNotices(1) ?? undefined, 'no notice came');
        assert.deepEqual(JSON.parse(notice), [{ kind: 'detached', attachment: id, held: 1 }]);
        const held = JSON.parse(worker.endAttachment(id)) as string[];
        assert.equal(held.length, 1);
        assert.equal(worker.handBack(held), 1);
      }));

    test('a cancelled step is told to the thread that runs it and to the owner', () =>
      withWorker(door, async ({ worker, thread, task }) => {
        const running = await thread();
        const held = await task('{"then":"hold"}');
        const { holds } = await running.heard((said) => said.holds !== undefined);
        worker.cancelTask(held);
        const { notices } = await running.heard((said) => said.notices !== undefined);
        assert.deepEqual(notices, [{ kind: 'abort', event_id: holds, reason: 'cancel' }]);
        assert.deepEqual(JSON.parse(worker.pollNotices(8) ?? '[]'), notices);
      }));

    test('a thread that never answers is ended from outside, and its place is free again', () =>
      withWorker(door, async ({ worker, thread, task }) => {
        worker.registerHandlers([{ name: 'only', executor: 'threads', deadlineMs: 100 }]);
        worker.setExecutorRoom('threads', 1);
        const blocked = await thread();
        const looping = await task('{"then":"block"}');
        const { holds, id } = await blocked.heard((said) => said.holds !== undefined);
        const notice = await eventually(() => worker.pollNotices(1) ?? undefined, 'no notice came');
        assert.deepEqual(JSON.parse(notice), [{ kind: 'abort', event_id: holds, reason: 'timeout' }]);
        worker.cancelTask(looping);
        await blocked.end();
        assert.deepEqual(JSON.parse(worker.endAttachment(id)), [], 'its attempt is over already');
        await thread();
        assert.equal(await worker.waitForTask(await task(), deadlineMs), 'complete');
      }));

    test('what is wrong is refused with its field', () =>
      withWorker(door, async ({ native, worker }) => {
        const token = worker.attachToken();
        const cases: [() => unknown, string, string][] = [
          [() => native.attach('none', 'threads', 'a'), 'NOT_FOUND', 'token'],
          [() => native.attach(token, 'thread' as 'threads', 'a'), 'INVALID_ARGUMENT', 'executor'],
          [() => native.attach(token, 'threads', ''), 'INVALID_ARGUMENT', 'name'],
          [() => native.attach(undefined as unknown as string, 'threads', 'a'), 'INVALID_ARGUMENT', 'token'],
          [
            () => {
              worker.setExecutorRoom('threads', -1);
            },
            'INVALID_ARGUMENT',
            'places',
          ],
          [
            () => {
              worker.setExecutorRoom('none' as 'main', 1);
            },
            'INVALID_ARGUMENT',
            'executor',
          ],
          [() => worker.pollStepEvents(1, 'none' as 'main'), 'INVALID_ARGUMENT', 'executor'],
          [() => worker.handBack(['x']), 'INVALID_ARGUMENT', 'eventIds[0]'],
          [() => worker.endAttachment(-1), 'INVALID_ARGUMENT', 'id'],
          [
            () => {
              worker.registerHandlers([{ name: 'a', executor: 'thread' as 'threads' }]);
            },
            'INVALID_ARGUMENT',
            'callables[0].executor',
          ],
          [
            () => {
              worker.registerHandlers([{ name: '' }]);
            },
            'INVALID_ARGUMENT',
            'callables[0].name',
          ],
          [
            () => {
              worker.registerHandlers([{ name: 'a', maxConcurrent: 0 }]);
            },
            'INVALID_ARGUMENT',
            '',
          ],
        ];
        for (const [call, code, field] of cases) {
          const error = thrown(call);
          assert.equal(error.code, code);
          assert.ok((error.field ?? '').startsWith(field), `${String(error.field)} instead of ${field}`);
        }
        const own = native.attach(token, 'process', 'on the main thread');
        assert.equal(own.pollStepEvents(1), null);
        assert.equal(
          thrown(() => {
            own.completeStepEvent(nowhere, '{"success":true}');
          }).code,
          'UNKNOWN_EVENT',
        );
        own.detach();
        own.detach();
        assert.equal(thrown(() => own.pollStepEvents(1)).code, 'CLOSED');
        await Promise.resolve();
      }));

    test('a process exits with its own code while threads poll and block', async () => {
      const exiting = fileURLToPath(new URL('../support/attached-exit.js', import.meta.url));
      for (let round = 0; round < 5; round += 1) {
        const folder = mkdtempSync(join(tmpdir(), 'tasker-exit-'));
        try {
          const child = spawn(process.execPath, [exiting, door, join(folder, 'exit.db')], {
            stdio: ['ignore', 'ignore', 'inherit'],
            timeout: deadlineMs,
            killSignal: 'SIGKILL',
          });
          const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
          assert.deepEqual([code, signal], [5, null]);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }
    });

    test('the main thread takes the steps of an executor that nobody is attached to', () =>
      withWorker(door, async ({ worker, task }) => {
        const created = await task();
        const text = await eventually(() => worker.pollStepEvents(1, 'threads') ?? undefined, 'no step came');
        const [event] = JSON.parse(text) as [{ event_id: string }];
        worker.completeStepEvent(event.event_id, '{"success":true,"result":{}}');
        assert.equal(await worker.waitForTask(created, deadlineMs), 'complete');
      }));
  });
}
