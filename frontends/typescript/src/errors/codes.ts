// Generated from contract/errors.def by tools/generate-codes.mjs; do not edit.

/** Every error code of Tasker: its number at the C door, whether trying again can help, what it means. */
export const ERROR_CODES = {
  INVALID_ARGUMENT: {
    number: 1,
    retryable: false,
    meaning: 'an argument or a field has a wrong type, value or range',
  },
  INVALID_JSON: {
    number: 2,
    retryable: false,
    meaning: 'a text that has to be JSON is not',
  },
  INVALID_TEMPLATE: {
    number: 3,
    retryable: false,
    meaning: 'a task template breaks a rule; the message names line and field',
  },
  INVALID_CONFIG: {
    number: 4,
    retryable: false,
    meaning: 'a configuration value breaks a rule; the message names the key',
  },
  INVALID_STATE: {
    number: 5,
    retryable: false,
    meaning: 'the call does not fit the state that the object is in',
  },
  TOO_LARGE: {
    number: 6,
    retryable: false,
    meaning: 'a text is over its size limit',
  },
  NOT_FOUND: {
    number: 7,
    retryable: false,
    meaning: 'nothing has this id or name',
  },
  ALREADY_EXISTS: {
    number: 8,
    retryable: false,
    meaning: 'a task with this idempotency key exists already',
  },
  UNSUPPORTED: {
    number: 9,
    retryable: false,
    meaning: 'a well-formed request for something that this version does not do',
  },
  UNKNOWN_EVENT: {
    number: 10,
    retryable: false,
    meaning: 'no dispatched step event has this id, or it was completed before',
  },
  FENCED: {
    number: 11,
    retryable: false,
    meaning: 'the step has moved on: this attempt is no longer the current one',
  },
  CLOSED: {
    number: 12,
    retryable: false,
    meaning: 'the worker or the channel is closed',
  },
  DRAINING: {
    number: 13,
    retryable: false,
    meaning: 'the worker is shutting down and takes nothing new',
  },
  FULL: {
    number: 14,
    retryable: true,
    meaning: 'a bounded channel has no room',
  },
  TIMED_OUT: {
    number: 15,
    retryable: true,
    meaning: 'the deadline passed first',
  },
  STORE_UNAVAILABLE: {
    number: 16,
    retryable: true,
    meaning: 'the store can not be reached, opened or locked now',
  },
  STORE_READ_ONLY: {
    number: 17,
    retryable: false,
    meaning: 'the store can be read but not written',
  },
  STORE_FULL: {
    number: 18,
    retryable: true,
    meaning: 'the disk of the store is full',
  },
  STORE_CORRUPT: {
    number: 19,
    retryable: false,
    meaning: 'the store fails its integrity check or is not a Tasker store',
  },
  STORE_SCHEMA_NEWER: {
    number: 20,
    retryable: false,
    meaning: 'the store was written by a newer version of Tasker',
  },
  STORE_FAILED: {
    number: 21,
    retryable: false,
    meaning: "the store refused a statement; detail has the driver's own code",
  },
  LEASE_LOST: {
    number: 22,
    retryable: true,
    meaning: "this worker's lease lapsed and its steps were handed to others",
  },
  FORKED: {
    number: 23,
    retryable: false,
    meaning: 'the process was forked after the worker started; open a worker in the child',
  },
  INTERNAL: {
    number: 24,
    retryable: false,
    meaning: 'a broken invariant inside Tasker; please report it',
  },
} as const;

/** What `TaskerError.code` can be. */
export type ErrorCode = keyof typeof ERROR_CODES;
