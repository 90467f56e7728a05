import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

import { FfiLayer, NativeRuntime, TaskerError, WorkerServer, type ErrorCode } from 'tasker-worker';
import { chooseDoor, detectRuntime, findDoorFile, loadDoor } from 'tasker-worker/native';

function refusal(code: ErrorCode, text: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof TaskerError && error.code === code && text.test(error.message);
}

const root = mkdtempSync(join(tmpdir(), 'tasker-select-'));
after(() => {
  rmSync(root, { recursive: true });
});

/** A package folder above which a build has those files, none of which can be loaded. */
function brokenBuild(files: readonly string[]): string {
  const folder = mkdtempSync(join(root, 'build-'));
  for (const file of files) {
    const path = join(folder, 'build', 'dev', 'doors', file);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, 'no library');
  }
  return join(folder, 'package');
}

suite('detectRuntime', () => {
  test('looks for Bun, then Deno, then Node', () => {
    const node = { process: { versions: { node: '20.0.0' } } };
    assert.equal(detectRuntime({ ...node, Bun: {}, Deno: {} }), 'bun');
    assert.equal(detectRuntime({ ...node, Deno: {} }), 'deno');
    assert.equal(detectRuntime(node), 'node');
    assert.throws(() => detectRuntime({}), refusal('UNSUPPORTED', /expected Node, Bun or Deno/));
  });

  test('is the name of the runtime that a worker has', () => {
    assert.equal(new NativeRuntime().name, detectRuntime());
  });
});

suite('chooseDoor', () => {
  const environment = { TASKER_RUNTIME: 'ffi' };

  test('the option is over a named file, the file over TASKER_RUNTIME, the variable over the default', () => {
    assert.deepEqual(chooseDoor('node', { door: 'addon', path: 'a.so', environment }), {
      door: 'addon',
      chosenBy: 'option',
    });
    assert.deepEqual(chooseDoor('node', { path: 'a.node', environment }), { door: 'addon', chosenBy: 'path' });
    assert.deepEqual(chooseDoor('node', { path: 'a.so', environment: {} }), { door: 'ffi', chosenBy: 'path' });
    assert.deepEqual(chooseDoor('node', { environment }), { door: 'ffi', chosenBy: 'TASKER_RUNTIME' });
    for (const unset of [{}, { TASKER_RUNTIME: '' }]) {
      assert.equal(chooseDoor('node', { environment: unset }).chosenBy, 'default');
    }
  });

  test('refuses a door that does not exist, naming where it came from, its value and what there is', () => {
    assert.throws(
      () => chooseDoor('node', { environment: { TASKER_RUNTIME: 'napi' } }),
      refusal('INVALID_CONFIG', /^TASKER_RUNTIME is "napi"; expected addon or ffi/),
    );
    const door = 'napi' as 'addon';
    assert.throws(
      () => chooseDoor('node', { door, environment: {} }),
      refusal('INVALID_ARGUMENT', /^door: "napi", expected addon or ffi/),
    );
    assert.throws(() => new NativeRuntime({ door }), refusal('INVALID_ARGUMENT', /^options.door: "napi"/));
    assert.throws(() => new WorkerServer({ door }), refusal('INVALID_ARGUMENT', /^options.door: "napi"/));
  });
});

suite('loadDoor', () => {
  test('a door or a file that was asked for is never replaced', () => {
    const from = brokenBuild(['node/tasker.node', 'c/libtasker_worker.so']);
    const broken = findDoorFile('addon', { environment: {}, from }).path;
    for (const search of [
      { door: 'addon', environment: {}, from },
      { path: broken, environment: {}, from },
      { environment: { TASKER_RUNTIME: 'addon' }, from },
      { environment: { TASKER_ADDON_PATH: broken }, from },
    ] as const) {
      assert.throws(
        () => loadDoor(search, 'node'),
        refusal('UNSUPPORTED', /tasker\.node \([^)]*\): (?!.*nor the ffi door)/),
      );
    }
    assert.throws(
      () => loadDoor({ environment: { TASKER_ADDON_PATH: '/nowhere/tasker.node' }, from }, 'node'),
      refusal('NOT_FOUND', /^TASKER_ADDON_PATH: no file/),
    );
  });

  test('says what is wrong with both doors when neither can be loaded', () => {
    const from = brokenBuild(['node/tasker.node']);
    assert.throws(
      () => loadDoor({ environment: {}, from }),
      refusal('UNSUPPORTED', /tasker\.node \(local build\): .*; nor the ffi door: no libtasker_worker for /),
    );
  });
});

suite('FfiLayer', () => {
  test('is empty until it is loaded, and says why it can not be', async () => {
    const layer = new FfiLayer({ libraryPath: '/nowhere/libtasker_worker.so' });
    assert.deepEqual([layer.isLoaded(), layer.getLibraryPath()], [false, null]);
    assert.equal(layer.getRuntimeType(), detectRuntime());
    assert.throws(() => layer.getRuntime(), refusal('INVALID_STATE', /load\(\)/));
    await assert.rejects(layer.load(), refusal('NOT_FOUND', /^path: no file/));
    assert.equal(layer.isLoaded(), false);
    await layer.unload();
    assert.throws(() => new FfiLayer({ library: 'x' } as object), refusal('INVALID_ARGUMENT', /unknown option/));
  });

  test('a named addon is loaded as what it is', async () => {
    const { path } = findDoorFile('addon');
    const layer = new FfiLayer({ libraryPath: path });
    await layer.load();
    assert.deepEqual([layer.getRuntime().door, layer.getLibraryPath()], ['addon', path]);
    await layer.load();
    await layer.unload();
    assert.equal(layer.isLoaded(), false);
  });
});
