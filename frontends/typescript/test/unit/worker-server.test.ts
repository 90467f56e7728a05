import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, suite, test } from 'node:test';

import {
  HandlerSystem,
  NativeRuntime,
  ShutdownController,
  TaskerError,
  WorkerServer,
  createLogger,
  createWorkerServer,
  defineHandler,
  type ErrorCode,
  type TaskerWorkerOptions,
} from 'tasker-worker';

import { FakeDoor, nativeError } from '../support/fake-door.js';
import { deferred } from '../support/rig.js';
import { makeStepEvent } from '../support/step-event.js';

const folder = mkdtempSync(join(tmpdir(), 'tasker-server-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const greet = defineHandler({ name: 'demo.Greet', run: () => ({ hello: true }) });

function makeServer(options: TaskerWorkerOptions = {}): { server: WorkerServer; addon: FakeDoor } {
  const addon = new FakeDoor();
  const server = new WorkerServer({ handlers: [greet], runtime: new NativeRuntime({ native: addon }), ...options });
  return { server, addon };
}

function code(expected: ErrorCode, field?: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof TaskerError && error.code === expected && (field === undefined || error.field === field);
}

suite('WorkerServer', () => {
  test('starts, runs steps, tells its state, and shuts down in order', async () => {
    const order: string[] = [];
    const { server, addon } = makeServer({
      onEvent: (name) => {
        if (name.startsWith('worker.')) {
          order.push(name);
        }
      },
    });
    server.onShutdown(() => {
      order.push('first handler');
    });
    server.onShutdown(() => Promise.reject(new Error('second handler fails')));
    server.onShutdown(() => {
      order.push('third handler');
    });
    assert.equal(server.getState(), 'initialized');
    assert.equal(server.healthCheck().healthy, false);
    await server.start();
    assert.deepEqual(addon.worker.handlers, ['demo.Greet']);
    assert.deepEqual([server.getState(), server.getWorkerId(), server.isRunning()], ['running', 'fake-worker', true]);
    assert.ok(server.healthCheck().healthy);
    addon.worker.push(makeStepEvent());
    assert.deepEqual(addon.worker.completions[0]?.document['result'], { hello: true });
    const { processedCount, errorCount, activeHandlers, uptimeMs } = server.status();
    assert.deepEqual([processedCount, errorCount, activeHandlers], [1, 0, 0]);
    assert.ok(uptimeMs >= 0);
    assert.equal(server.shutdown(), server.shutdown());
    await server.shutdown();
    assert.deepEqual(addon.worker.calls.slice(-2), ['drain 30000', 'close']);
    assert.equal(server.getState(), 'stopped');
    assert.deepEqual(order, [
      'worker.started',
      'worker.ready',
      'worker.shutdown.started',
      'first handler',
      'third handler',
      'worker.stopped',
    ]);
    assert.ok(addon.lines.some((line) => line.message === 'a shutdown handler failed'));
  });

  test('passes its options to the core in snake_case, and only those that were given', async () => {
    const { server, addon } = makeServer({
      storePath: 'a.db',
      durability: 'normal',
      workerId: 'w',
      maxConcurrentHandlers: 1,
      handlerTimeoutMs: 86_400_000,
      leaseTtlMs: 100,
      drainTimeoutMs: 0,
      resultBytesMax: 1024,
      completionChannelCapacity: 5,
      eventRetentionMs: 6,
      namespace: 'demo',
      logLevel: 'error',
      logJson: true,
      callables: ['extra'],
    });
    await server.start({ leaseTtlMs: 200, pollIntervalMs: 20 });
    assert.deepEqual(addon.worker.config, {
      store_path: 'a.db',
      durability: 'normal',
      worker_id: 'w',
      max_concurrent_handlers: 1,
      handler_timeout_ms: 86_400_000,
      lease_ttl_ms: 200,
      drain_timeout_ms: 0,
      result_bytes_max: 1024,
      completion_channel_capacity: 5,
      event_retention_ms: 6,
      namespaces: ['demo'],
      log_level: 'error',
      log_json: true,
    });
    assert.deepEqual(addon.worker.handlers, ['demo.Greet', 'extra']);
    await server.shutdown();
    assert.ok(addon.worker.calls.includes('drain 0'));
    const plain = makeServer();
    await plain.server.start();
    assert.deepEqual(plain.addon.worker.config, {});
    await plain.server.shutdown();
  });

  test('refuses options that break a rule, naming the option', () => {
    const cases: [object, string][] = [
      [{ maxConcurrentHandlers: 0 }, 'options.maxConcurrentHandlers'],
      [{ maxConcurrentHandlers: 100_001 }, 'options.maxConcurrentHandlers'],
      [{ handlerTimeoutMs: 86_400_001 }, 'options.handlerTimeoutMs'],
      [{ leaseTtlMs: 99 }, 'options.leaseTtlMs'],
      [{ drainTimeoutMs: -1 }, 'options.drainTimeoutMs'],
      [{ resultBytesMax: 1023 }, 'options.resultBytesMax'],
      [{ completionChannelCapacity: 1.5 }, 'options.completionChannelCapacity'],
      [{ durability: 'none' }, 'options.durability'],
      [{ logLevel: 'loud' }, 'options.logLevel'],
      [{ logJson: 'yes' }, 'options.logJson'],
      [{ storePath: 5 }, 'options.storePath'],
      [{ namespace: '' }, 'options.namespace'],
      [{ handlers: greet }, 'options.handlers'],
      [{ callables: ['a', 5] }, 'options.callables[1]'],
      [{ namespaces: [''] }, 'options.namespaces[0]'],
      [{ templates: [5] }, 'options.templates[0]'],
      [{ templates: [{ yaml: '' }] }, 'options.templates[0].yaml'],
      [{ onEvent: 'no' }, 'options.onEvent'],
      [{ namespace: 'a', namespaces: ['a'] }, 'options.namespace'],
      [{ addonPath: 'a', libraryPath: 'b' }, 'options.addonPath'],
      [{ databaseUrl: 'x' }, 'options.databaseUrl'],
      [{ handlers: [class {}] }, 'handler'],
      [{ pollIntervalMs: 0 }, 'config.pollIntervalMs'],
    ];
    for (const [options, field] of cases) {
      assert.throws(() => new WorkerServer(options), code('INVALID_ARGUMENT', field), field);
    }
    assert.throws(
      () => new WorkerServer({ storepath: 'x' } as object),
      /storepath: unknown option; did you mean storePath\?/,
    );
    assert.throws(() => createWorkerServer([] as object), code('INVALID_ARGUMENT', 'options'));
  });

  test('stores templates from files, URLs and text before it claims', async () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'name: a');
    const { server, addon } = makeServer({ templates: [file, pathToFileURL(file), { yaml: 'name: b' }] });
    await server.start();
    assert.deepEqual(addon.worker.templates, ['name: a', 'name: a', 'name: b']);
    assert.ok(addon.worker.calls.indexOf('putTemplate') < addon.worker.calls.indexOf('start'));
    await server.shutdown();
  });

  test('a start that fails leaves nothing open and says why', async () => {
    const missing = makeServer({ templates: [join(folder, 'missing.yaml')] });
    await assert.rejects(missing.server.start(), code('NOT_FOUND', 'options.templates'));
    const refused = makeServer({ templates: [{ yaml: 'bad' }] });
    refused.addon.prepare = (worker) =>
      worker.failing.set('putTemplate', nativeError('INVALID_TEMPLATE', '1: name: missing'));
    await assert.rejects(refused.server.start(), code('INVALID_TEMPLATE'));
    assert.ok(refused.addon.worker.closed && !refused.addon.worker.hasWakeup());
    assert.equal(refused.server.getState(), 'error');
    assert.equal(refused.server.healthCheck().error, '1: name: missing');
    await assert.rejects(refused.server.start(), code('INVALID_STATE'));
    await refused.server.shutdown();
    assert.equal(refused.server.getState(), 'stopped');
  });

  test('a handler that is registered while it runs is claimed from then on', async () => {
    const { server, addon } = makeServer();
    await server.start();
    server.register(defineHandler('demo.Later', {}, () => ({})));
    assert.deepEqual(addon.worker.handlers, ['demo.Greet', 'demo.Later']);
    await server.shutdown();
    server.getRegistry().register(defineHandler('demo.After', {}, () => ({})));
    assert.equal(addon.worker.handlers.length, 2);
  });

  test('shutdown waits for running handlers through the drain, and stops their signals after it', async () => {
    const { server, addon } = makeServer();
    const reasons: unknown[] = [];
    server.register(
      defineHandler('demo.Greet', {}, ({ context }) => {
        const ended = deferred();
        context.signal.addEventListener('abort', () => {
          reasons.push((context.signal.reason as { reason: string }).reason);
          ended.resolve();
        });
        return ended.promise;
      }),
    );
    await server.start();
    const event = makeStepEvent();
    addon.worker.push(event);
    const drained = deferred<number>();
    addon.worker.drained = drained.promise;
    const stopping = server.shutdown();
    await new Promise(setImmediate);
    assert.equal(server.getState(), 'shutting_down');
    assert.equal(addon.worker.closed, false);
    addon.worker.notices.push({ kind: 'abort', event_id: event.event_id, reason: 'shutdown' });
    drained.resolve(1);
    await stopping;
    assert.deepEqual(reasons, ['shutdown']);
    assert.ok(addon.worker.closed);
    assert.ok(addon.lines.some((line) => line.message === 'steps were handed back' && line.fields?.['count'] === 1));
  });

  test('shutdown during the start wins', async () => {
    const { server, addon } = makeServer();
    const starting = server.start();
    await Promise.all([assert.rejects(starting, code('CLOSED')), server.shutdown()]);
    assert.equal(server.getState(), 'stopped');
    assert.ok(addon.worker.closed);
  });

  test('shutdown before the start, and with a store that fails to close', async () => {
    const early = makeServer();
    await early.server.shutdown();
    assert.equal(early.server.getState(), 'stopped');
    await assert.rejects(early.server.start(), code('INVALID_STATE'));
    const broken = makeServer();
    await broken.server.start();
    broken.addon.worker.failing.set('close', nativeError('STORE_FULL', 'disk'));
    await assert.rejects(broken.server.shutdown(), code('STORE_FULL'));
    assert.equal(broken.server.getState(), 'stopped');
  });

  test('run rejects with the cause when the worker stops by itself', async () => {
    const { server, addon } = makeServer();
    await server.start();
    const before = process.listenerCount('SIGTERM');
    const running = server.run();
    assert.equal(process.listenerCount('SIGTERM'), before + 1);
    addon.worker.notify({ kind: 'failed', error: { code: 'STORE_CORRUPT', message: 'page 5' } });
    assert.equal(server.getState(), 'error');
    await assert.rejects(running, code('STORE_CORRUPT'));
    assert.equal(server.getState(), 'stopped');
    assert.equal(process.listenerCount('SIGTERM'), before);
  });

  test('creates tasks, waits for them and reads them', async () => {
    const { server, addon } = makeServer();
    await server.start();
    assert.deepEqual(await server.createTask<{ n: number }>({ name: 'a', context: { n: 1 } }), {
      taskUuid: 'task-0',
      duplicate: false,
    });
    await assert.rejects(server.createTask({ name: 'missing' }), code('NOT_FOUND'));
    assert.equal((await server.createTasks([{ name: 'a' }, { name: 'b' }])).length, 2);
    assert.deepEqual(await server.waitForTask('t', { timeoutMs: 5 }), { taskUuid: 't', status: 'complete' });
    assert.ok(addon.worker.calls.includes('waitForTask t 5'));
    await assert.rejects(server.waitForTask('t', { timeoutMs: -1 }), code('INVALID_ARGUMENT', 'options.timeoutMs'));
    await assert.rejects(server.waitForTask(''), code('INVALID_ARGUMENT', 'taskUuid'));
    assert.equal(server.getTask('t').status, 'complete');
    assert.equal(server.retryTask('t'), 1);
    server.cancelTask('t');
    assert.equal(server.listTaskSteps('t').length, 1);
    assert.equal(server.getStep('t', 's').step_uuid, 's');
    assert.equal(server.getStepAuditHistory('t', 's').length, 1);
    assert.deepEqual(server.listTasks().tasks, []);
    assert.deepEqual(server.listTemplates(), []);
    assert.equal(server.putTemplate('x').changed, true);
    assert.equal(server.checkTemplate('bad').ok, false);
    assert.deepEqual(server.metrics(), { handlers: {} });
    await server.shutdown();
  });
});

suite('ShutdownController', () => {
  test('the first trigger wins, handlers run in order, failures are logged', async () => {
    const lines: string[] = [];
    const controller = new ShutdownController(createLogger({}, (_level, message) => lines.push(message)));
    assert.equal(controller.isRequested, false);
    const order: number[] = [];
    controller.onShutdown(() => {
      order.push(1);
      throw new Error('x');
    });
    controller.onShutdown(async () => {
      await Promise.resolve();
      order.push(2);
    });
    controller.trigger('SIGTERM');
    controller.trigger('SIGINT');
    assert.equal(await controller.promise, 'SIGTERM');
    assert.equal(controller.signal, 'SIGTERM');
    await controller.executeHandlers();
    assert.deepEqual(order, [1, 2]);
    assert.equal(lines.length, 1);
    controller.reset();
    assert.equal(controller.isRequested, false);
    assert.throws(
      () => {
        controller.onShutdown('x' as unknown as () => void);
      },
      code('INVALID_ARGUMENT', 'handler'),
    );
  });
});

suite('HandlerSystem', () => {
  const handler = (name: string): string =>
    `export class Loaded { call() {} }\nLoaded.handlerName = ${JSON.stringify(name)};\nexport const other = 5;\n`;

  test('loads the handlers of a file, of an index, or of every module of a folder', async () => {
    const place = mkdtempSync(join(folder, 'handlers-'));
    writeFileSync(join(place, 'a.mjs'), handler('a'));
    writeFileSync(join(place, 'b.mjs'), handler('b'));
    writeFileSync(join(place, '_hidden.mjs'), handler('hidden'));
    writeFileSync(join(place, 'b.test.mjs'), handler('test'));
    const system = new HandlerSystem();
    assert.equal(await system.loadFromPath(join(place, 'a.mjs')), 1);
    assert.equal(await system.loadFromPath(place), 2);
    assert.deepEqual(system.getRegistry().listHandlers(), ['a', 'b']);
    writeFileSync(join(place, 'package.json'), '{"type":"module"}');
    writeFileSync(join(place, 'index.js'), `${handler('index')}export const ALL_EXAMPLE_HANDLERS = [Loaded];`);
    const indexed = new HandlerSystem();
    assert.equal(await indexed.loadFromEnv({ TYPESCRIPT_HANDLER_PATH: place }), 1);
    assert.deepEqual(indexed.getRegistry().listHandlers(), ['index']);
    assert.equal(await indexed.loadFromEnv({}), 0);
  });

  test('says which path or module is at fault', async () => {
    const system = new HandlerSystem();
    await assert.rejects(system.loadFromPath(join(folder, 'nowhere')), code('NOT_FOUND', 'path'));
    const broken = join(folder, 'broken.mjs');
    writeFileSync(broken, 'throw new Error("at import");');
    await assert.rejects(system.loadFromPath(broken), /broken\.mjs: at import/);
  });
});
