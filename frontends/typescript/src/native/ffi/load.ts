// Opens the FFI door of whatever runtime this is.
import { findDoorFile, unusable, type LibraryLocation, type LibrarySearch } from '../loader.js';
import type { Delivery, NativeDoor } from '../native-door.js';

/**
 * Loads the C library through the FFI of `runtime`.
 *
 * @throws {TaskerError} NOT_FOUND as findDoorFile; UNSUPPORTED when the file can not be loaded here
 */
export function loadFfi(
  runtime: 'node' | 'bun' | 'deno',
  search: LibrarySearch & { readonly delivery?: Delivery | undefined },
): LibraryLocation & { native: NativeDoor } {
  const found = findDoorFile('ffi', search);
  throw unusable(found, `FFI of ${runtime} is not in this version`);
}
