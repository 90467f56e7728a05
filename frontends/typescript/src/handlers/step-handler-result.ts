// What a handler gives back: a success with its result, or a failure with its retry decision.
import { ErrorType } from './error-type.js';
import type { JsonObject } from '../native/types.js';

const brand: unique symbol = Symbol.for('tasker.StepHandlerResult');

/** Members of a `StepHandlerResult`. */
export interface StepHandlerResultFields {
  readonly success: boolean;
  readonly result?: object | null;
  readonly errorMessage?: string | null;
  readonly errorType?: string | null;
  readonly errorCode?: string | null;
  /** @default true */
  readonly retryable?: boolean;
  readonly metadata?: JsonObject;
}

/** The outcome of one attempt. Made by `success` and `failure`. */
export class StepHandlerResult {
  readonly success: boolean;
  /** The handler's result, an object; null on failure. */
  readonly result: object | null;
  readonly errorMessage: string | null;
  readonly errorType: string | null;
  readonly errorCode: string | null;
  readonly retryable: boolean;
  readonly metadata: JsonObject;

  constructor(fields: StepHandlerResultFields) {
    this.success = fields.success;
    this.result = fields.result ?? null;
    this.errorMessage = fields.errorMessage ?? null;
    this.errorType = fields.errorType ?? null;
    this.errorCode = fields.errorCode ?? null;
    this.retryable = fields.retryable ?? true;
    this.metadata = fields.metadata ?? {};
  }

  /** @param metadata free data kept with the attempt; goes under `metadata` of the result document */
  static success(result: object, metadata: JsonObject = {}): StepHandlerResult {
    return new StepHandlerResult({ success: true, result, metadata });
  }

  /**
   * @param retryable whether another attempt may be made
   * @param metadata `retry_after_seconds` in it delays the next attempt
   * @param errorCode the author's own code; kept in the metadata as `error_code`
   */
  static failure(
    message: string,
    errorType: string = ErrorType.HANDLER_ERROR,
    retryable = true,
    metadata: JsonObject = {},
    errorCode: string | null = null,
  ): StepHandlerResult {
    return new StepHandlerResult({
      success: false,
      errorMessage: message,
      errorType,
      errorCode,
      retryable,
      metadata,
    });
  }

  isSuccess(): boolean {
    return this.success;
  }

  isFailure(): boolean {
    return !this.success;
  }

  toJSON(): JsonObject {
    return {
      success: this.success,
      result: this.result,
      error_message: this.errorMessage,
      error_type: this.errorType,
      error_code: this.errorCode,
      retryable: this.retryable,
      metadata: this.metadata,
    };
  }

  /** Holds across copies of this package. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
  }
}
Object.defineProperty(StepHandlerResult.prototype, brand, { value: true });
