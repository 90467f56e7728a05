// Files that are either whole or absent.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { writeAtomically } from '../lib/files.js';

const folder = await mkdtemp(join(tmpdir(), 'flight-files-'));
after(() => rm(folder, { recursive: true }));

test('a file is created with its folders, and replaced', async () => {
  const path = join(folder, 'deep', 'er', 'file.txt');
  await writeAtomically(path, 'first');
  await writeAtomically(path, 'second');
  assert.equal(await readFile(path, 'utf8'), 'second');
  assert.deepEqual(await readdir(join(folder, 'deep', 'er')), ['file.txt']);
});

test('a write that fails leaves no temporary file', async () => {
  const path = join(folder, 'taken');
  await mkdir(join(path, 'child'), { recursive: true });
  await assert.rejects(writeAtomically(path, 'text'), {
    name: 'PermanentError',
    message: /taken cannot be written: E/,
  });
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.includes('taken')),
    ['taken'],
  );
});

test('temporary files of dead processes are removed, those of living ones are not', async () => {
  const dead = spawnSync(process.execPath, ['--version']).pid;
  const lost = join(folder, `.report.${dead}.tmp`);
  const inUse = join(folder, `.report.${process.ppid}.tmp`);
  const foreign = join(folder, `.other.${dead}.tmp`);
  await Promise.all([lost, inUse, foreign].map((path) => writeFile(path, 'half')));
  await writeAtomically(join(folder, 'report'), 'whole');
  const names = await readdir(folder);
  assert.deepEqual(
    [lost, inUse, foreign].map((path) => names.includes(path.slice(folder.length + 1))),
    [false, true, true],
  );
});
