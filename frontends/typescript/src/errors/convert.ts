// From whatever was thrown to a TaskerError, and from any value to an Error.
import { ERROR_CODES, type ErrorCode } from './codes.js';
import {
  BusyError,
  InputError,
  InternalError,
  LookupError,
  StateError,
  StoreError,
  TaskerError,
  type TaskerErrorOptions,
} from './tasker-error.js';

/** The error class of a code's family, made. */
export function makeTaskerError(code: ErrorCode, message: string, options: TaskerErrorOptions = {}): TaskerError {
  switch (code) {
    case 'INVALID_ARGUMENT':
    case 'INVALID_JSON':
    case 'INVALID_TEMPLATE':
    case 'INVALID_CONFIG':
    case 'TOO_LARGE':
    case 'UNSUPPORTED':
      return new InputError(code, message, options);
    case 'NOT_FOUND':
    case 'ALREADY_EXISTS':
      return new LookupError(code, message, options);
    case 'INVALID_STATE':
    case 'UNKNOWN_EVENT':
    case 'FENCED':
    case 'CLOSED':
    case 'DRAINING':
    case 'LEASE_LOST':
    case 'FORKED':
      return new StateError(code, message, options);
    case 'FULL':
    case 'TIMED_OUT':
      return new BusyError(code, message, options);
    case 'STORE_UNAVAILABLE':
    case 'STORE_READ_ONLY':
    case 'STORE_FULL':
    case 'STORE_CORRUPT':
    case 'STORE_SCHEMA_NEWER':
    case 'STORE_FAILED':
      return new StoreError(code, message, options);
    case 'INTERNAL':
      return new InternalError(code, message, options);
  }
}

/** Whether `value` is one of the codes of contract/errors.def. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

/** The TaskerError that `value` is, or says that it is by its `code`; anything else becomes INTERNAL with a cause. */
export function toTaskerError(value: unknown): TaskerError {
  if (value instanceof TaskerError) {
    return value as TaskerError;
  }
  if (typeof value === 'object' && value !== null) {
    const given = value as Record<string, unknown>;
    if (isErrorCode(given['code'])) {
      const { message, field, retryable, detail } = given;
      return makeTaskerError(given['code'], typeof message === 'string' ? message : given['code'], {
        field: typeof field === 'string' && field !== '' ? field : undefined,
        retryable: typeof retryable === 'boolean' ? retryable : undefined,
        detail: typeof detail === 'string' && detail !== '' ? detail : undefined,
        cause: value instanceof Error ? value : undefined,
      });
    }
  }
  const error = toError(value);
  return new InternalError('INTERNAL', error.message, { cause: error });
}

/**
 * `value` itself when it is an Error, else an Error that shows it. An Error of another realm, which `instanceof` does
 * not know, gives its message and stack. Never throws.
 */
export function toError(value: unknown): Error {
  try {
    if (value instanceof Error) {
      return value;
    }
    if (typeof value === 'object' && value !== null) {
      const { message, stack } = value as { message?: unknown; stack?: unknown };
      if (typeof message === 'string') {
        const error = new Error(message, { cause: value });
        error.stack = typeof stack === 'string' ? stack : `Error: ${message}`;
        return error;
      }
    }
  } catch {
    return new Error('a value that can not be read was thrown');
  }
  let shown: string;
  try {
    // undefined for a function, a symbol and undefined itself.
    const text = JSON.stringify(value) as string | undefined;
    shown = typeof value === 'string' ? value : (text ?? String(value));
  } catch {
    shown = Object.prototype.toString.call(value);
  }
  return new Error(shown, { cause: value });
}
