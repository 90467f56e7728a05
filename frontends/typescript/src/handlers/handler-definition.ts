// How a template names a handler: callable, method, resolver, initialization.
import { makeTaskerError } from '../errors/convert.js';
import { requireString, showValue } from '../errors/checks.js';
import type { FfiHandlerDefinition, JsonObject } from '../native/types.js';
import { withDefault } from './with-default.js';

/** The method that runs when a template names none. */
export const DEFAULT_METHOD = 'call';

export interface HandlerDefinition {
  readonly callable: string;
  /** @default 'call' */
  readonly method?: string | null;
  /** Name of the one resolver to ask. @default the whole chain */
  readonly resolver?: string | null;
  readonly initialization?: JsonObject;
}

/** A callable's name, or a whole definition; the step event's own form fits. */
export type HandlerSpec = string | HandlerDefinition | FfiHandlerDefinition;

export function effectiveMethod(definition: HandlerDefinition): string {
  return definition.method ?? DEFAULT_METHOD;
}

/** Whether a method other than `call` is to run. */
export function usesMethodDispatch(definition: HandlerDefinition): boolean {
  return effectiveMethod(definition) !== DEFAULT_METHOD;
}

export function hasResolverHint(definition: HandlerDefinition): boolean {
  return definition.resolver !== undefined && definition.resolver !== null;
}

export function fromCallable(callable: string): HandlerDefinition {
  return { callable, initialization: {} };
}

/** From a step event's `step_definition.handler`. */
export function fromDto(dto: FfiHandlerDefinition): HandlerDefinition {
  return {
    callable: dto.callable,
    method: dto.method ?? null,
    resolver: dto.resolver ?? null,
    initialization: withDefault(dto.initialization, {}),
  };
}

/** @throws {TaskerError} INVALID_ARGUMENT when `spec` names no callable */
export function normalizeToDefinition(spec: HandlerSpec): HandlerDefinition {
  if (typeof spec === 'string') {
    requireString(spec, 'spec');
    return fromCallable(spec);
  }
  const given: unknown = spec;
  if (typeof given !== 'object' || given === null) {
    throw makeTaskerError(
      'INVALID_ARGUMENT',
      `spec: ${showValue(spec)}, expected a callable's name or a handler definition`,
      { field: 'spec' },
    );
  }
  requireString(spec.callable, 'spec.callable');
  return spec;
}
