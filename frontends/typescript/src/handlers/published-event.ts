// Domain events that a handler publishes itself, as the members of its result document.
import { showValue } from '../errors/checks.js';
import { HandlerResultError } from '../errors/handler-errors.js';
import { findNotJson } from '../errors/json.js';

/** When an event is published: by what came of the attempt. */
export type EventCondition = 'always' | 'success' | 'failure' | 'retryable_failure' | 'permanent_failure';
/** `durable`: at least once to every subscriber; `fast`: in this process alone; `broadcast`: both. */
export type EventDeliveryMode = 'durable' | 'fast' | 'broadcast';

/** Options of `StepContext.publishEvent`. */
export interface PublishEventOptions {
  /** @default that of the template's declaration, else `success` */
  readonly condition?: EventCondition;
  /** @default that of the template's declaration, else `durable` */
  readonly deliveryMode?: EventDeliveryMode;
}

const eventsMax = 256;
const namePattern = /^[a-z0-9_]+(?:\.[a-z0-9_]+)+$/;
const conditions = ['always', 'success', 'failure', 'retryable_failure', 'permanent_failure'];
const deliveryModes = ['durable', 'fast', 'broadcast'];

function refuse(field: string, value: unknown, expected: string): never {
  throw new HandlerResultError('invalid_result', `publishEvent: ${field}: ${showValue(value)}, expected ${expected}`);
}

/**
 * One event as JSON text.
 *
 * @param before how many the handler has published already
 * @throws {HandlerResultError} naming what no event can have
 */
export function publishedEventText(
  name: string,
  payload: object,
  options: PublishEventOptions,
  before: number,
): string {
  if (typeof name !== 'string' || !namePattern.test(name)) {
    refuse('name', name, 'the name of an event, such as parcel.registered');
  }
  if (typeof payload !== 'object' || (payload as object | null) === null || Array.isArray(payload)) {
    refuse('payload', payload, 'an object');
  }
  const problem = findNotJson(payload, 'payload');
  if (problem !== null) {
    throw new HandlerResultError('invalid_result', `publishEvent: ${problem.message}`);
  }
  const { condition, deliveryMode } = options;
  if (condition !== undefined && !conditions.includes(condition)) {
    refuse('condition', condition, conditions.join(', '));
  }
  if (deliveryMode !== undefined && !deliveryModes.includes(deliveryMode)) {
    refuse('deliveryMode', deliveryMode, deliveryModes.join(', '));
  }
  if (before >= eventsMax) {
    throw new HandlerResultError('invalid_result', `publishEvent: more than ${String(eventsMax)} events`);
  }
  return JSON.stringify({ name, payload, condition, delivery_mode: deliveryMode });
}
