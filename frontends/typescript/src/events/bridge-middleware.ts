// Middleware that most need. Each is made once, for one use of a bridge.
import { requireFunction, requireInteger } from '../errors/checks.js';

interface AnyEvent {
  readonly name: string;
  readonly payload: unknown;
}
/** Middleware for events of any kind. */
export type AnyBusMiddleware = (event: AnyEvent, next: (payload?: unknown) => Promise<void>) => Promise<void>;

/** Lets through what `keep` is true for. */
export function filterEvents(keep: (event: AnyEvent) => boolean): AnyBusMiddleware {
  requireFunction(keep, 'keep');
  return async (event, next) => {
    if (keep(event)) {
      await next();
    }
  };
}

/** Exchanges the payload for what `enrich` makes of it. */
export function enrichEvents(enrich: (event: AnyEvent) => unknown): AnyBusMiddleware {
  requireFunction(enrich, 'enrich');
  return async (event, next) => {
    await next(await enrich(event));
  };
}

/** Tells `sink` how many milliseconds the rest of the way took, failed or not. */
export function timeEvents(sink: (event: AnyEvent, durationMs: number) => void): AnyBusMiddleware {
  requireFunction(sink, 'sink');
  return async (event, next) => {
    const began = performance.now();
    try {
      await next();
    } finally {
      sink(event, performance.now() - began);
    }
  };
}

/** Lets through the first of every `every` publishes. @param every 1 or more */
export function sampleEvents(every: number): AnyBusMiddleware {
  requireInteger(every, 'every', 1, Number.MAX_SAFE_INTEGER);
  let count = 0;
  return async (_event, next) => {
    const through = count % every === 0;
    count += 1;
    if (through) {
      await next();
    }
  };
}

/** Whether `pattern` chooses `name`, as the core says: a `*` stands for one segment, at the end for one or more. */
export function patternMatches(pattern: string, name: string): boolean {
  const wanted = pattern.split('.');
  const given = name.split('.');
  if (wanted.length > given.length || (wanted.length < given.length && wanted.at(-1) !== '*')) {
    return false;
  }
  return wanted.every((segment, index) => segment === '*' || segment === given[index]);
}
