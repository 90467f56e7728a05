// Compiled, never run: each line with an expected error fails the build when the error is gone.
import { defineHandler, from, type } from '#dist/handlers/define-handler.js';
import type { InputOf, ResultOf } from '#dist/handlers/define-handler-types.js';
import { StepHandlerResult } from '#dist/handlers/step-handler-result.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function claim<_Holds extends true>(): void {
  // Only the type matters.
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
    claim<Equal<typeof input, { path: string; limit?: number }>>();
    const rows: Flight[] = [{ delay: input.limit ?? 0, from: context.taskUuid }];
    await Promise.resolve();
    return { rows, loadedAt: new Date(0) };
  },
});
claim<Equal<InputOf<typeof loadFlights>, { path: string; limit?: number }>>();
// A Date has become text on its way through JSON.
export const loadedAt: string = ({} as ResultOf<typeof loadFlights>).loadedAt;
// @ts-expect-error the stored result has no Date
export const wrongDate: Date = ({} as ResultOf<typeof loadFlights>).loadedAt;

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
claim<Equal<ResultOf<typeof countRows>, { result: number }>>();

export const report = defineHandler({
  name: 'flights.Report',
  depends: {
    count: from(countRows, 'count_rows'),
    airports: from<{ states: number }>('airport_summary'),
    raw: 'some_step',
  },
  inputs: { title: 'report_title' },
  run: ({ count, airports, raw, title }) => {
    claim<Equal<typeof raw, unknown>>();
    claim<Equal<typeof title, unknown>>();
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
    claim<Equal<typeof raw, unknown>>();
    return { size: Number(raw) };
  },
  run: ({ input }) => ({ double: input.size * 2 }),
});

export const contractForm = defineHandler(
  'x.Contract',
  { depends: { left: 'left_step', typed: loadFlights }, inputs: { key: 'key' }, version: '2.0.0' },
  ({ context, left, typed, key }) => {
    claim<Equal<typeof left, unknown>>();
    claim<Equal<typeof key, unknown>>();
    return { step: context.stepUuid, rows: typed.rows.length };
  },
);
claim<Equal<ResultOf<typeof contractForm>['rows'], number>>();

export const nothing = defineHandler({ name: 'x.Nothing', run: () => undefined });
claim<Equal<ResultOf<typeof nothing>, Record<string, never>>>();

export const whole = defineHandler({
  name: 'x.Whole',
  run: ({ input }) => {
    claim<Equal<typeof input, Record<string, unknown>>>();
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
export const label: string | undefined = ({} as ResultOf<typeof recursive>).children[0]?.label;

// @ts-expect-error BigInt is not JSON
export const bigint = defineHandler({ name: 'x.BigInt', run: () => ({ total: 1n }) });
// @ts-expect-error a function inside the result is not JSON
export const inner = defineHandler({ name: 'x.Function', run: () => ({ a: { b: () => 1 } }) });
// @ts-expect-error a Map would become {} in silence
export const map = defineHandler({ name: 'x.Map', run: async () => ({ m: new Map([[1, 2]]) }) });
// @ts-expect-error a promise inside the result was not awaited
export const promise = defineHandler({ name: 'x.P', run: () => [Promise.resolve(1)] });
// @ts-expect-error a dependency is a handler, from(…) or a step name
export const number = defineHandler({ name: 'x.N', depends: { a: 5 }, run: () => ({}) });
