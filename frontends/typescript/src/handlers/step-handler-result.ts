// What a handler gives back: a success with its result, or a failure with its retry decision.
import { ErrorType } from './error-type.js';
import type { JsonObject } from '../native/types.js';

const brand: unique symbol = Symbol.for('tasker.StepHandlerResult');

/** How far a step has got: the handler's own place in its work, kept in the store. */
export interface CheckpointYield {
  /** Any JSON but null; the next dispatch finds it as `context.checkpointCursor`. */
  readonly cursor: unknown;
  /** Items done so far, a whole number from 0 on. */
  readonly itemsProcessed: number;
  /** Results so far; the next dispatch finds them as `context.accumulatedResults`. */
  readonly accumulatedResults: JsonObject | null;
}

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
  readonly checkpoint?: CheckpointYield | null;
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
  /** Set when the handler did not end but yields: the step is dispatched again, with the same attempt. */
  readonly checkpoint: CheckpointYield | null;

  constructor(fields: StepHandlerResultFields) {
    this.success = fields.success;
    this.result = fields.result ?? null;
    this.errorMessage = fields.errorMessage ?? null;
    this.errorType = fields.errorType ?? null;
    this.errorCode = fields.errorCode ?? null;
    this.retryable = fields.retryable ?? true;
    this.metadata = fields.metadata ?? {};
    this.checkpoint = fields.checkpoint ?? null;
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

  /**
   * Not an end: what was done so far is stored, and the step is dispatched again, where `context.checkpoint` tells it.
   * A crash, a retry or another worker goes on from there.
   */
  static checkpointYield(
    cursor: unknown,
    itemsProcessed: number,
    accumulatedResults: JsonObject | null = null,
  ): CheckpointYieldResult {
    return new StepHandlerResult({
      success: true,
      result: {},
      checkpoint: { cursor, itemsProcessed, accumulatedResults },
    }) as CheckpointYieldResult;
  }

  isCheckpointYield(): this is CheckpointYieldResult {
    return this.checkpoint !== null;
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

/** A result that is no end: see `StepHandlerResult.checkpointYield`. */
export type CheckpointYieldResult = StepHandlerResult & { readonly checkpoint: CheckpointYield };

Object.defineProperty(StepHandlerResult.prototype, brand, { value: true });
