// Errors of Tasker itself: one class with a literal `code`, and a subclass for each family of codes.
import { applyBrand, hasBrand } from './brand.js';
import { ERROR_CODES, type ErrorCode } from './codes.js';

/** What a `TaskerError` carries besides code and message. */
export interface TaskerErrorOptions {
  /** Path of the argument, option or JSON member at fault, such as `options.leaseTtlMs`. */
  readonly field?: string | undefined;
  /** Whether trying again can help. @default what contract/errors.def says of the code */
  readonly retryable?: boolean | undefined;
  /** More about the cause for a person, such as the driver's own code. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

/** An error of Tasker. Match `code`, never the text; `instanceof` also holds across copies of this package. */
export class TaskerError<Code extends ErrorCode = ErrorCode> extends Error {
  static readonly brand: symbol = Symbol.for('tasker.TaskerError');

  override readonly name: string = 'TaskerError';
  readonly code: Code;
  readonly field: string | undefined;
  readonly retryable: boolean;
  readonly detail: string | undefined;

  constructor(code: Code, message: string, options: TaskerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.field = options.field;
    this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
    this.detail = options.detail;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(this, value);
  }
}
applyBrand(TaskerError);

export type InputErrorCode =
  'INVALID_ARGUMENT' | 'INVALID_JSON' | 'INVALID_TEMPLATE' | 'INVALID_CONFIG' | 'TOO_LARGE' | 'UNSUPPORTED';

/** The caller's input breaks a rule: change it before another try. */
export class InputError extends TaskerError<InputErrorCode> {
  static override readonly brand: symbol = Symbol.for('tasker.InputError');
  override readonly name: string = 'InputError';
}
applyBrand(InputError);

export type LookupErrorCode = 'NOT_FOUND' | 'ALREADY_EXISTS';

/** A name or an id leads to nothing, or to something that is there already. */
export class LookupError extends TaskerError<LookupErrorCode> {
  static override readonly brand: symbol = Symbol.for('tasker.LookupError');
  override readonly name: string = 'LookupError';
}
applyBrand(LookupError);

export type StateErrorCode =
  'INVALID_STATE' | 'UNKNOWN_EVENT' | 'FENCED' | 'CLOSED' | 'DRAINING' | 'LEASE_LOST' | 'FORKED';

/** The call does not fit the state of the worker, the step or the process. */
export class StateError extends TaskerError<StateErrorCode> {
  static override readonly brand: symbol = Symbol.for('tasker.StateError');
  override readonly name: string = 'StateError';
}
applyBrand(StateError);

export type BusyErrorCode = 'FULL' | 'TIMED_OUT';

/** No room or no time was left: trying again later can help. */
export class BusyError extends TaskerError<BusyErrorCode> {
  static override readonly brand: symbol = Symbol.for('tasker.BusyError');
  override readonly name: string = 'BusyError';
}
applyBrand(BusyError);

export type StoreErrorCode =
  'STORE_UNAVAILABLE' | 'STORE_READ_ONLY' | 'STORE_FULL' | 'STORE_CORRUPT' | 'STORE_SCHEMA_NEWER' | 'STORE_FAILED';

/** The store can not be opened, read or written. */
export class StoreError extends TaskerError<StoreErrorCode> {
  static override readonly brand: symbol = Symbol.for('tasker.StoreError');
  override readonly name: string = 'StoreError';
}
applyBrand(StoreError);

/** A broken invariant inside Tasker. */
export class InternalError extends TaskerError<'INTERNAL'> {
  static override readonly brand: symbol = Symbol.for('tasker.InternalError');
  override readonly name: string = 'InternalError';
}
applyBrand(InternalError);
