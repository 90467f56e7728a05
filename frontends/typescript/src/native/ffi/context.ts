// What the objects of an FFI door share: the library, its memory, and how a status becomes an exception.
import type { FfiLibrary, FfiValue } from './library.js';
import { FfiMemory } from './memory.js';

/** Statuses that are looked at before they become errors (contract/errors.def, negated). */
export const STATUS = { OK: 0, TOO_LARGE: -6, CLOSED: -12, DRAINING: -13 } as const;

interface ErrorDocument {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly field?: string;
  readonly detail?: string;
}

/** What the library calls its parameters, and this door its own. */
const parameterNames: readonly (readonly [string, string])[] = [
  ['event_id', 'eventId'],
  ['task_uuid', 'taskUuid'],
  ['step_uuid', 'stepUuid'],
];

/** An error document as a door throws it: a plain Error with the document's members. */
export function errorOfDocument(document: ErrorDocument): Error {
  const { message, ...members } = document;
  return Object.assign(new Error(message), members);
}

export class FfiContext {
  readonly library: FfiLibrary;
  readonly memory: FfiMemory;

  constructor(library: FfiLibrary) {
    this.library = library;
    this.memory = new FfiMemory(library);
  }

  /** As `check`, for a call whose UUIDs have other names here than in the library. */
  checkNamed(status: number): void {
    if (status !== STATUS.OK) {
      throw withNamesOfHere(this.takeError());
    }
  }

  /** Throws what the library wrote to the place for errors, unless the status is OK. */
  check(status: number): void {
    if (status !== STATUS.OK) {
      throw this.takeError();
    }
  }

  /** The error that the library wrote, which is released. */
  takeError(): Error {
    const { library, memory } = this;
    const handle = memory.takeHandle('error');
    try {
      return errorOfDocument(JSON.parse(library.readText(library.call.tasker_error_json(handle))) as ErrorDocument);
    } finally {
      this.dropError(handle);
    }
  }

  /** Releases the error that the library wrote, for a status that is not an error here. */
  dropError(handle: FfiValue = this.memory.takeHandle('error')): void {
    this.library.call.tasker_error_destroy(handle);
  }
}

function withNamesOfHere(error: Error & { code?: unknown; field?: unknown }): Error {
  for (const [theirs, ours] of parameterNames) {
    if (error.code === 'INVALID_ARGUMENT' && error.field === theirs && error.message.startsWith(`${theirs} is `)) {
      error.field = ours;
      error.message = ours + error.message.slice(theirs.length);
    }
  }
  return error;
}
