// Which JavaScript runtime this is, and which door leads into the core: asked for, or the runtime's default.
import { showValue } from '../errors/checks.js';
import { makeTaskerError, toTaskerError } from '../errors/convert.js';
import { loadFfi } from './ffi/load.js';
import { loadAddon, type LibraryLocation, type LibrarySearch } from './loader.js';
import type { Delivery, DoorName, NativeDoor } from './native-door.js';

/** JavaScript runtimes that the package knows. */
export type RuntimeName = 'node' | 'bun' | 'deno';

/** The doors, by the names that options and TASKER_RUNTIME use. */
export const DOORS: readonly DoorName[] = ['addon', 'ffi'];

/** The door of each runtime when nobody asks for one: the faster of the two, by the benchmark `door-roundtrip`. */
const defaultDoors: Readonly<Record<RuntimeName, DoorName>> = { node: 'addon', bun: 'addon', deno: 'addon' };

/** Who chose a door. */
export type ChosenBy = 'option' | 'path' | 'TASKER_RUNTIME' | 'default';

/** What is asked of the door; every member is optional. */
export interface DoorSearch extends LibrarySearch {
  readonly door?: DoorName | undefined;
  /** `poll` leaves wake-ups out, for tests and measurements. @default 'push' */
  readonly delivery?: Delivery | undefined;
}

/** A door that was opened, and how it came to be this one. */
export interface LoadedDoor extends LibraryLocation {
  readonly native: NativeDoor;
  readonly door: DoorName;
  readonly chosenBy: ChosenBy;
  /** Why the default door could not be loaded, when this one stands in for it. */
  readonly fallback: string | null;
}

/** @throws {TaskerError} UNSUPPORTED when it is none of them */
export function detectRuntime(globals: object = globalThis): RuntimeName {
  if ('Bun' in globals) {
    return 'bun';
  }
  if ('Deno' in globals) {
    return 'deno';
  }
  const { process } = globals as { process?: { versions?: { node?: unknown } } };
  if (process?.versions?.node !== undefined) {
    return 'node';
  }
  throw makeTaskerError('UNSUPPORTED', 'this JavaScript runtime is not known; expected Node, Bun or Deno');
}

/** @throws {TaskerError} INVALID_ARGUMENT for a door that does not exist */
export function checkDoor(value: unknown, field: string): asserts value is DoorName {
  if (!(DOORS as readonly unknown[]).includes(value)) {
    throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(value)}, expected ${DOORS.join(' or ')}`, {
      field,
    });
  }
}

function doorOfPath(path: string): DoorName {
  return path.endsWith('.node') ? 'addon' : 'ffi';
}

/**
 * Chooses a door: the option, else what a named file is (`.node`: the addon), else TASKER_RUNTIME, else the default.
 *
 * @throws {TaskerError} INVALID_ARGUMENT for an unknown option; INVALID_CONFIG for an unknown TASKER_RUNTIME
 */
export function chooseDoor(runtime: RuntimeName, search: DoorSearch = {}): { door: DoorName; chosenBy: ChosenBy } {
  const named = (search.environment ?? process.env)['TASKER_RUNTIME'];
  if (named !== undefined && named !== '' && !(DOORS as readonly string[]).includes(named)) {
    throw makeTaskerError(
      'INVALID_CONFIG',
      `TASKER_RUNTIME is ${showValue(named)}; expected ${DOORS.join(' or ')}, the door into the core`,
      { field: 'TASKER_RUNTIME' },
    );
  }
  if (search.door !== undefined) {
    checkDoor(search.door, 'door');
    return { door: search.door, chosenBy: 'option' };
  }
  if (search.path !== undefined) {
    return { door: doorOfPath(search.path), chosenBy: 'path' };
  }
  return named === undefined || named === ''
    ? { door: defaultDoors[runtime], chosenBy: 'default' }
    : { door: named as DoorName, chosenBy: 'TASKER_RUNTIME' };
}

function load(door: DoorName, runtime: RuntimeName, search: DoorSearch): LibraryLocation & { native: NativeDoor } {
  return door === 'addon' ? loadAddon(search) : loadFfi(runtime, search);
}

/**
 * Opens the door that `chooseDoor` names. When nobody asked for it and it can not be loaded, the other one stands in
 * for it, which `fallback` tells; a door or a file that was asked for is never replaced.
 *
 * @throws {TaskerError} as chooseDoor; NOT_FOUND, UNSUPPORTED when the door can not be loaded
 */
export function loadDoor(search: DoorSearch = {}, runtime: RuntimeName = detectRuntime()): LoadedDoor {
  const { door, chosenBy } = chooseDoor(runtime, search);
  try {
    return { ...load(door, runtime, search), door, chosenBy, fallback: null };
  } catch (thrown) {
    const error = toTaskerError(thrown);
    if (chosenBy !== 'default' || error.field !== undefined) {
      throw error;
    }
    const other = door === 'addon' ? 'ffi' : 'addon';
    let second: LibraryLocation & { native: NativeDoor };
    try {
      second = load(other, runtime, search);
    } catch (next) {
      const { message } = toTaskerError(next);
      throw makeTaskerError(error.code, `${error.message}; nor the ${other} door: ${message}`, { cause: error });
    }
    return { ...second, door: other, chosenBy, fallback: error.message };
  }
}
