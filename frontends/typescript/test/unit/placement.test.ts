import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { StepHandler, WorkerServer, defineHandler, handlerModule, type TaskerWorkerOptions } from 'tasker-worker';
import { NativeRuntime } from 'tasker-worker/native';

import { placementConfig } from '#dist/executors/options.js';
import { placeHandler } from '#dist/executors/placement.js';

import { FakeDoor } from '../support/fake-door.js';

const ok = (): { ok: boolean } => ({ ok: true });
const plain = defineHandler({ name: 'demo.Plain', run: ok });
const movable = defineHandler({ name: 'demo.Movable', module: import.meta.url, run: ok });

function server(options: TaskerWorkerOptions): WorkerServer {
  return new WorkerServer({ runtime: new NativeRuntime({ native: new FakeDoor() }), ...options });
}

function refusal(field: string, text: RegExp) {
  return (error: unknown): boolean => {
    const { code, field: named, message } = error as { code: string; field: string; message: string };
    assert.equal(code, 'INVALID_ARGUMENT');
    assert.equal(named, field);
    assert.match(message, text);
    return true;
  };
}

suite('placement of handlers', () => {
  test('a handler runs on main by default, and the status says so', async () => {
    const worker = server({ handlers: [plain] });
    await worker.start();
    assert.deepEqual(worker.status().handlers, [
      { handler: 'demo.Plain', executor: 'main', source: 'default', reason: null },
    ]);
    assert.deepEqual(worker.status().executors, []);
    await worker.shutdown();
  });

  test('a name in the configuration that no handler has is refused, with the nearest', async () => {
    const worker = server({ handlers: [movable], workerThreads: { handlers: ['demo.Moveable'] } });
    await assert.rejects(worker.start(), refusal('options.workerThreads.handlers[0]', /did you mean demo\.Movable\?/));
    assert.equal(worker.getState(), 'error');
  });

  test('a handler in two executors is refused', async () => {
    const both = { handlers: ['demo.Movable'] };
    const worker = server({ handlers: [movable], workerThreads: both, workerProcesses: both });
    await assert.rejects(worker.start(), refusal('options.workerProcesses.handlers[0]', /expected one executor/));
  });

  test('Deno runs in a process what a definition puts into threads, unless the configuration speaks of threads', () => {
    const execution = { executor: 'threads', module: import.meta.url } as const;
    const placed = (options: TaskerWorkerOptions, runtime: 'node' | 'bun' | 'deno'): [string, string] => {
      const { executor, source } = placeHandler('demo.Spins', execution, placementConfig(options, runtime));
      return [executor, source];
    };
    assert.deepEqual(placed({}, 'deno'), ['process', 'runtime']);
    assert.deepEqual(placed({ workerThreads: {} }, 'deno'), ['threads', 'definition']);
    assert.deepEqual(placed({ workerProcesses: { enabled: false } }, 'deno'), ['threads', 'definition']);
    for (const runtime of ['node', 'bun'] as const) {
      assert.deepEqual(placed({}, runtime), ['threads', 'definition']);
    }
  });

  test('a closure can not move, and the refusal says what to do', async () => {
    const byConfig = server({ handlers: [plain], workerThreads: { handlers: ['demo.Plain'] } });
    await assert.rejects(byConfig.start(), refusal('options.workerThreads.handlers', /module: import\.meta\.url/));
    const byDefinition = server({ handlers: [defineHandler({ name: 'closure', executor: 'process', run: ok })] });
    await assert.rejects(byDefinition.start(), refusal('closure.executor', /can not move to process/));
  });

  test('the configuration wins over the definition', async () => {
    class InThreads extends StepHandler {
      static override handlerName = 'demo.InThreads';
      static override execution = { executor: 'threads', module: import.meta.url } as const;
      call() {
        return this.success({});
      }
    }
    const worker = server({ handlers: [InThreads], workerThreads: { enabled: false } });
    await worker.start();
    const [{ executor, source, reason } = {}] = worker.status().handlers;
    assert.deepEqual([executor, source, reason], ['main', 'config', 'options.workerThreads.enabled is false']);
    await worker.shutdown();
  });

  test('more memory for a handler than for its threads is refused', async () => {
    const greedy = defineHandler({
      name: 'greedy',
      executor: 'threads',
      memoryLimitMb: 512,
      module: import.meta.url,
      run: ok,
    });
    const worker = server({ handlers: [greedy], workerThreads: { memoryLimitMb: 256 } });
    await assert.rejects(worker.start(), refusal('greedy.memoryLimitMb', /expected at most 256/));
  });

  for (const [options, field] of [
    [{ workerThreads: { poolSize: 0 } }, 'options.workerThreads.poolSize'],
    [{ workerThreads: { poolSize: 257 } }, 'options.workerThreads.poolSize'],
    [{ workerThreads: { poolsize: 1 } }, 'options.workerThreads.poolsize'],
    [{ workerThreads: { mode: 'fast' } }, 'options.workerThreads.mode'],
    [{ workerThreads: { concurrency: 0 } }, 'options.workerThreads.concurrency'],
    [{ workerThreads: { handlers: 'all' } }, 'options.workerThreads.handlers'],
    [{ workerThreads: { enabled: 1 } }, 'options.workerThreads.enabled'],
    [{ workerProcesses: { memoryLimitMb: 1 } }, 'options.workerProcesses.memoryLimitMb'],
    [{ stopGraceMs: -1 }, 'options.stopGraceMs'],
    [{ loopStallMs: 0.5 }, 'options.loopStallMs'],
    [{ onLoopStall: 'kill' }, 'options.onLoopStall'],
  ] as const) {
    test(`${JSON.stringify(options)} is refused, naming ${field}`, () => {
      assert.throws(() => server(options as unknown as TaskerWorkerOptions), refusal(field, /expected|did you mean/));
    });
  }

  for (const [definition, field] of [
    [{ executor: 'thread' }, 'definition.executor'],
    [{ concurrency: 0 }, 'definition.concurrency'],
    [{ deadlineMs: 0 }, 'definition.deadlineMs'],
    [{ memoryLimitMb: 15 }, 'definition.memoryLimitMb'],
    [{ retry: { heap_limits: true } }, 'definition.retry.heap_limits'],
    [{ retry: { heap_limit: 1 } }, 'definition.retry.heap_limit'],
    [{ module: './x.js' }, 'definition.module'],
    [{ export: 'X' }, 'definition.module'],
  ] as const) {
    test(`a definition with ${JSON.stringify(definition)} is refused, naming ${field}`, () => {
      const given = { name: 'x', run: ok, ...definition } as unknown as { name: string; run: typeof ok };
      assert.throws(() => defineHandler(given), refusal(field, /expected|did you mean/));
    });
  }

  test('handlerModule needs an absolute URL and a name', () => {
    assert.throws(() => handlerModule('./image.js', { export: 'X' }), refusal('url', /absolute URL/));
    assert.throws(() => handlerModule(import.meta.url, {}), refusal('options.export', /not empty/));
    assert.equal(handlerModule(import.meta.url, { export: 'X' }).handlerName, 'X');
    assert.equal(handlerModule(new URL(import.meta.url), { export: 'X', name: 'demo.X' }).handlerName, 'demo.X');
  });
});
