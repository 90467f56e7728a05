// Handlers addressed by module and export, so that a thread or a child can load what this thread only names.
import { refuseUnknownKeys, requireString, showValue } from '../errors/checks.js';
import { makeTaskerError, toError } from '../errors/convert.js';
import { HandlerError } from '../errors/handler-errors.js';
import { CrashErrorType } from '../errors/crash-types.js';
import { checkExecution, executionKeys, moduleUrl, type HandlerExecution } from './execution.js';
import type { ExecutableHandler, StepHandlerClass } from './step-handler.js';

/** Where a handler is found: all that crosses to a thread or a child. */
export interface ModuleAddress {
  /** The handler's name: `handler.callable` of templates. */
  readonly callable: string;
  /** Absolute URL of the module. */
  readonly url: string;
  /** Name of the export; null: the one whose handler has the name `callable`. */
  readonly exportName: string | null;
}

/** Options of `handlerModule`. */
export interface HandlerModuleOptions extends Omit<HandlerExecution, 'module'> {
  /** What templates use as `handler.callable`. @default the name of the export */
  readonly name?: string;
}

const brand: unique symbol = Symbol.for('tasker.HandlerModule');

/** A handler that is named, not loaded; made by `handlerModule`. */
export class HandlerModule {
  readonly handlerName: string;
  readonly execution: HandlerExecution;

  /** @internal */
  constructor(handlerName: string, execution: HandlerExecution) {
    this.handlerName = handlerName;
    this.execution = execution;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Holds across copies of this package. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
  }
}

/**
 * Names a handler by module and export without loading it here: the thread, the child or, for `main`, the worker's start
 * loads it. The same file serves all executors, as JavaScript or, where the runtime runs it, as TypeScript.
 *
 * @throws {TaskerError} INVALID_ARGUMENT naming the member
 *
 * @example
 * ```ts
 * const image = handlerModule(new URL('./image.js', import.meta.url), { export: 'ImageHandler', executor: 'threads' });
 * ```
 */
export function handlerModule(url: string | URL, options: HandlerModuleOptions): HandlerModule {
  const module = moduleUrl(url, 'url');
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw makeTaskerError('INVALID_ARGUMENT', `options: ${showValue(given)}, expected an object`, { field: 'options' });
  }
  refuseUnknownKeys(options, ['name', ...executionKeys.filter((key) => key !== 'module')], 'options');
  const name = options.name ?? options.export;
  requireString(name, options.name === undefined ? 'options.export' : 'options.name');
  return new HandlerModule(name, { ...checkExecution({ ...options, module }, 'options'), module });
}

/** A handler's module can not be loaded, or does not export the handler. */
export class HandlerModuleError extends HandlerError {
  override readonly name: string = 'HandlerModuleError';
  readonly errorType: string = CrashErrorType.MODULE_LOAD_FAILED;
  readonly retryable: boolean = true;
}

function handlerNameOf(value: unknown): string | null {
  if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) {
    return null;
  }
  const { handlerName, name, call } = value as { handlerName?: unknown; name?: unknown; call?: unknown };
  if (typeof value === 'function') {
    return typeof handlerName === 'string' && handlerName !== '' ? handlerName : null;
  }
  return typeof call === 'function' && typeof name === 'string' ? name : null;
}

/**
 * Loads the handler at an address into this thread.
 *
 * @throws {HandlerModuleError} when the module throws, or has no such export
 */
export async function loadHandlerModule(address: ModuleAddress): Promise<StepHandlerClass | ExecutableHandler> {
  const { callable, url, exportName } = address;
  let module: Record<string, unknown>;
  try {
    module = (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw new HandlerModuleError(
      `${callable}: ${url} can not be loaded: ${toError(error).message}`,
      {},
      { cause: error },
    );
  }
  const candidates = exportName === null ? Object.values(module) : [module[exportName]];
  const found = candidates.find((value) => {
    const name = handlerNameOf(value);
    return name !== null && (exportName !== null || name === callable);
  });
  if (found === undefined) {
    const what = exportName === null ? `no handler named ${callable}` : `no handler ${exportName}`;
    throw new HandlerModuleError(`${callable}: ${url} exports ${what}; it exports ${Object.keys(module).join(', ')}`);
  }
  return found as StepHandlerClass | ExecutableHandler;
}
