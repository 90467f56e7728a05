import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';

interface Bundler {
  bundle(root: string, entries: readonly string[], programs: readonly string[]): void;
}
type Names = Record<string, unknown>;

const tool = new URL('../../../tools/bundle.mjs', import.meta.url).href;
const program = 'executors/threads/thread-main.js';

const modules: Readonly<Record<string, string>> = {
  'index.js': "export * from './events/named.js';\nexport { Step } from './executors/step.js';\n",
  'events/named.js':
    "import { Step } from '../executors/step.js';\nexport class Named extends Step {}\nexport const own = 'named';\n",
  'executors/step.js':
    "import { join as put } from 'node:path';\nconst own = put('a', 'b');\n" +
    'export class Step { get own() { return own; } }\nexport const url = import.meta.url;\n',
  [program]: "import { Step, url } from '../step.js';\nglobalThis.bundled = { own: new Step().own, url, Step };\n",
};

async function withDist(texts: Readonly<Record<string, string>>, use: (root: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'tasker-bundle-'));
  try {
    for (const [path, text] of Object.entries({ 'package.json': '{"type":"module"}', ...texts })) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    await use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function bundled(root: string): Promise<void> {
  const { bundle } = (await import(tool)) as Bundler;
  bundle(root, ['index.js', program], [program]);
}

const load = (root: string, path: string): Promise<Names> =>
  import(pathToFileURL(join(root, path)).href) as Promise<Names>;

suite('the bundle of the package', () => {
  test('has each module once, by whatever path it is imported, with its own URL', () =>
    withDist(modules, async (root) => {
      await bundled(root);
      const index = await load(root, 'index.js');
      const step = await load(root, 'executors/step.js');
      assert.deepEqual(Object.keys(index).sort(), ['Named', 'Step', 'own']);
      assert.equal(index['Step'], step['Step']);
      assert.ok(new (index['Named'] as new () => object)() instanceof (step['Step'] as new () => object));
      assert.equal(step['url'], pathToFileURL(join(root, 'executors/step.js')).href);
      await load(root, program);
      const { bundled: seen } = globalThis as unknown as { bundled: Names };
      assert.deepEqual({ ...seen, Step: seen['Step'] === step['Step'] }, { own: 'a/b', url: step['url'], Step: true });
      assert.ok(!readFileSync(join(root, 'bundle/step.js'), 'utf8').includes('Named'), 'threads load what they need');
    }));

  test('is made once for what tsc has written', () =>
    withDist(modules, async (root) => {
      await bundled(root);
      const first = readFileSync(join(root, 'bundle/worker.js'), 'utf8');
      await bundled(root);
      assert.equal(readFileSync(join(root, 'bundle/worker.js'), 'utf8'), first);
    }));

  for (const [what, text, expected] of [
    ['import each other', "import './events/named.js';\nexport const own = 1;\n", /import cycle: .*index\.js/],
    ['export what may change', 'export let own = 1;\n', /index\.js: an exported variable that is no const/],
  ] as const) {
    test(`modules that ${what} are refused`, () =>
      withDist({ ...modules, 'index.js': text, 'events/named.js': "import '../index.js';\n" }, async (root) => {
        await assert.rejects(bundled(root), { message: expected });
      }));
  }
});
