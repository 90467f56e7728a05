// Runs one handler and gives what came of it as the text that the core takes. Used in threads and children, where nothing
// else of the worker is; a handler that returns at once costs no promise.
import { showValue } from '../errors/checks.js';
import { HandlerResultError } from '../errors/handler-errors.js';
import {
  checkpointText,
  failureOfResult,
  failureOfThrown,
  failureText,
  successText,
  type StepFailure,
} from '../events/result-document.js';
import { wrapReturned } from '../handlers/define-handler.js';
import type { HandlerRegistry } from '../handlers/handler-registry.js';
import { isDirect, isThenable, runDirectly } from '../handlers/invoke.js';
import { NoResolverMatchError } from '../handlers/resolution-errors.js';
import type { StepContext } from '../handlers/step-context.js';
import type { ExecutableHandler } from '../handlers/step-handler.js';
import { StepHandlerResult } from '../handlers/step-handler-result.js';

/** What came of an attempt; plain data, fit to cross to another thread or process. */
export type StepOutcome =
  | { readonly kind: 'completed'; readonly text: string; readonly executionTimeMs: number }
  | {
      readonly kind: 'failed';
      /** The document of a failure (contract 2.2). */
      readonly text: string;
      readonly executionTimeMs: number;
      readonly errorType: string;
      readonly message: string;
      readonly retryable: boolean;
    }
  | {
      readonly kind: 'checkpoint';
      /** The checkpoint document (contract 2.4). */
      readonly text: string;
      readonly executionTimeMs: number;
    };

/** Makes the outcome of a failure. Never throws. */
export function failedOutcome(
  stepUuid: string,
  executionTimeMs: number,
  failure: StepFailure,
  domainEvents = '',
): StepOutcome {
  return {
    kind: 'failed',
    text: failureText({ stepUuid, executionTimeMs, domainEvents }, failure),
    executionTimeMs,
    errorType: failure.errorType,
    message: failure.error.message,
    retryable: failure.retryable,
  };
}

function outcomeOfReturned(context: StepContext, startedAt: number, returned: unknown, direct: boolean): StepOutcome {
  const { stepUuid } = context;
  const executionTimeMs = Math.round(performance.now() - startedAt);
  try {
    if (!direct && !(returned instanceof StepHandlerResult)) {
      const reason = `call: returned ${showValue(returned)}, expected a StepHandlerResult`;
      throw new HandlerResultError('invalid_result', reason);
    }
    const result = wrapReturned(returned);
    if (!result.success) {
      return failedOutcome(stepUuid, executionTimeMs, failureOfResult(result), context.publishedEvents());
    }
    if (result.isCheckpointYield()) {
      const text = checkpointText(stepUuid, result.checkpoint, context.publishedEvents());
      return { kind: 'checkpoint', text, executionTimeMs };
    }
    const facts = { stepUuid, executionTimeMs, domainEvents: context.publishedEvents() };
    return { kind: 'completed', text: successText(facts, result), executionTimeMs };
  } catch (error) {
    return failedOutcome(stepUuid, executionTimeMs, failureOfThrown(error));
  }
}

function runHandler(handler: ExecutableHandler, context: StepContext): StepOutcome | Promise<StepOutcome> {
  const { stepUuid } = context;
  const startedAt = performance.now();
  const failed = (error: unknown): StepOutcome =>
    failedOutcome(
      stepUuid,
      Math.round(performance.now() - startedAt),
      failureOfThrown(error),
      context.publishedEvents(),
    );
  const direct = isDirect(handler);
  let returned: unknown;
  try {
    returned = direct ? handler[runDirectly](context) : handler.call(context);
  } catch (error) {
    return failed(error);
  }
  return isThenable(returned)
    ? Promise.resolve(returned).then((value) => outcomeOfReturned(context, startedAt, value, direct), failed)
    : outcomeOfReturned(context, startedAt, returned, direct);
}

/**
 * Runs the handler of a step.
 *
 * @returns what came of it: at once when the handler returns at once, else a promise that never rejects
 */
export function runStep(registry: HandlerRegistry, context: StepContext): StepOutcome | Promise<StepOutcome> {
  const definition = context.event.step_definition.handler;
  const failed = (error: unknown): StepOutcome => failedOutcome(context.stepUuid, 0, failureOfThrown(error));
  let handler: ExecutableHandler | null;
  try {
    handler = registry.resolveSync(definition);
  } catch (error) {
    return failed(error);
  }
  if (handler !== null) {
    return runHandler(handler, context);
  }
  return registry.resolve(definition).then((found) => {
    if (found === null) {
      return failed(new NoResolverMatchError(`no handler ${definition.callable} is registered`));
    }
    return runHandler(found, context);
  }, failed);
}
