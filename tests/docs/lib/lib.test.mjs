import assert from 'node:assert/strict';
import test from 'node:test';

import { matches, normalize, readConsole } from './console.mjs';
import { anchorsOf, indentedCode, linksOf, splitPage } from './markdown.mjs';
import { Shell } from './shell.mjs';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('a block knows its line, language, file and reason to be skipped', () => {
  const page = 'a\n\n```ts file=x/y.ts\ncode\n```\n<!-- docs-test: skip installs packages -->\n```console\n$ a\n```\n';
  const { blocks, prose } = splitPage(page);
  assert.deepEqual(blocks, [
    { line: 3, language: 'ts', file: 'x/y.ts', text: 'code\n', skipped: null },
    { line: 7, language: 'console', file: null, text: '$ a\n', skipped: 'installs packages' },
  ]);
  assert.equal(prose[0]?.text, 'a');
});

test('a block without an end is an error that names its line', () => {
  assert.throws(() => splitPage('a\n```ts\nb\n'), /line 2: the code block has no end/);
});

test('indented code is found, the lines of a list are not taken for it', () => {
  assert.deepEqual(indentedCode(splitPage('a\n\n    code\n').prose), [3]);
  assert.deepEqual(indentedCode(splitPage('- a\n\n    more of a\n').prose), []);
});

test('anchors are made as on GitHub', () => {
  const text = '# A `b` (c): d\n## A b\n## A b\n```text\n# not this\n```\n';
  assert.deepEqual([...anchorsOf(text)], ['a-b-c-d', 'a-b', 'a-b-1']);
});

test('links in code are no links', () => {
  assert.deepEqual(linksOf('see [a](b.md#c) and `[x](y)`\n'), [{ line: 1, target: 'b.md#c' }]);
});

test('a command goes on on lines that begin with >', () => {
  const block = { line: 1, language: 'console', file: null, text: '$ a\n> b\nout\n$ c\n', skipped: null };
  assert.deepEqual(readConsole(block), [
    { line: 2, text: 'a\nb', expected: ['out'] },
    { line: 5, text: 'c', expected: [] },
  ]);
});

test('times, ids and widths do not matter, words and counts do', () => {
  assert.ok(matches(['took   12.5 ms   just now'], 'took 3 s  5 s ago\n'));
  assert.ok(matches(['task 01a2038a-d6c4-7e3b-baf1-35e7073f2cfe'], 'task 99a2038a-d6c4-7e3b-baf1-35e7073f2cfe'));
  assert.ok(!matches(['rows 200,000'], 'rows 200,001'));
  assert.ok(!matches(['a complete'], 'a error'));
  assert.equal(normalize('13:56:00.351 a'), '<time> a');
});

test('an ellipsis stands for text on its line, and alone for any lines', () => {
  assert.ok(matches(['a … c'], 'a b c'));
  assert.ok(!matches(['a … c'], 'a b\nc'));
  assert.ok(matches(['a', '…', 'd'], 'a\nb\nc\nd'));
  assert.ok(matches(['a', '…'], 'a'));
  assert.ok(!matches(['…', 'd'], 'a\nb'));
});

test('output that the page does not show is a difference', () => {
  assert.ok(!matches([], 'surprise\n'));
  assert.ok(!matches(['expected'], ''));
});

test('a shell keeps its variables, gives exit codes and shows them to the next command', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-docs-'));
  const shell = new Shell({ cwd: folder, env: process.env });
  const output = join(folder, 'output');
  try {
    assert.equal(await shell.run('x=7; (exit 3)', output), 3);
    assert.equal(await shell.run('echo "$? $x"', output), 0);
    assert.equal(readFileSync(output, 'utf8'), '3 7\n');
    await assert.rejects(shell.run('exit 1', output), /the shell ended/);
  } finally {
    shell.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
