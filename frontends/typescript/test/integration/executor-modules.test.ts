// Modules of handlers that threads and children load: those that can not be loaded, and TypeScript sources.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { handlerModule, type TaskerWorkerOptions } from 'tasker-worker';

import { create, errorTypeOf, start, threadsOf, until } from '../support/pool.js';
import { ending } from '../support/pool-handlers.js';
import { template, withScene } from '../support/store.js';

const broken = [
  ['throws at its load', 'proc.ModuleThrows', 'module-that-throws.js', 'never'],
  ['ends its thread at its load', 'proc.ModuleExits', 'module-that-exits.js', 'never'],
  ['has no such export', 'pool.Missing', 'pool-handlers.js', 'missing'],
] as const;

/** A pool with one handler more, of an export of a module. */
function withModule(name: string, url: URL, exportName: string, executor: 'threads' | 'process'): TaskerWorkerOptions {
  return {
    handlers: [ending, handlerModule(url, { name, export: exportName, executor })],
    templates: [
      template('ending', [{ name: 'end', callable: 'pool.Ending', maxAttempts: 1 }]),
      template('other', [{ name: 'only', callable: name, maxAttempts: 1 }]),
    ],
  };
}

for (const mode of ['relay', 'direct'] as const) {
  suite(`modules in threads, ${mode}`, () => {
    for (const [what, callable, file, exportName] of broken) {
      test(`one that ${what} fails the steps of its handler alone, and the pool is whole`, () =>
        withScene(async (scene) => {
          const url = new URL(`../support/${file}`, import.meta.url);
          const worker = await start(scene, mode, withModule(callable, url, exportName, 'threads'));
          const [other, good] = await Promise.all([create(worker, 'returns', 'other'), create(worker, 'returns')]);
          assert.equal(await errorTypeOf(worker, other), 'module_load_failed');
          assert.equal(await errorTypeOf(worker, good), null);
          await until(() => threadsOf(worker).ready === 2, 'a whole pool');
          assert.equal(await errorTypeOf(worker, await create(worker, 'returns', 'other')), 'module_load_failed');
        }));
    }
  });
}

const { typescript } = process.features as { typescript?: unknown };
const runsTypeScript =
  'Bun' in globalThis || 'Deno' in globalThis || (typescript !== undefined && typescript !== false);

suite('a handler module in TypeScript', () => {
  for (const executor of ['threads', 'process'] as const) {
    test(`is loaded by ${executor} from its source`, { skip: !runsTypeScript && 'this runtime strips no types' }, () =>
      withScene(async (scene) => {
        const file = join(scene.folder, 'typed.ts');
        const packageUrl = import.meta.resolve('tasker-worker');
        writeFileSync(
          file,
          `import { defineHandler, type } from '${packageUrl}';\n` +
            `interface Input { readonly n: number }\n` +
            `export const typed = defineHandler({ name: 'pool.Typed', input: type<Input>(), ` +
            `run: ({ input }) => ({ double: (input.n as number) * 2 }) });\n`,
        );
        const worker = await start(scene, 'direct', {
          ...withModule('pool.Typed', pathToFileURL(file), 'typed', executor),
          workerProcesses: { poolSize: 1 },
        });
        const { taskUuid } = await worker.createTask({ name: 'other', namespace: 'demo', context: { n: 21 } });
        assert.equal(await errorTypeOf(worker, taskUuid), null);
        const results = worker.listTaskSteps(taskUuid)[0]?.results as { result: { double: number } };
        assert.equal(results.result.double, 42);
      }),
    );
  }
});
