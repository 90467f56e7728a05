// Compiled with the tests: a claim about a type that does not hold, or an expected error that is gone, fails the build.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- type parameters that are named at the call */
/* eslint-disable @typescript-eslint/no-unsafe-assignment -- values whose type is an expected error */
import { defineHandler, from, type } from '#dist/handlers/define-handler.js';
import type { InputOf, ResultOf } from '#dist/handlers/define-handler-types.js';
import { StepHandlerResult } from '#dist/handlers/step-handler-result.js';

type IsAny<T> = 0 extends 1 & T ? true : false;
type Equal<A, B> = IsAny<A> extends IsAny<B> ? ([A, B] extends [B, A] ? true : false) : false;

/** Compiles when the value's type is `Expected`, neither wider nor narrower. */
function exactly<Expected>(): <Actual>(value: Actual, same: Equal<Actual, Expected>) => void {
  return () => undefined;
}

/** A value of which only the type matters. */
function some<T>(): T {
  return undefined as T;
}

interface Flight {
  delay: number;
  from: string;
  gate?: string;
}

export const loadFlights = defineHandler({
  name: 'flights.Load',
  step: 'load_flights',
  input: type<{ path: string; limit?: number }>(),
  run: async ({ input, context }) => {
    exactly<{ path: string; limit?: number }>()(input, true);
    const rows: Flight[] = [{ delay: input.limit ?? 0, from: context.taskUuid }];
    await Promise.resolve();
    return { rows, loadedAt: new Date(0) };
  },
});
exactly<{ path: string; limit?: number }>()(some<InputOf<typeof loadFlights>>(), true);
// A Date has become text on its way through JSON.
export const loadedAt: string = some<ResultOf<typeof loadFlights>>().loadedAt;
// @ts-expect-error the stored result has no Date
export const wrongDate: Date = some<ResultOf<typeof loadFlights>>().loadedAt;

export const countRows = defineHandler({
  name: 'flights.Count',
  depends: { flights: loadFlights },
  run: ({ flights }) => {
    const first = flights.rows[0];
    const delay: number | undefined = first?.delay;
    // @ts-expect-error rows hold no member `speed`
    const speed: unknown = first?.speed;
    return flights.rows.length + (delay ?? 0) + (speed === undefined ? 0 : 1);
  },
});
exactly<{ result: number }>()(some<ResultOf<typeof countRows>>(), true);

export const report = defineHandler({
  name: 'flights.Report',
  depends: {
    count: from(countRows, 'count_rows'),
    airports: from<{ states: number }>('airport_summary'),
    raw: 'some_step',
  },
  inputs: { title: 'report_title' },
  run: ({ count, airports, raw, title }) => {
    exactly<unknown>()(raw, true);
    exactly<unknown>()(title, true);
    const total: number = count.result + airports.states;
    // @ts-expect-error what another step returned under a bare name is unknown
    const text: string = raw;
    return { total, text };
  },
});

// @ts-expect-error a parameter that was not declared does not exist
export const undeclared = defineHandler({ name: 'x', run: ({ nothing }) => ({ nothing }) });

export const parsed = defineHandler({
  name: 'x.Parsed',
  input: (raw) => {
    exactly<unknown>()(raw, true);
    return { size: Number(raw) };
  },
  run: ({ input }) => ({ double: input.size * 2 }),
});

export const contractForm = defineHandler(
  'x.Contract',
  { depends: { left: 'left_step', typed: loadFlights }, inputs: { key: 'key' }, version: '2.0.0' },
  ({ context, left, typed, key }) => {
    exactly<unknown>()(left, true);
    exactly<unknown>()(key, true);
    return { step: context.stepUuid, rows: typed.rows.length };
  },
);
exactly<number>()(some<ResultOf<typeof contractForm>['rows']>(), true);

export const nothing = defineHandler({ name: 'x.Nothing', run: () => undefined });
exactly<Record<string, never>>()(some<ResultOf<typeof nothing>>(), true);

export const whole = defineHandler({
  name: 'x.Whole',
  run: ({ input }) => {
    exactly<Record<string, unknown>>()(input, true);
    return StepHandlerResult.failure('no');
  },
});

interface Tree {
  label: string;
  children: Tree[];
}
export const recursive = defineHandler({
  name: 'x.Recursive',
  run: (): Tree => ({ label: 'root', children: [] }),
});
export const label: string | undefined = some<ResultOf<typeof recursive>>().children[0]?.label;

// @ts-expect-error BigInt is not JSON
export const bigint = defineHandler({ name: 'x.BigInt', run: () => ({ total: 1n }) });
// @ts-expect-error a function inside the result is not JSON
export const inner = defineHandler({ name: 'x.Function', run: () => ({ a: { b: () => 1 } }) });
// @ts-expect-error a Map would become {} in silence
export const map = defineHandler({ name: 'x.Map', run: () => Promise.resolve({ m: new Map([[1, 2]]) }) });
// @ts-expect-error a promise inside the result was not awaited
export const promise = defineHandler({ name: 'x.P', run: () => [Promise.resolve(1)] });
// @ts-expect-error a dependency is a handler, from(…) or a step name
export const number = defineHandler({ name: 'x.N', depends: { a: 5 }, run: () => ({}) });
