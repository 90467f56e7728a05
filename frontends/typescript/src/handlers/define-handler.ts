// `defineHandler`: a handler class from a function and its declarations.
import { refuseUnknownKeys, requireFunction, requireString, showValue } from '../errors/checks.js';
import { makeTaskerError, toError } from '../errors/convert.js';
import { HandlerError } from '../errors/handler-errors.js';
import type {
  DefinedHandler,
  Dependencies,
  Dependency,
  DependencySource,
  HandlerArguments,
  HandlerDefinitionObject,
  HandlerOptions,
  InputKeys,
  JsonResult,
  StoredResult,
} from './define-handler-types.js';
import { checkExecution, executionKeys, type HandlerExecution } from './execution.js';
import { ErrorType, WorkerErrorType } from './error-type.js';
import { runDirectly } from './invoke.js';
import type { StepContext } from './step-context.js';
import { StepHandler } from './step-handler.js';
import { StepHandlerResult } from './step-handler-result.js';

/** A failure that `defineHandler` finds before the author's function runs: trying again can not help. */
class DeclarationError extends HandlerError {
  override readonly name: string = 'DeclarationError';
  readonly errorType: string;
  readonly retryable: boolean = false;

  constructor(errorType: string, message: string, cause?: unknown) {
    super(message, {}, cause === undefined ? undefined : { cause });
    this.errorType = errorType;
  }
}

/** Types an input without checking it: `input: type<{ path: string }>()`. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names it
export function type<T>(): (raw: unknown) => T {
  return (raw) => raw as T;
}

/**
 * A dependency under a step name other than the handler's own: `depends: { flights: from(loadFlights, 'load_flights') }`.
 * With a step name alone, `from<T>('load_flights')`, the type is the caller's word.
 */
export function from<Result>(handler: DefinedHandler<unknown, Result>, stepName: string): DependencySource<Result>;
export function from<Result>(stepName: string): DependencySource<Result>;
export function from<Result>(
  handlerOrStep: DefinedHandler<unknown, Result> | string,
  stepName?: string,
): DependencySource<Result> {
  const name = typeof handlerOrStep === 'string' ? handlerOrStep : stepName;
  requireString(name, 'stepName');
  return { stepName: name };
}

/** What a value that a handler returned means: a result as it is, nothing as `{}`, other values as `{ result }`. */
export function wrapReturned(returned: unknown): StepHandlerResult {
  if (returned instanceof StepHandlerResult) {
    return returned;
  }
  if (returned === null || returned === undefined) {
    return StepHandlerResult.success({});
  }
  return StepHandlerResult.success(
    typeof returned === 'object' && !Array.isArray(returned) ? returned : { result: returned },
  );
}

/** No dependencies, no picked inputs: no further parameters. */
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- the type without keys is meant
type Nothing = Record<never, never>;

type Loose = HandlerDefinitionObject<unknown, Dependencies, InputKeys, unknown>;

interface CompiledParameter {
  readonly parameter: string;
  readonly source: string;
  /** A missing result is an error instead of null. */
  readonly required: boolean;
}

const knownMembers = ['name', 'input', 'depends', 'inputs', 'version', 'step', 'run', ...executionKeys];

function checkDefinition(given: unknown): Loose {
  if (typeof given !== 'object' || given === null) {
    throw makeTaskerError('INVALID_ARGUMENT', `definition: ${showValue(given)}, expected an object`, {
      field: 'definition',
    });
  }
  refuseUnknownKeys(given, knownMembers, 'definition');
  const definition = given as Loose;
  requireString(definition.name, 'definition.name');
  requireFunction(definition.run, 'definition.run');
  if (definition.input !== undefined) {
    requireFunction(definition.input, 'definition.input');
  }
  if (definition.version !== undefined) {
    requireString(definition.version, 'definition.version');
  }
  if (definition.step !== undefined) {
    requireString(definition.step, 'definition.step');
  }
  return definition;
}

function stepNameOf(dependency: Dependency, field: string): string {
  const name: unknown =
    typeof dependency === 'string'
      ? dependency
      : (dependency as Partial<DependencySource<unknown>> | null | undefined)?.stepName;
  if (typeof name !== 'string' || name === '') {
    throw makeTaskerError(
      'INVALID_ARGUMENT',
      `${field}: ${showValue(dependency)}, expected a defined handler, from(…) or a step name`,
      { field },
    );
  }
  return name;
}

function compileParameters(definition: Loose): {
  depends: CompiledParameter[];
  inputs: CompiledParameter[];
} {
  const depends = Object.entries(definition.depends ?? {}).map(([parameter, dependency]) => ({
    parameter,
    source: stepNameOf(dependency, `definition.depends.${parameter}`),
    required: typeof dependency !== 'string',
  }));
  const inputs = Object.entries(definition.inputs ?? {}).map(([parameter, key]) => {
    requireString(key, `definition.inputs.${parameter}`);
    return { parameter, source: key, required: false };
  });
  const seen = new Set(['context']);
  for (const { parameter } of [...depends, ...inputs]) {
    if (seen.has(parameter)) {
      throw makeTaskerError('INVALID_ARGUMENT', `definition: the parameter ${parameter} is taken`, {
        field: 'definition',
      });
    }
    seen.add(parameter);
  }
  return { depends, inputs };
}

function readInput(read: (raw: unknown) => unknown, context: StepContext): unknown {
  try {
    return read(context.inputData);
  } catch (error) {
    if (error instanceof HandlerError) {
      throw error;
    }
    throw new DeclarationError(ErrorType.VALIDATION_ERROR, `input: ${toError(error).message}`, error);
  }
}

function readDependency(parameter: CompiledParameter, context: StepContext): unknown {
  const value = context.getDependencyResult(parameter.source);
  if (value === null && parameter.required) {
    const present = context.getDependencyResultKeys().join(', ');
    throw new DeclarationError(
      WorkerErrorType.DEPENDENCY_NOT_FOUND,
      `${parameter.parameter}: no result of a step ${parameter.source}; there are results of: ` +
        (present === '' ? 'no step' : present),
    );
  }
  return value;
}

function compileHandler(given: unknown): DefinedHandler {
  const definition = checkDefinition(given);
  const { depends, inputs } = compileParameters(definition);
  const { name, run } = definition;
  const read = definition.input;
  const execution = checkExecution(definition, 'definition') ?? {};

  const start = (context: StepContext): unknown => {
    const values: Record<string, unknown> = {
      context,
      input: read === undefined ? context.inputData : readInput(read, context),
    };
    for (const parameter of depends) {
      values[parameter.parameter] = readDependency(parameter, context);
    }
    for (const parameter of inputs) {
      values[parameter.parameter] = context.inputData[parameter.source];
    }
    return run(values as HandlerArguments<unknown, Dependencies, InputKeys>);
  };

  return class extends StepHandler {
    static override readonly handlerName = name;
    static override readonly handlerVersion = definition.version ?? '1.0.0';
    static override readonly execution: HandlerExecution = execution;
    static readonly stepName = definition.step ?? name;

    async call(context: StepContext): Promise<StepHandlerResult> {
      return wrapReturned(await start(context));
    }

    [runDirectly](context: StepContext): unknown {
      return start(context);
    }
  };
}

/**
 * Makes a handler from one definition; the types of its input, its dependencies' results and its result follow from
 * it. Dependencies are given as the handlers themselves.
 *
 * @returns a handler class, for `WorkerServer` and `HandlerRegistry`
 * @throws {TaskerError} INVALID_ARGUMENT naming the member at fault
 *
 * @example
 * ```ts
 * const loadFlights = defineHandler({
 *   name: 'flights.Load',
 *   step: 'load_flights',
 *   input: type<{ path: string }>(),
 *   run: async ({ input }) => ({ rows: (await readFile(input.path, 'utf8')).length }),
 * });
 * const report = defineHandler({
 *   name: 'flights.Report',
 *   depends: { flights: loadFlights },
 *   run: ({ flights }) => ({ text: `${flights.rows} rows` }),
 * });
 * ```
 */
export function defineHandler<
  Returned,
  Input = Record<string, unknown>,
  const Depends extends Dependencies = Nothing,
  const Keys extends InputKeys = Nothing,
>(
  definition: HandlerDefinitionObject<Input, Depends, Keys, Returned> & JsonResult<Returned>,
): DefinedHandler<Input, StoredResult<Awaited<Returned>>>;
/** The same as the contract spells it: name, options, function. */
export function defineHandler<
  Returned,
  Input = Record<string, unknown>,
  const Depends extends Dependencies = Nothing,
  const Keys extends InputKeys = Nothing,
>(
  name: string,
  options: HandlerOptions<Input, Depends, Keys>,
  fn: (given: HandlerArguments<Input, Depends, Keys>) => Returned,
): DefinedHandler<Input, StoredResult<Awaited<Returned>>>;
export function defineHandler(nameOrDefinition: unknown, options?: unknown, fn?: unknown): DefinedHandler {
  if (typeof nameOrDefinition !== 'string') {
    return compileHandler(nameOrDefinition);
  }
  if (typeof options !== 'object' || options === null) {
    throw makeTaskerError('INVALID_ARGUMENT', `options: ${showValue(options)}, expected an object`, {
      field: 'options',
    });
  }
  return compileHandler({ ...options, name: nameOrDefinition, run: fn });
}
