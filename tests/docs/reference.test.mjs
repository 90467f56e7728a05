// What the reference pages list is what the code has.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { ROOT } from './lib/sandbox.mjs';

/** @param {string} path */
function read(path) {
  return readFileSync(join(ROOT, path), 'utf8');
}

/**
 * Cells of the table rows whose first cell is code.
 *
 * @param {string} page
 */
function codeRows(page) {
  return page
    .split('\n')
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
    .filter(([first = '']) => /^`[^`]+`$/.test(first))
    .map(([first = '', ...rest]) => [first.slice(1, -1), ...rest]);
}

test('the page of errors lists each code of errors.def with its number, retry and meaning, in order', () => {
  const defined = [
    ...read('contract/errors.def').matchAll(/^TASKER_ERROR\((\w+),\s*(\d+),\s*(true|false),\s*"(.*)"\)$/gm),
  ];
  assert.ok(defined.length > 0);
  assert.deepEqual(
    codeRows(read('docs/reference/errors.md'))
      .filter(([code = '']) => /^[A-Z_]+$/.test(code))
      .map((cells) => cells.slice(0, 4)),
    defined.map(([, code, number, retryable, meaning]) => [code, number, retryable === 'true' ? 'yes' : 'no', meaning]),
  );
});

test('the class that the page of errors names is the one that the front end makes', async () => {
  const { makeTaskerError } = await import('../../frontends/typescript/dist/errors/convert.js');
  for (const [code = '', , , , name = ''] of codeRows(read('docs/reference/errors.md'))) {
    if (!/^[A-Z_]+$/.test(code)) continue;
    const made = makeTaskerError(/** @type {import('tasker-worker').ErrorCode} */ (code), 'message');
    assert.equal(`\`${made.name}\``, name, code);
  }
});

test('README and ./dev help list the same variables', () => {
  const { stdout } = spawnSync(join(ROOT, 'dev'), ['help'], { encoding: 'utf8' });
  const inHelp = [...stdout.matchAll(/^ {2}(TASKER_\w+|NO_COLOR) /gm)].map(([, name]) => name);
  assert.ok(inHelp.length > 0);
  assert.deepEqual(
    codeRows(read('README.md'))
      .map(([name = '']) => name)
      .filter((name) => /^(TASKER_|NO_COLOR)/.test(name)),
    inHelp,
  );
});

test('README and the page of configuration list every variable and default that the core reads', () => {
  const defaults = new Map(
    [...read('core/config/config.h').matchAll(/=\s*([^;]+?);\s*\/\/\/< (TASKER_\w+)/g)].map(
      ([, value = '', name = '']) => {
        const shifted = /^(\d+)U? << (\d+)$/.exec(value);
        if (shifted !== null) return [name, String(Number(shifted[1]) << Number(shifted[2]))];
        const plain = value.replaceAll("'", '').replaceAll('"', '');
        return [name, { 'base::LogLevel::kInfo': 'info', false: '0' }[plain] ?? plain];
      },
    ),
  );
  const read_by_core = [...read('core/config/config.h').matchAll(/\/\/\/< (TASKER_\w+)/g)].map(([, name]) => name);
  for (const page of ['README.md', 'docs/reference/configuration.md']) {
    const rows = codeRows(read(page)).filter(([name = '']) => name.startsWith('TASKER_'));
    assert.deepEqual(
      rows.map(([name]) => name).filter((name) => read_by_core.includes(name)),
      read_by_core,
      page,
    );
    for (const cells of rows) {
      const expected = defaults.get(cells[0] ?? '');
      if (expected !== undefined) assert.equal(cells.at(-1)?.replaceAll('`', ''), expected, `${page}: ${cells[0]}`);
    }
  }
});

test('README and the page of the command line list the exit codes that the program explains', () => {
  const inHelp = [...read('core/cli/cli.cc').matchAll(/^ {2}(\d+) {2,}\S/gm)].map(([, code]) => code);
  assert.ok(inHelp.length > 0);
  for (const page of ['README.md', 'docs/reference/cli.md']) {
    const codes = [...read(page).matchAll(/^\| (\d+) \|/gm)].map(([, code]) => code);
    assert.deepEqual(codes, inHelp, page);
  }
});

test('the page of threads names every lock of the core and the door', () => {
  const page = read('docs/internals/threads.md');
  const headers = ['core', 'doors']
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
    )
    .filter((name) => name.endsWith('.h') && !/test|conformance/.test(name));
  const locks = headers.flatMap((header) =>
    [...read(header).matchAll(/Mutex (\w+_mutex_|mutex_);/g)].map(([, name]) => ({ header, name })),
  );
  assert.ok(locks.length > 0);
  assert.deepEqual(
    locks.filter(({ header, name = '' }) => {
      const stem = (/(\w+)\.h$/.exec(header)?.[1] ?? '').replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
      return !page.includes(`\`${stem.replace('WorkerImpl', 'Worker::Impl')}::${name}\``);
    }),
    [],
  );
});
