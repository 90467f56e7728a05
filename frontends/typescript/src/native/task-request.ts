// A task request from the caller's options to the contract's document (2.8), with the friendly checks.
import { makeTaskerError } from '../errors/convert.js';
import { refuseUnknownKeys, requireInteger, requireString, showValue } from '../errors/checks.js';
import { findNotJson } from '../errors/json.js';

const members: Readonly<Record<string, string>> = {
  name: 'name',
  namespace: 'namespace',
  version: 'version',
  context: 'context',
  initiator: 'initiator',
  sourceSystem: 'source_system',
  reason: 'reason',
  tags: 'tags',
  priority: 'priority',
  correlationId: 'correlation_id',
  parentCorrelationId: 'parent_correlation_id',
  idempotencyKey: 'idempotency_key',
  options: 'options',
};
const known = Object.keys(members);

function checkObject(value: unknown, field: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(value)}, expected an object`, { field });
  }
  const problem = findNotJson(value, field);
  if (problem !== null) {
    throw makeTaskerError('INVALID_ARGUMENT', problem.message, { field: problem.path });
  }
}

function checkMember(key: string, value: unknown, field: string): void {
  switch (key) {
    case 'context':
    case 'options':
      checkObject(value, field);
      return;
    case 'tags':
      if (!Array.isArray(value) || value.some((tag) => typeof tag !== 'string')) {
        throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(value)}, expected an array of strings`, {
          field,
        });
      }
      return;
    case 'priority':
      requireInteger(value, field, -100, 100);
      return;
    default:
      requireString(value, field);
  }
}

/**
 * @param field path that errors name, such as `requests[2]`
 * @throws {TaskerError} INVALID_ARGUMENT with the path of the member at fault
 */
export function taskRequestDocument(request: unknown, field: string): Record<string, unknown> {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(request)}, expected an object`, { field });
  }
  refuseUnknownKeys(request, known, field);
  const given = request as Record<string, unknown>;
  requireString(given['name'], `${field}.name`);
  const document: Record<string, unknown> = {
    namespace: 'default',
    context: {},
    initiator: 'tasker-typescript',
    source_system: 'tasker-worker',
    reason: 'Task requested',
  };
  for (const [key, target] of Object.entries(members)) {
    const value = given[key];
    if (value === undefined || value === null) {
      continue;
    }
    checkMember(key, value, `${field}.${key}`);
    document[target] = value;
  }
  return document;
}
