// How errors of the native side come to the rest of the package.
import { toTaskerError } from '../errors/convert.js';

/** Runs `call`; what it throws becomes a TaskerError. */
export function native<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw toTaskerError(error);
  }
}
