// What a handler throws to say how its failure is to be treated, and what is thrown for a result that can not be kept.
import { applyBrand, hasBrand } from './brand.js';

/** Fields of a step's failure besides its message. */
export type FailureMetadata = Readonly<Record<string, unknown>>;

/** A failure with an error type and a retry decision of its own. */
export abstract class HandlerError extends Error {
  static readonly brand: symbol = Symbol.for('tasker.HandlerError');

  /** `error.error_type` of the step's result. */
  abstract readonly errorType: string;
  /** Whether another attempt may be made. */
  abstract readonly retryable: boolean;
  readonly metadata: FailureMetadata;

  constructor(message: string, metadata: FailureMetadata = {}, options?: ErrorOptions) {
    super(message, options);
    this.metadata = metadata;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(this, value);
  }
}
applyBrand(HandlerError);

/** Trying again can not help: the step fails for good. */
export class PermanentError extends HandlerError {
  static override readonly brand: symbol = Symbol.for('tasker.PermanentError');
  override readonly name: string = 'PermanentError';
  readonly errorType: string = 'permanent_error';
  readonly retryable: boolean = false;
}
applyBrand(PermanentError);

export interface RetryableErrorOptions extends ErrorOptions {
  /** Seconds until the next attempt, in place of the template's back-off; 0 or more, fractions allowed. */
  readonly retryAfterSeconds?: number;
}

/**
 * The cause may pass: the step is tried again while attempts are left.
 *
 * @example
 * ```ts
 * throw new RetryableError('the feed is busy', {}, { retryAfterSeconds: 30 });
 * ```
 */
export class RetryableError extends HandlerError {
  static override readonly brand: symbol = Symbol.for('tasker.RetryableError');
  override readonly name: string = 'RetryableError';
  readonly errorType: string = 'retryable_error';
  readonly retryable: boolean = true;
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, metadata: FailureMetadata = {}, options: RetryableErrorOptions = {}) {
    super(message, metadata, 'cause' in options ? { cause: options.cause } : undefined);
    const seconds = options.retryAfterSeconds;
    this.retryAfterSeconds = seconds !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
  }
}
applyBrand(RetryableError);

/** Why a result can not be kept. */
export type HandlerResultErrorType = 'invalid_result' | 'result_too_large';

/** A handler's result is not JSON, or over the size limit. Another attempt would end the same way. */
export class HandlerResultError extends HandlerError {
  static override readonly brand: symbol = Symbol.for('tasker.HandlerResultError');
  override readonly name: string = 'HandlerResultError';
  readonly errorType: HandlerResultErrorType;
  readonly retryable: boolean = false;

  constructor(errorType: HandlerResultErrorType, message: string) {
    super(message);
    this.errorType = errorType;
  }
}
applyBrand(HandlerResultError);
