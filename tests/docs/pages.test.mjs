// Every code block of the README and of the pages below docs/, in order, each page in a folder of its own.
//
//   ```ts file=worker.ts     written to that file; TypeScript is compiled with `strict` before the next command
//   ```console               commands after `$ `; what they print is compared, a failure has to be shown (`$ echo $?`)
//   ```text                  a drawing, nothing to run
//   <!-- docs-test: skip REASON -->   on the line above a block that can not run here
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { readConsole, matches } from './lib/console.mjs';
import { indentedCode, splitPage } from './lib/markdown.mjs';
import { PAGES } from './lib/pages.mjs';
import { ROOT, Sandbox } from './lib/sandbox.mjs';

/** @typedef {import('./lib/markdown.mjs').Block} Block */

/**
 * @param {Block} block
 * @param {Sandbox} sandbox
 */
async function runConsole(block, sandbox) {
  const commands = readConsole(block);
  for (const [index, { line, text, expected }] of commands.entries()) {
    const { code, output } = await sandbox.run(text);
    const said = `line ${line}: $ ${text}\n--- it printed\n${output}--- the page says\n${expected.join('\n')}\n`;
    assert.ok(matches(expected, output), said);
    const shown = /\$\?/.test(commands[index + 1]?.text ?? '');
    assert.ok(code === 0 || shown, `line ${line}: $ ${text}: exit code ${code}\n${output}`);
  }
}

/**
 * @param {Block} block
 * @param {Sandbox} sandbox
 */
async function runBlock(block, sandbox) {
  if (block.skipped !== null || block.language === 'text') return;
  if (block.file !== null) {
    sandbox.write(block.file, block.text);
  } else if (block.language === 'console') {
    assert.equal(sandbox.compile(), '');
    await runConsole(block, sandbox);
  } else {
    assert.fail(`line ${block.line}: neither file=…, nor console, nor text, nor a comment that says why it is skipped`);
  }
}

/**
 * TypeScript files that no command runs and no other file imports.
 *
 * @param {readonly Block[]} blocks
 */
function neverRun(blocks) {
  const others = blocks.filter((block) => block.language !== 'json' && block.skipped === null);
  return blocks
    .filter((block) => block.language === 'ts' && block.file !== null)
    .filter(({ file }) => {
      const stem = file?.replace(/\.ts$/, '') ?? '';
      return !others.some((other) => other.file !== file && other.text.includes(`${stem}.js`));
    })
    .map(({ file }) => file);
}

for (const page of PAGES) {
  test(`every code block of ${page} runs as the page says`, async (t) => {
    const { blocks, prose } = splitPage(readFileSync(join(ROOT, page), 'utf8'));
    assert.deepEqual(indentedCode(prose), [], 'indented code: fence it, so that it is run');
    assert.deepEqual(neverRun(blocks), [], 'no command runs them');
    if (blocks.every((block) => block.skipped !== null || block.language === 'text')) return;
    const sandbox = new Sandbox();
    try {
      let failed = false;
      for (const block of blocks) {
        if (failed) break;
        await t.test(`line ${block.line}: ${block.language} ${block.file ?? ''}`, async () => {
          failed = true;
          await runBlock(block, sandbox);
          failed = false;
        });
      }
      assert.equal(sandbox.compile(), '');
    } finally {
      sandbox.close();
    }
  });
}
