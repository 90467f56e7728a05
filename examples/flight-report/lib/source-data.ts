// The public data that the report is made of: files of the npm package vega-datasets.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { PermanentError } from 'tasker-worker';

import { reasonOf } from './reason.js';

/** Names of the files in the package's `data` folder. */
export const SOURCES = {
  flights: 'flights-200k.json',
  airports: 'airports.csv',
  images: ['ffox.png', 'gimp.png', '7zip.png'],
} as const;

/**
 * Reads one file of vega-datasets.
 *
 * @param name - file name in the package's `data` folder
 * @throws {PermanentError} when it cannot be read: trying again would not help
 */
export async function readSource(name: string): Promise<Buffer> {
  const path = fileURLToPath(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')));
  try {
    return await readFile(path);
  } catch (error) {
    throw new PermanentError(`${name} of vega-datasets: ${reasonOf(error)}; run npm install`);
  }
}
