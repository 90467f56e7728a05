// The example as a user runs it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { documents } from '../lib/documents.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const TIMEOUT_MS = 120_000;

function run(): Promise<{ code: number | null; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'inherit'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    let stdout = '';
    child.stdout.on('data', (piece: Buffer) => {
      stdout += piece.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout });
    });
  });
}

test('every document is decoded, though two of them crash the native decoder', async () => {
  const { code, stdout } = await run();
  assert.equal(code, 0, stdout);
  assert.equal(stdout.match(/ended: fatal_signal, while untrusted\.Decode ran in it/g)?.length, 2, stdout);
  for (const { name } of documents) {
    const [, status, attempts, decoder] =
      stdout
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(/ +/) ?? [];
    const expected = name.startsWith('poisoned') ? ['complete', '2', 'safe'] : ['complete', '1', 'fast'];
    assert.deepEqual([status, attempts, decoder], expected, name);
  }
});
