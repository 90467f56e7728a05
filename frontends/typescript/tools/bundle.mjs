// Bundles what tsc has written to dist/ into a few files in dist/bundle/, which the package exports: a thread or child that
// starts pays for each file that it loads. Run by `npm run build`, after tsc.
//
//   step.js    what threads and children need to run steps
//   worker.js  the rest of the package
//   index.js, thread-main.js, …  what users import and what threads and children begin with: little more than imports of these
//
// There is one of each module, by whatever entry it is reached. All files lie beside each other: a program is found by its
// name, as it is among the modules in src/.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { rollup } from 'rollup';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const programs = {
  'thread-main': `${dist}executors/threads/thread-main.js`,
  child: `${dist}executors/process/child.js`,
};

/**
 * @param {string} id
 * @param {import('rollup').ManualChunkMeta} bundle
 * @returns {boolean} whether a program of threads or children loads the module at its start
 */
function isOfSteps(id, bundle, seen = new Set()) {
  if (Object.values(programs).includes(id)) return true;
  if (seen.has(id)) return false;
  seen.add(id);
  return bundle.getModuleInfo(id)?.importers.some((importer) => isOfSteps(importer, bundle, seen)) === true;
}

await rm(`${dist}bundle`, { recursive: true, force: true });
const bundle = await rollup({
  input: {
    index: `${dist}index.js`,
    native: `${dist}native/index.js`,
    events: `${dist}events/index.js`,
    broker: `${dist}executors/process/broker.js`,
    ...programs,
  },
  external: (id) => !/^[./]/.test(id),
});
await bundle.write({
  dir: `${dist}bundle`,
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  hoistTransitiveImports: false,
  manualChunks: (id, meta) => {
    if (meta.getModuleInfo(id)?.isEntry === true) return null;
    return isOfSteps(id, meta) ? 'step' : 'worker';
  },
});
await bundle.close();
