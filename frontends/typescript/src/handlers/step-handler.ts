// The class that handler authors extend, and what the worker needs of any handler.
import { ErrorType } from './error-type.js';
import type { HandlerExecution } from './execution.js';
import type { StepContext } from './step-context.js';
import { StepHandlerResult, type CheckpointYieldResult } from './step-handler-result.js';
import type { JsonObject } from '../native/types.js';

/** What the worker runs. */
export interface ExecutableHandler {
  readonly name: string;
  readonly version: string;
  readonly capabilities: readonly string[];
  call(context: StepContext): Promise<StepHandlerResult> | StepHandlerResult;
  configSchema(): JsonObject | null;
}

/** A class of handlers: made without arguments, known by the name that templates use as `handler.callable`. */
export interface StepHandlerClass {
  new (): ExecutableHandler;
  readonly handlerName: string;
  readonly handlerVersion?: string;
  /** Where and within which bounds it runs. */
  readonly execution?: HandlerExecution;
}

/**
 * Base class of handlers. A new object is made for each attempt, so members may hold the attempt's own state.
 *
 * @example
 * ```ts
 * class Greet extends StepHandler {
 *   static override handlerName = 'demo.Greet';
 *   async call(context: StepContext): Promise<StepHandlerResult> {
 *     return this.success({ greeting: `hello ${context.getInputOr('name', 'world')}` });
 *   }
 * }
 * ```
 */
export abstract class StepHandler implements ExecutableHandler {
  /** Registration key; equals `handler.callable` of the templates. */
  static handlerName = '';
  static handlerVersion = '1.0.0';
  /** Where and within which bounds it runs, such as `{ executor: 'threads', module: import.meta.url }`. */
  static execution: HandlerExecution = {};

  abstract call(context: StepContext): Promise<StepHandlerResult> | StepHandlerResult;

  get name(): string {
    const declared = (this.constructor as typeof StepHandler).handlerName;
    return declared === '' ? this.constructor.name : declared;
  }

  get version(): string {
    return (this.constructor as typeof StepHandler).handlerVersion;
  }

  get capabilities(): readonly string[] {
    return ['process'];
  }

  /** JSON Schema of the handler's `initialization`, or null. */
  configSchema(): JsonObject | null {
    return null;
  }

  toString(): string {
    return `${this.constructor.name}(name=${this.name}, version=${this.version})`;
  }

  protected success(result: object, metadata?: JsonObject): StepHandlerResult {
    return StepHandlerResult.success(result, metadata);
  }

  /** Yields: what was done so far is stored, and the step is dispatched again. To be returned from `call`. */
  protected checkpointYield(
    cursor: unknown,
    itemsProcessed: number,
    accumulatedResults?: JsonObject,
  ): CheckpointYieldResult {
    return StepHandlerResult.checkpointYield(cursor, itemsProcessed, accumulatedResults);
  }

  protected failure(
    message: string,
    errorType: string = ErrorType.HANDLER_ERROR,
    retryable = true,
    metadata?: JsonObject,
    errorCode?: string,
  ): StepHandlerResult {
    return StepHandlerResult.failure(message, errorType, retryable, metadata, errorCode);
  }
}
