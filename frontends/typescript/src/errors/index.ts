export { ERROR_CODES, type ErrorCode } from './codes.js';
export { isErrorCode, makeTaskerError, toError, toTaskerError } from './convert.js';
export {
  HandlerError,
  HandlerResultError,
  PermanentError,
  RetryableError,
  type FailureMetadata,
  type HandlerResultErrorType,
  type RetryableErrorOptions,
} from './handler-errors.js';
export {
  BusyError,
  InputError,
  InternalError,
  LookupError,
  StateError,
  StoreError,
  TaskerError,
  type BusyErrorCode,
  type InputErrorCode,
  type LookupErrorCode,
  type StateErrorCode,
  type StoreErrorCode,
  type TaskerErrorOptions,
} from './tasker-error.js';
