// What can become of a handler besides a result: one error type for each, and whether another attempt is made by default.

/** Error types of attempts that ended with what ran them, and not by the handler's word. */
export const CrashErrorType = {
  /** The handler called `process.exit`. */
  PROCESS_EXIT: 'process_exit',
  /** A promise of the handler was rejected and nobody waited for it. */
  UNHANDLED_REJECTION: 'unhandled_rejection',
  /** The handler threw outside its own promise: in a timer, an event listener. */
  UNCAUGHT_EXCEPTION: 'uncaught_exception',
  /** The thread's or the child's JavaScript heap reached its limit. */
  HEAP_LIMIT: 'heap_limit',
  /** Memory outside the JavaScript heap ran out, or the child grew over its limit. */
  OUT_OF_MEMORY: 'out_of_memory',
  /** The child called `process.abort`, or an assertion of native code did. */
  PROCESS_ABORT: 'process_abort',
  /** A signal ended the child, such as SIGSEGV. */
  FATAL_SIGNAL: 'fatal_signal',
  /** The thread or the child ended in another way. */
  EXECUTOR_LOST: 'executor_lost',
  /** The deadline passed; also what an endless loop comes to. */
  TIMEOUT: 'timeout',
  /** The result is not JSON, or can not be handed over. */
  INVALID_RESULT: 'invalid_result',
  /** The handler's module could not be loaded, or has no such handler. */
  MODULE_LOAD_FAILED: 'module_load_failed',
} as const;
export type CrashErrorType = (typeof CrashErrorType)[keyof typeof CrashErrorType];

/** Whether another attempt is made when the handler's definition does not say. */
export const crashRetryDefaults: Readonly<Record<CrashErrorType, boolean>> = {
  process_exit: true,
  unhandled_rejection: true,
  uncaught_exception: true,
  heap_limit: true,
  out_of_memory: true,
  process_abort: true,
  fatal_signal: true,
  executor_lost: true,
  timeout: true,
  invalid_result: false,
  module_load_failed: true,
};

/** All crash error types. */
export const crashErrorTypes: readonly CrashErrorType[] = Object.values(CrashErrorType);

/**
 * Which crashes of a handler are worth another attempt; what is left out has its default. A timeout is retried as the template
 * says, a result that can not be kept never.
 */
export type CrashRetry = Readonly<Partial<Record<Exclude<CrashErrorType, 'timeout' | 'invalid_result'>, boolean>>>;

/** Error types that `CrashRetry` may name. */
export const crashRetryTypes: readonly string[] = crashErrorTypes.filter(
  (type) => type !== 'timeout' && type !== 'invalid_result',
);
