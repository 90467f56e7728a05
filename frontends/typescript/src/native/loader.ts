// Finds the native files and loads the Node-API addon: an explicit path, the variable, the platform's package, a local
// build.
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeTaskerError, toError } from '../errors/convert.js';
import type { DoorName, NativeDoor } from './native-door.js';

/** A native file of the package: that of a door, or the launcher of child processes. */
export type NativeFile = DoorName | 'launcher';

/** Number of the addon's interface that this package speaks. */
export const ADDON_ABI_VERSION = 2;

/** Where the loader may look; every member is for tests or unusual set-ups. */
export interface LibrarySearch {
  /** Path of the file; nothing else is tried then. */
  readonly path?: string | undefined;
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Folder from which local builds are looked for, upwards. @default the folder of this package */
  readonly from?: string | undefined;
}

/** Where a file was found. */
export interface LibraryLocation {
  readonly path: string;
  readonly source:
    | 'path'
    | 'TASKER_ADDON_PATH'
    | 'TASKER_FFI_LIBRARY_PATH'
    | 'TASKER_LAUNCHER_PATH'
    | 'platform package'
    | 'local build';
}

/** What is looked for. */
interface LibraryKind {
  readonly what: string;
  readonly variable: 'TASKER_ADDON_PATH' | 'TASKER_FFI_LIBRARY_PATH' | 'TASKER_LAUNCHER_PATH';
  /** Below a build folder. */
  readonly built: string;
  /** Inside the platform's package; empty for its main file. */
  readonly packaged: string;
}

const kinds: Readonly<Record<NativeFile, LibraryKind>> = {
  addon: {
    what: 'addon',
    variable: 'TASKER_ADDON_PATH',
    built: join('doors', 'node', 'tasker.node'),
    packaged: '',
  },
  ffi: {
    what: 'libtasker_worker',
    variable: 'TASKER_FFI_LIBRARY_PATH',
    built: join('doors', 'c', 'libtasker_worker.so'),
    packaged: '/libtasker_worker.so',
  },
  launcher: {
    what: 'tasker-launcher',
    variable: 'TASKER_LAUNCHER_PATH',
    built: join('doors', 'launcher', 'tasker-launcher'),
    packaged: '/tasker-launcher',
  },
};
const buildFolders = [join('build', 'dev'), join('build', 'release')];
const load = createRequire(import.meta.url);

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function platformPackage(): string {
  return `tasker-worker-${process.platform}-${process.arch}`;
}

function findLocalBuild(kind: LibraryKind, from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    for (const build of buildFolders) {
      const candidate = join(folder, build, kind.built);
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
 * Finds a native file without loading it.
 *
 * @throws {TaskerError} NOT_FOUND with all that was tried; a path that was named and is missing never falls through,
 * and has the field `path` or the variable's name
 */
export function findDoorFile(door: NativeFile, search: LibrarySearch = {}): LibraryLocation {
  const kind = kinds[door];
  const environment = search.environment ?? process.env;
  const named = [
    { source: 'path', value: search.path },
    { source: kind.variable, value: environment[kind.variable] },
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
    return { path: load.resolve(platformPackage() + kind.packaged), source: 'platform package' };
  } catch {
    // Not installed: the usual case in a source tree.
  }
  const from = search.from ?? dirname(fileURLToPath(import.meta.url));
  const local = findLocalBuild(kind, from);
  if (local !== null) {
    return { path: local, source: 'local build' };
  }
  throw makeTaskerError(
    'NOT_FOUND',
    `no ${kind.what} for ${process.platform}-${process.arch}: tried ${kind.variable} (not set), ` +
      `package ${platformPackage()} (not installed), ` +
      `${buildFolders.map((folder) => join(folder, kind.built)).join(' and ')} in ${from} and above ` +
      '(not built: run ./dev build)',
  );
}

/** The error for a file that was found and can not be used; names the variable or option that named the file. */
export function unusable(found: LibraryLocation, reason: string, cause?: Error): Error {
  const named = found.source === 'platform package' || found.source === 'local build' ? undefined : found.source;
  return makeTaskerError('UNSUPPORTED', `${found.path} (${found.source}): ${reason}`, { field: named, cause });
}

/**
 * Loads the addon into this thread.
 *
 * @throws {TaskerError} NOT_FOUND as findDoorFile; UNSUPPORTED when the file can not be loaded here or speaks another
 * version of the interface.
 */
export function loadAddon(search: LibrarySearch = {}): LibraryLocation & { native: NativeDoor } {
  const found = findDoorFile('addon', search);
  let native: NativeDoor;
  try {
    native = load(found.path) as NativeDoor;
  } catch (error) {
    const cause = toError(error);
    // Some runtimes add a stack to the message.
    throw unusable(found, cause.message.split('\n', 1)[0] ?? '', cause);
  }
  const version = typeof native.abiVersion === 'function' ? native.abiVersion() : undefined;
  if (version !== ADDON_ABI_VERSION) {
    throw unusable(
      found,
      `interface ${String(version)}, expected ${String(ADDON_ABI_VERSION)}; install package and addon of the same version`,
    );
  }
  return { ...found, native };
}
