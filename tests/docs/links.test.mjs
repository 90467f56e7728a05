// Links between the pages: files and anchors exist.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'node:test';

import { anchorsOf, linksOf } from './lib/markdown.mjs';
import { LINKED_PAGES } from './lib/pages.mjs';
import { ROOT } from './lib/sandbox.mjs';

/** @param {string} target */
function isOutside(target) {
  return /^[a-z]+:/.test(target);
}

/**
 * @param {string} page
 * @param {string} target
 * @returns {string | null} what is wrong
 */
function problemOf(page, target) {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
  if (relative(ROOT, file).startsWith('..')) return 'leads out of the repository';
  if (!existsSync(file)) return 'no such file';
  if (anchor === undefined) return null;
  if (statSync(file).isDirectory() || !file.endsWith('.md')) return 'an anchor needs a page';
  return anchorsOf(readFileSync(file, 'utf8')).has(anchor) ? null : 'no such heading';
}

for (const page of LINKED_PAGES) {
  test(`every link of ${page} leads somewhere`, () => {
    const broken = linksOf(readFileSync(join(ROOT, page), 'utf8'))
      .filter(({ target }) => !isOutside(target))
      .map(({ line, target }) => ({ line, target, problem: problemOf(page, target) }))
      .filter(({ problem }) => problem !== null);
    assert.deepEqual(broken, []);
  });
}

test('every page below docs is reached from the README', () => {
  const seen = new Set(['README.md']);
  for (const page of seen) {
    for (const { target } of linksOf(readFileSync(join(ROOT, page), 'utf8'))) {
      const path = target.split('#')[0] ?? '';
      if (isOutside(target) || !path.endsWith('.md')) continue;
      seen.add(relative(ROOT, resolve(ROOT, dirname(page), path)));
    }
  }
  assert.deepEqual(
    LINKED_PAGES.filter((page) => !seen.has(page)),
    [],
  );
});
