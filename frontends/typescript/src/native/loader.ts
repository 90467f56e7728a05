// Finds and loads the Node-API addon: an explicit path, TASKER_ADDON_PATH, the platform's package, a local build.
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeTaskerError, toError } from '../errors/convert.js';
import type { NativeAddon } from './addon.js';

/** Number of the addon's interface that this package speaks. */
export const ADDON_ABI_VERSION = 1;

/** Where the loader may look; every member is for tests or unusual set-ups. */
export interface AddonSearch {
  /** Path of the `.node` file; nothing else is tried then. */
  readonly path?: string | undefined;
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Folder from which local builds are looked for, upwards. @default the folder of this package */
  readonly from?: string;
}

/** Where an addon was found. */
export interface AddonLocation {
  readonly path: string;
  readonly source: 'path' | 'TASKER_ADDON_PATH' | 'platform package' | 'local build';
}

const localBuilds = ['build/dev', 'build/release'].map((folder) => join(folder, 'doors', 'node', 'tasker.node'));
const load = createRequire(import.meta.url);

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function platformPackage(): string {
  return `tasker-worker-${process.platform}-${process.arch}`;
}

function findLocalBuild(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    for (const build of localBuilds) {
      const candidate = join(folder, build);
      if (isFile(candidate)) {
        return candidate;
      }
    }
    if (dirname(folder) === folder) {
      return null;
    }
  }
}

/**
 * Finds the addon without loading it.
 *
 * @throws {TaskerError} NOT_FOUND with all that was tried; a path that was named and is missing never falls through.
 */
export function findAddon(search: AddonSearch = {}): AddonLocation {
  const environment = search.environment ?? process.env;
  const named = [
    { source: 'path', value: search.path },
    { source: 'TASKER_ADDON_PATH', value: environment['TASKER_ADDON_PATH'] },
  ] as const;
  for (const { source, value } of named) {
    if (value === undefined || value === '') {
      continue;
    }
    const path = isAbsolute(value) ? value : resolve(value);
    if (!isFile(path)) {
      throw makeTaskerError('NOT_FOUND', `${source}: no file ${path}`, { field: source });
    }
    return { path, source };
  }
  try {
    return { path: load.resolve(platformPackage()), source: 'platform package' };
  } catch {
    // Not installed: the usual case in a source tree.
  }
  const from = search.from ?? dirname(fileURLToPath(import.meta.url));
  const local = findLocalBuild(from);
  if (local !== null) {
    return { path: local, source: 'local build' };
  }
  throw makeTaskerError(
    'NOT_FOUND',
    `no addon for ${process.platform}-${process.arch}: tried TASKER_ADDON_PATH (not set), ` +
      `package ${platformPackage()} (not installed), ${localBuilds.join(' and ')} in ${from} and above ` +
      '(not built: run ./dev build)',
  );
}

/**
 * Loads the addon into this thread.
 *
 * @throws {TaskerError} NOT_FOUND as findAddon; UNSUPPORTED when the file can not be loaded here or speaks another
 * version of the interface.
 */
export function loadAddon(search: AddonSearch = {}): NativeAddon {
  const { path, source } = findAddon(search);
  let addon: NativeAddon;
  try {
    addon = load(path) as NativeAddon;
  } catch (error) {
    const cause = toError(error);
    throw makeTaskerError('UNSUPPORTED', `${path} (${source}): ${cause.message}`, { cause });
  }
  const version = typeof addon.abiVersion === 'function' ? addon.abiVersion() : undefined;
  if (version !== ADDON_ABI_VERSION) {
    throw makeTaskerError(
      'UNSUPPORTED',
      `${path} (${source}): interface ${String(version)}, expected ${String(ADDON_ABI_VERSION)}; ` +
        'install package and addon of the same version',
    );
  }
  return addon;
}
