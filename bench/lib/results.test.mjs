import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { mergeResults, readResults, updateResults } from './results.mjs';

/** @param {number} value */
function scenario(value) {
  return { limit: { what: 'disk', value, unit: 'ms' }, rows: [] };
}

/**
 * @param {string} commit
 * @param {Record<string, ReturnType<typeof scenario>>} scenarios
 * @param {Record<string, string>} [versions]
 */
function results(commit, scenarios, versions = {}) {
  return { commit, machine: { cpu: commit }, versions, scenarios };
}

/** @param {(directory: string) => Promise<void>} use */
async function inNewDirectory(use) {
  const directory = await mkdtemp(join(tmpdir(), 'bench-results-'));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('a run of one scenario replaces that one alone', () => {
  const earlier = results('old', { a: scenario(1), b: scenario(2) });
  const merged = mergeResults(earlier, results('new', { b: scenario(3) }));
  assert.deepEqual(merged.scenarios, { a: scenario(1), b: scenario(3) });
  assert.equal(merged.commit, 'new');
  assert.deepEqual(merged.machine, { cpu: 'new' });
});

test('versions of a peer that took no part this time stay', () => {
  const merged = mergeResults(results('old', {}, { node: '20', restate: '1.7' }), results('new', {}, { node: '22' }));
  assert.deepEqual(merged.versions, { node: '22', restate: '1.7' });
});

test('the first run makes the file and its folder', () =>
  inNewDirectory(async (directory) => {
    const path = join(directory, 'out', 'results.json');
    const fresh = results('new', { a: scenario(1) });
    assert.deepEqual(await updateResults(path, fresh), fresh);
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), fresh);
    assert.deepEqual(await readdir(join(directory, 'out')), ['results.json']);
  }));

test('a file that holds no results is refused and left alone', () =>
  inNewDirectory(async (directory) => {
    const path = join(directory, 'results.json');
    for (const text of ['{ "scenarios"', '[]', 'null', '{}']) {
      await writeFile(path, text);
      await assert.rejects(updateResults(path, results('new', {})), /results\.json: no/);
      assert.equal(await readFile(path, 'utf8'), text);
    }
  }));

test('a missing file is no results', () =>
  inNewDirectory(async (directory) => {
    assert.equal(await readResults(join(directory, 'results.json')), null);
  }));
