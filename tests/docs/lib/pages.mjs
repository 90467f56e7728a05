// The pages whose blocks are run, and all Markdown whose links are checked.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './sandbox.mjs';

/**
 * @param {string} folder below the root
 * @returns {string[]}
 */
function markdownBelow(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/** Pages whose code blocks are run. */
export const PAGES = ['README.md', ...markdownBelow('docs')];

/** Pages whose links are checked. */
export const LINKED_PAGES = [
  ...PAGES,
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'bench/README.md',
  'examples/flight-report/README.md',
  'examples/untrusted-handler/README.md',
];
