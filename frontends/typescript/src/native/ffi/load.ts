// Opens the FFI door of whatever runtime this is.
import { toError } from '../../errors/convert.js';
import { findDoorFile, unusable, type LibraryLocation, type LibrarySearch } from '../loader.js';
import type { Delivery, NativeDoor } from '../native-door.js';
import { openBunLibrary } from './bun.js';
import { openDenoLibrary } from './deno.js';
import { FFI_ABI_VERSION, FfiDoor } from './ffi-door.js';
import { openKoffiLibrary } from './koffi.js';
import type { FfiLibrary } from './library.js';

const openers: Readonly<Record<'node' | 'bun' | 'deno', (path: string) => FfiLibrary>> = {
  node: openKoffiLibrary,
  bun: openBunLibrary,
  deno: openDenoLibrary,
};

/** Libraries of this thread by path: each is bound once, however many workers use it. */
const opened = new Map<string, FfiLibrary>();

/**
 * Loads the C library through the FFI of `runtime`.
 *
 * @throws {TaskerError} NOT_FOUND as findDoorFile; UNSUPPORTED when the file can not be loaded here, or speaks another
 * version of the interface
 */
export function loadFfi(
  runtime: 'node' | 'bun' | 'deno',
  search: LibrarySearch & { readonly delivery?: Delivery | undefined },
): LibraryLocation & { native: NativeDoor } {
  const found = findDoorFile('ffi', search);
  let library = opened.get(found.path);
  if (library === undefined) {
    try {
      library = openers[runtime](found.path);
    } catch (error) {
      const cause = toError(error);
      throw unusable(found, cause.message.split('\n', 1)[0] ?? '', cause);
    }
    opened.set(found.path, library);
  }
  const native = new FfiDoor(library, search.delivery);
  const version = native.abiVersion();
  if (version !== FFI_ABI_VERSION) {
    throw unusable(
      found,
      `interface ${String(version)}, expected ${String(FFI_ABI_VERSION)}; install package and library of the same version`,
    );
  }
  return { ...found, native };
}
