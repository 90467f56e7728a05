// Bundles what tsc has written to dist/ into a few files in dist/bundle/, which the package exports: a thread or child that
// starts pays for each file that it loads. Run by `npm run build`, after tsc.
//
//   step.js         what runs steps, in threads and children
//   child-steps.js  what children need besides
//   worker.js       the rest of what importing the package loads
//   pools.js        what is loaded only where threads or children are started
//   index.js, thread-main.js, …  what users import and what threads and children begin with: little more than imports of these
//
// There is one of each module, by whatever entry it is reached. All files lie beside each other: a program is found by its
// name, as it is among the modules in src/.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { rollup } from 'rollup';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const threadProgram = `${dist}executors/threads/thread-main.js`;
const childProgram = `${dist}executors/process/child.js`;
const publicEntries = { index: `${dist}index.js`, native: `${dist}native/index.js`, events: `${dist}events/index.js` };

/**
 * @param {readonly string[]} entries
 * @param {string} id
 * @param {import('rollup').ManualChunkMeta} meta
 * @returns {boolean} whether loading one of the entries loads the module
 */
function isLoadedBy(entries, id, meta, seen = new Set()) {
  if (entries.includes(id)) return true;
  if (seen.has(id)) return false;
  seen.add(id);
  return meta.getModuleInfo(id)?.importers.some((importer) => isLoadedBy(entries, importer, meta, seen)) === true;
}

/**
 * @param {string} id
 * @param {import('rollup').ManualChunkMeta} meta
 */
function chunkOf(id, meta) {
  if (meta.getModuleInfo(id)?.isEntry === true) return null;
  if (isLoadedBy([threadProgram], id, meta)) return 'step';
  if (isLoadedBy([childProgram], id, meta)) return 'child-steps';
  return isLoadedBy(Object.values(publicEntries), id, meta) ? 'worker' : 'pools';
}

await rm(`${dist}bundle`, { recursive: true, force: true });
const bundle = await rollup({
  input: {
    ...publicEntries,
    'thread-main': threadProgram,
    child: childProgram,
    broker: `${dist}executors/process/broker.js`,
  },
  external: (id) => !/^[./]/.test(id),
});
await bundle.write({
  dir: `${dist}bundle`,
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  hoistTransitiveImports: false,
  manualChunks: chunkOf,
});
await bundle.close();
