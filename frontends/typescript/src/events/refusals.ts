// What it means that the core refused what came of a step.
import { HandlerResultError } from '../errors/handler-errors.js';
import type { TaskerError } from '../errors/tasker-error.js';

/** The core does not take the document; the event stays open. */
export function isOfDocument(error: TaskerError): boolean {
  return error.code === 'TOO_LARGE' || error.code === 'INVALID_JSON' || error.code === 'INVALID_ARGUMENT';
}

/** The event is not open any more. */
export function isOfEvent(error: TaskerError): boolean {
  return ['FENCED', 'UNKNOWN_EVENT', 'CLOSED', 'INVALID_STATE'].includes(error.code);
}

/** What a document that the core refused means for its step. */
export function refusalOf(refusal: TaskerError): HandlerResultError {
  return refusal.code === 'TOO_LARGE'
    ? new HandlerResultError('result_too_large', refusal.message)
    : new HandlerResultError('invalid_result', refusal.message);
}
