// The differential test: the same seeded programs on the runtime's own emitter and on Tasker's; on this Node, and where
// they are installed on Bun and Deno.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Comparison } from '../support/emitter-compare.js';

const program = fileURLToPath(new URL('../support/emitter-compare.js', import.meta.url));
const fetched = fileURLToPath(new URL('../../../../../.tools/', import.meta.url));
const programsAtRandom = 300;
const programsInCommon = 200;

/** On the PATH, or among what ./dev has fetched. */
function findRuntime(name: 'bun' | 'deno'): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  if (existsSync(fetched)) {
    const own = readdirSync(fetched).filter((folder) => folder.startsWith(`${name}-`));
    folders.push(...own.flatMap((folder) => [join(fetched, folder), join(fetched, folder, 'bin')]));
  }
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

async function compare(command: readonly string[], firstSeed: number, count: number): Promise<Comparison> {
  const [file = '', ...args] = command;
  const { stdout } = await promisify(execFile)(file, [...args, program, `${firstSeed}`, `${count}`], {
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
    maxBuffer: 1 << 28,
  });
  return JSON.parse(stdout) as Comparison;
}

suite('every emitter leaves the trace of the runtime’s own', () => {
  const seed = Number(process.env['TASKER_SEED'] ?? Math.floor(Math.random() * 1e9));

  // Bun's own emitter captures fewer rejections than Node's, so it is no measure: there, Node is (below).
  if (!('Bun' in globalThis)) {
    test(`in ${programsAtRandom} programs from TASKER_SEED=${seed} on`, async () => {
      const { differences, lines } = await compare([process.execPath], seed, programsAtRandom);
      assert.deepEqual(differences, []);
      assert.ok(lines > programsAtRandom * 100);
    });
  }

  for (const name of ['bun', 'deno'] as const) {
    const path = findRuntime(name);
    test(`on ${name} as on Node`, { skip: path === null ? `${name} is not installed` : false }, async () => {
      const command = name === 'deno' ? [path ?? '', 'run', '--allow-all', '--quiet'] : [path ?? ''];
      const [here, there] = await Promise.all([
        compare([process.execPath], 1, programsInCommon),
        compare(command, 1, programsInCommon),
      ]);
      assert.deepEqual(there.scenarios, here.scenarios);
      assert.equal(there.digest, here.digest);
      assert.deepEqual(name === 'bun' ? [] : there.differences, []);
    });
  }
});
