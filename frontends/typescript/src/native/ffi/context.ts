// What the objects of an FFI door share: the library, its memory, and how a status becomes an exception.
import type { FfiLibrary, FfiValue } from './library.js';
import { FfiMemory } from './memory.js';

/** Statuses that are looked at before they become errors (contract/errors.def, negated). */
export const STATUS = { OK: 0, INVALID_ARGUMENT: -1, TOO_LARGE: -6, CLOSED: -12, DRAINING: -13 } as const;

interface ErrorDocument {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly field?: string;
  readonly detail?: string;
}

/** An error document as a door throws it: a plain Error with the document's members. */
export function errorOfDocument(document: ErrorDocument): Error {
  const { message, ...members } = document;
  return Object.assign(new Error(message), members);
}

/** Parameters that the library checks and calls `event_id` and so on. */
export type IdName = 'eventId' | 'eventIds' | 'taskUuid' | 'stepUuid' | 'deliveryId' | 'subscriptionJson';

const theirNames: Readonly<Record<IdName, string>> = {
  eventId: 'event_id',
  eventIds: 'event_ids',
  taskUuid: 'task_uuid',
  stepUuid: 'step_uuid',
  deliveryId: 'delivery_id',
  subscriptionJson: 'subscription_json',
};

/** The same error with the names that parameters, and elements of them, have here. */
function withNamesOfHere(error: Error & { field?: unknown }, ids: readonly IdName[]): Error {
  for (const id of ids) {
    const theirs = theirNames[id];
    const { field } = error;
    if (typeof field !== 'string' || !(field === theirs || field.startsWith(`${theirs}[`))) {
      continue;
    }
    if (error.message.startsWith(theirs)) {
      error.field = id + field.slice(theirs.length);
      error.message = id + error.message.slice(theirs.length);
    }
  }
  return error;
}

export class FfiContext {
  readonly library: FfiLibrary;
  readonly memory: FfiMemory;

  constructor(library: FfiLibrary) {
    this.library = library;
    this.memory = new FfiMemory(library);
  }

  /**
   * Throws what the library wrote to the place for errors, unless the status is OK.
   *
   * @param ids parameters of the call that are UUIDs, as they are called here
   */
  check(status: number, ...ids: readonly IdName[]): void {
    if (status !== STATUS.OK) {
      throw withNamesOfHere(this.takeError(), ids);
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
