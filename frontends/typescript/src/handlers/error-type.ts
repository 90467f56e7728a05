// The standard error types of a failed step. The engine acts on `retryable` alone; a type is for people and metrics.

export const ErrorType = {
  PERMANENT_ERROR: 'permanent_error',
  RETRYABLE_ERROR: 'retryable_error',
  VALIDATION_ERROR: 'validation_error',
  TIMEOUT: 'timeout',
  HANDLER_ERROR: 'handler_error',
} as const;
export type ErrorType = (typeof ErrorType)[keyof typeof ErrorType];

/** Error types that this package gives to failures of its own making. */
export const WorkerErrorType = {
  /** No handler has the callable that the template names. */
  HANDLER_NOT_FOUND: 'handler_not_found',
  /** The handler has no method of the name that the template gives. */
  METHOD_NOT_FOUND: 'method_not_found',
  /** The handler's result is not JSON. */
  INVALID_RESULT: 'invalid_result',
  /** The handler's result is over the size limit. */
  RESULT_TOO_LARGE: 'result_too_large',
  /** A step that the handler declared in `depends` has no result. */
  DEPENDENCY_NOT_FOUND: 'dependency_not_found',
} as const;

const standard: readonly string[] = Object.values(ErrorType);

/** Whether `type` is one of the standard error types. */
export function isStandardErrorType(type: string): type is ErrorType {
  return standard.includes(type);
}

/** Whether failures of this type are usually worth another attempt. */
export function isTypicallyRetryable(type: string): boolean {
  return type === ErrorType.RETRYABLE_ERROR || type === ErrorType.TIMEOUT;
}
