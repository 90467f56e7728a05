// The types of `defineHandler`: input, dependency results and result of a handler flow from one definition.
import type { NotJsonPaths, Serialized } from '../errors/json.js';
import type { HandlerExecution } from './execution.js';
import type { StepContext } from './step-context.js';
import type { StepHandlerClass } from './step-handler.js';
import type { CheckpointYieldResult, StepHandlerResult } from './step-handler-result.js';

declare const handlerTypes: unique symbol;
declare const sourceType: unique symbol;

/** A handler class that `defineHandler` made; it remembers the types of its input and its result. */
export interface DefinedHandler<Input = unknown, Result = unknown> extends StepHandlerClass {
  readonly handlerVersion: string;
  /** Name of the step that dependents read this handler's result from. */
  readonly stepName: string;
  readonly [handlerTypes]?: { readonly input: Input; readonly result: Result };
}

/** Type of a handler's input. */
export type InputOf<Handler> = Handler extends DefinedHandler<infer Input> ? Input : never;
/** Type of a handler's result as its dependents and the store see it: after JSON, always an object. */
export type ResultOf<Handler> = Handler extends DefinedHandler<unknown, infer Result> ? Result : never;

/** A dependency under a step name of its own; made by `from`. */
export interface DependencySource<Result> {
  readonly stepName: string;
  readonly [sourceType]?: Result;
}

/** One parameter of `depends`: a handler (its `stepName`), a `from(…)`, or a step name whose result is unknown. */
export type Dependency = string | DefinedHandler | DependencySource<unknown>;
export type Dependencies = Readonly<Record<string, Dependency>>;
/** Parameter name to key of the task's input. */
export type InputKeys = Readonly<Record<string, string>>;

export type DependencyValue<Source> = Source extends string
  ? unknown
  : Source extends DefinedHandler<unknown, infer Result>
    ? Result
    : Source extends DependencySource<infer Result>
      ? Result
      : never;

/** What a function without a return statement gives. */
type Nothing = ReturnType<() => void>;
type Simplify<T> = { [K in keyof T]: T[K] };

/** What a handler's function gets: the context, the input, each dependency and each picked input key by name. */
export type HandlerArguments<Input, Depends, Keys> = Simplify<
  { readonly context: StepContext } & Omit<{ readonly input: Input }, Extract<keyof Depends | keyof Keys, string>> & {
      readonly [K in keyof Depends]: DependencyValue<Depends[K]>;
    } & { readonly [K in keyof Keys]: unknown }
>;

/** What the store keeps of a value that a handler returned. */
export type StoredResult<Returned> = Returned extends CheckpointYieldResult
  ? never
  : Returned extends StepHandlerResult
    ? Record<string, unknown>
    : Returned extends null | undefined | Nothing
      ? Record<string, never>
      : Returned extends string | number | boolean | readonly unknown[]
        ? { result: Serialized<Returned> }
        : Serialized<Returned>;

/** `unknown` when JSON can carry what is returned; else a type that names the places, and nothing fits it. */
export type JsonResult<Returned> = [Awaited<Returned>] extends [StepHandlerResult]
  ? unknown
  : [Problems<Awaited<Returned>>] extends [never]
    ? unknown
    : { readonly run: `not JSON: ${Problems<Awaited<Returned>>}` };
type Problems<Returned> = NotJsonPaths<Exclude<Returned, StepHandlerResult | Nothing>, 'result'>;

/** All of a handler but its function and its name. */
export interface HandlerOptions<
  Input = unknown,
  Depends extends Dependencies = Dependencies,
  Keys extends InputKeys = InputKeys,
> extends HandlerExecution {
  /**
   * Reads the task's input: gets the raw object, returns it typed or throws, which fails the step for good with the
   * error type `validation_error`. `type<T>()` only types, without a check.
   *
   * @default the raw object
   */
  readonly input?: (raw: unknown) => Input;
  /** Parameter name to the step whose result it is. `context` is taken. @default {} */
  readonly depends?: Depends;
  /** Parameter name to a key of the task's input. `context` is taken. @default {} */
  readonly inputs?: Keys;
  /** @default '1.0.0' */
  readonly version?: string;
  /** Step name under which dependents find this handler's result. @default the handler's name */
  readonly step?: string;
}

/** A handler in one object. */
export interface HandlerDefinitionObject<
  Input,
  Depends extends Dependencies,
  Keys extends InputKeys,
  Returned,
> extends HandlerOptions<Input, Depends, Keys> {
  /** What templates use as `handler.callable`. */
  readonly name: string;
  /** An object becomes the step's result as it is, nothing becomes `{}`, any other value `{ result: value }`. */
  readonly run: (given: HandlerArguments<Input, Depends, Keys>) => Returned;
}
