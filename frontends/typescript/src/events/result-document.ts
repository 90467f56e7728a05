// From what a handler returned or threw to the result document of the contract (2.2), as JSON text.
import { toError } from '../errors/convert.js';
import { HandlerError, HandlerResultError, RetryableError } from '../errors/handler-errors.js';
import { showValue } from '../errors/checks.js';
import { CrashErrorType } from '../errors/crash-types.js';
import { ErrorType } from '../handlers/error-type.js';
import { findNotJson } from '../errors/json.js';
import type { CheckpointYield, StepHandlerResult } from '../handlers/step-handler-result.js';
import type { JsonObject } from '../native/types.js';

const messageLengthMax = 8192;
const backtraceLinesMax = 50;
const backtraceLineLengthMax = 500;
const causesMax = 3;

/** Error type of an attempt whose checkpoint could not be stored, as the core records it. */
export const checkpointErrorType = 'checkpoint_error';

/** Why a step failed, before it becomes text. */
export interface StepFailure {
  readonly error: Error;
  readonly errorType: string;
  readonly errorCode: string | null;
  readonly retryable: boolean;
  /** `failed`: the handler said so; `error`: it threw. */
  readonly status: 'failed' | 'error';
  readonly metadata: JsonObject;
  readonly backtrace: readonly string[] | null;
}

/** What the document says of the attempt. */
export interface AttemptFacts {
  readonly stepUuid: string;
  readonly executionTimeMs: number;
  /** Domain events that the handler publishes itself: members of a JSON array, or empty. */
  readonly domainEvents?: string;
}

/** The member of a result document that carries the handler's own domain events; empty when there are none. */
function domainEventsMember(facts: AttemptFacts): string {
  return facts.domainEvents === undefined || facts.domainEvents === ''
    ? ''
    : `,"domain_events":[${facts.domainEvents}]`;
}

function cut(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
}

/** Stack of an error and its causes as lines, size-capped. */
function backtraceOf(error: Error): string[] {
  const lines: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth <= causesMax && current instanceof Error; depth += 1) {
    const [head = '', ...frames] = (typeof current.stack === 'string' ? current.stack : '').split('\n');
    if (depth > 0) {
      lines.push(`caused by ${head}`);
    }
    lines.push(...frames.map((frame) => frame.trim()).filter((frame) => /^at |@/.test(frame)));
    current = current.cause;
  }
  return lines.slice(0, backtraceLinesMax).map((line) => cut(line, backtraceLineLengthMax));
}

/** What a thrown value means for its step. Never throws. */
export function failureOfThrown(thrown: unknown): StepFailure {
  try {
    return readThrown(toError(thrown));
  } catch {
    return readThrown(new Error('a value that can not be read was thrown'));
  }
}

/** Memory outside the JavaScript heap ran out: a RangeError in words of its own on each engine. */
function isOutOfMemory(error: Error): boolean {
  return error instanceof RangeError && /allocation failed|out of memory/i.test(error.message);
}

function readThrown(given: Error): StepFailure {
  const message: unknown = given.message;
  const error = typeof message === 'string' ? given : new Error(String(message), { cause: given });
  const common = { error, errorCode: null, status: 'error', backtrace: backtraceOf(error) } as const;
  if (!(error instanceof HandlerError)) {
    return {
      ...common,
      errorType: isOutOfMemory(error) ? CrashErrorType.OUT_OF_MEMORY : ErrorType.HANDLER_ERROR,
      retryable: true,
      metadata: { errorType: error.name },
    };
  }
  const delay = error instanceof RetryableError ? error.retryAfterSeconds : undefined;
  return {
    ...common,
    errorType: error.errorType,
    retryable: error.retryable,
    metadata: delay === undefined ? error.metadata : { ...error.metadata, retry_after_seconds: delay },
  };
}

/** What a failure that the handler returned means for its step. */
export function failureOfResult(result: StepHandlerResult): StepFailure {
  return {
    error: new Error(result.errorMessage ?? 'the handler returned a failure without a message'),
    errorType: result.errorType ?? ErrorType.HANDLER_ERROR,
    errorCode: result.errorCode,
    retryable: result.retryable,
    status: 'failed',
    metadata: result.metadata,
    backtrace: null,
  };
}

/** @throws {HandlerResultError} invalid_result or result_too_large */
function jsonText(value: unknown, name: string): string {
  const problem = findNotJson(value, name);
  if (problem !== null) {
    throw new HandlerResultError('invalid_result', problem.message);
  }
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new HandlerResultError('result_too_large', `${name}: longer than a string can be`);
    }
    throw new HandlerResultError('invalid_result', `${name}: ${toError(error).message}`);
  }
}

/**
 * The document of a success.
 *
 * @throws {HandlerResultError} when the result or its metadata is not JSON; whatever a getter or a toJSON of the
 * author's throws
 */
export function successText(facts: AttemptFacts, result: StepHandlerResult): string {
  if (typeof result.result !== 'object' || result.result === null) {
    throw new HandlerResultError('invalid_result', `result: ${showValue(result.result)}, expected an object`);
  }
  const text = jsonText(result.result, 'result');
  let metadata = `"execution_time_ms":${facts.executionTimeMs}`;
  for (const key in result.metadata) {
    if (Object.hasOwn(result.metadata, key)) {
      metadata = jsonText({ execution_time_ms: facts.executionTimeMs, ...result.metadata }, 'metadata').slice(1, -1);
      break;
    }
  }
  const rest = `"result":${text},"metadata":{${metadata}}${domainEventsMember(facts)}`;
  return `{"step_uuid":"${facts.stepUuid}","success":true,"status":"completed",${rest}}`;
}

/**
 * The checkpoint document (contract 2.4) of a handler that yields.
 *
 * @throws {HandlerResultError} invalid_result naming the member at fault
 */
export function checkpointText(stepUuid: string, checkpoint: CheckpointYield, domainEvents = ''): string {
  if (domainEvents !== '') {
    throw new HandlerResultError(
      'invalid_result',
      'publishEvent: a checkpoint carries no domain events; publish them when the step ends',
    );
  }
  const { cursor, itemsProcessed, accumulatedResults } = checkpoint;
  if (cursor === null || cursor === undefined) {
    throw new HandlerResultError('invalid_result', `cursor: ${showValue(cursor)}, expected any other JSON value`);
  }
  if (!Number.isSafeInteger(itemsProcessed) || itemsProcessed < 0) {
    throw new HandlerResultError(
      'invalid_result',
      `itemsProcessed: ${showValue(itemsProcessed)}, expected a whole number from 0 on`,
    );
  }
  const results = accumulatedResults === null ? 'null' : jsonText(accumulatedResults, 'accumulatedResults');
  return (
    `{"step_uuid":"${stepUuid}","cursor":${jsonText(cursor, 'cursor')},` +
    `"items_processed":${String(itemsProcessed)},"accumulated_results":${results}}`
  );
}

/** Author's metadata of a failure. What is not JSON must not change the retry decision: it is replaced by a note. */
function failureMetadata(metadata: JsonObject): JsonObject {
  try {
    const problem = findNotJson(metadata, 'metadata');
    return problem === null ? metadata : { metadata_problem: problem.message };
  } catch (error) {
    return { metadata_problem: cut(toError(error).message, backtraceLineLengthMax) };
  }
}

/** The document of a failure. Never throws. */
export function failureText(facts: AttemptFacts, failure: StepFailure): string {
  const metadata = failureMetadata(failure.metadata);
  const statusCode = metadata['status_code'];
  const httpStatus =
    Number.isInteger(statusCode) && (statusCode as number) >= 0 && (statusCode as number) <= 65_535 ? statusCode : null;
  const document = JSON.stringify({
    step_uuid: facts.stepUuid,
    success: false,
    status: failure.status,
    result: {},
    metadata: {
      execution_time_ms: facts.executionTimeMs,
      retryable: failure.retryable,
      error_type: failure.errorType,
      error_code: failure.errorCode,
      ...metadata,
    },
    error: {
      message: cut(failure.error.message, messageLengthMax),
      error_type: failure.errorType,
      retryable: failure.retryable,
      status_code: httpStatus,
      backtrace: failure.backtrace,
    },
  });
  return `${document.slice(0, -1)}${domainEventsMember(facts)}}`;
}

/** The same failure in as few bytes as possible, for when the whole was refused. */
export function smallFailure(failure: StepFailure): StepFailure {
  return {
    ...failure,
    error: new Error(cut(failure.error.message, 200)),
    metadata: {},
    backtrace: null,
  };
}
