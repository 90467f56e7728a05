import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

import { TaskerError } from 'tasker-worker';
import { findDoorFile, loadAddon } from 'tasker-worker/native';

const folder = mkdtempSync(join(tmpdir(), 'tasker-loader-'));
after(() => {
  rmSync(folder, { recursive: true });
});

function build(preset: string): string {
  const place = join(folder, 'build', preset, 'doors', 'node');
  mkdirSync(place, { recursive: true });
  const file = join(place, 'tasker.node');
  writeFileSync(file, 'no library');
  return file;
}

const deep = join(folder, 'frontends', 'typescript', 'dist');
const empty = { environment: {}, from: deep };

function refusal(code: string, text: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof TaskerError && error.code === code && text.test(error.message);
}

suite('findDoorFile', () => {
  test('says all that it tried when there is none', () => {
    assert.throws(
      () => findDoorFile('addon', empty),
      refusal('NOT_FOUND', /TASKER_ADDON_PATH.*tasker-worker-\w+-\w+.*build\/dev.*build\/release.*\.\/dev build/),
    );
  });

  test('finds a local build above the package, dev before release', () => {
    const release = build('release');
    assert.deepEqual(findDoorFile('addon', empty), { path: release, source: 'local build' });
    const dev = build('dev');
    assert.deepEqual(findDoorFile('addon', empty), { path: dev, source: 'local build' });
  });

  test('a path wins over the variable, the variable over builds', () => {
    const file = build('dev');
    const environment = { TASKER_ADDON_PATH: file };
    assert.equal(findDoorFile('addon', { ...empty, environment }).source, 'TASKER_ADDON_PATH');
    assert.equal(
      findDoorFile('addon', { ...empty, environment: { TASKER_ADDON_PATH: '/nowhere' }, path: file }).source,
      'path',
    );
  });

  test('a named file that is missing never falls through', () => {
    const environment = { TASKER_ADDON_PATH: join(folder, 'gone.node') };
    assert.throws(
      () => findDoorFile('addon', { ...empty, environment }),
      refusal('NOT_FOUND', /TASKER_ADDON_PATH: no file .*gone/),
    );
    assert.throws(() => findDoorFile('addon', { ...empty, path: folder }), refusal('NOT_FOUND', /^path: no file/));
  });
});

suite('loadAddon', () => {
  test('says why a file can not be loaded', () => {
    assert.throws(() => loadAddon({ path: build('dev') }), refusal('UNSUPPORTED', /tasker\.node \(path\): /));
  });

  test('refuses an addon of another interface', () => {
    for (const [name, text] of [
      ['old.cjs', 'exports.abiVersion = () => 0;'],
      ['none.cjs', 'exports.other = 1;'],
    ] as const) {
      const path = join(folder, name);
      writeFileSync(path, text);
      assert.throws(() => loadAddon({ path }), refusal('UNSUPPORTED', /interface (0|undefined), expected 2/));
    }
  });
});
