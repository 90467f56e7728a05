// Decides where each handler runs: the configuration wins over the handler's definition, `main` is the default.
import { nearestName } from '../errors/checks.js';
import { makeTaskerError } from '../errors/convert.js';
import { moduleUrl, type HandlerExecution } from '../handlers/execution.js';
import type { ModuleAddress } from '../handlers/handler-module.js';
import type { ExecutorName } from '../native/native-door.js';

/** Why a handler runs where it does. */
export type PlacementSource = 'config' | 'definition' | 'default' | 'runtime' | 'fallback' | 'stall';

/** Where a handler runs, and within which bounds. */
export interface HandlerPlacement {
  readonly callable: string;
  readonly executor: ExecutorName;
  readonly source: PlacementSource;
  /** In words, for a fallback, a move, or what the runtime can not do. */
  readonly reason: string | null;
  /** Where threads and children load it from; null when it can run on `main` alone. */
  readonly address: ModuleAddress | null;
  readonly execution: HandlerExecution;
}

/** What the configuration says of the executors beside `main`. */
export interface PlacementConfig {
  /** Handlers that the configuration puts into an executor. */
  readonly handlers: Readonly<Record<Exclude<ExecutorName, 'main'>, readonly string[]>>;
  /** Executors that the configuration has switched off. */
  readonly disabled: readonly ExecutorName[];
  /** What this runtime has in the place of an executor that a definition asks for, and why. */
  readonly substitutes: Readonly<Partial<Record<ExecutorName, { executor: ExecutorName; reason: string }>>>;
  /** Mebibytes of each thread or child, when the configuration sets them. */
  readonly memoryLimitMb: Readonly<Partial<Record<ExecutorName, number>>>;
}

/** Name of the option of an executor. */
export const executorOptions = { threads: 'workerThreads', process: 'workerProcesses' } as const;
const pooled = ['threads', 'process'] as const;

function refuse(field: string, message: string): never {
  throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${message}`, { field });
}

function addressOf(callable: string, execution: HandlerExecution): ModuleAddress | null {
  return execution.module === undefined
    ? null
    : { callable, url: moduleUrl(execution.module, `${callable}.module`), exportName: execution.export ?? null };
}

/** @throws {TaskerError} INVALID_ARGUMENT for a name that no handler has, or that is in both lists */
function checkNames(config: PlacementConfig, known: readonly string[]): void {
  for (const executor of pooled) {
    config.handlers[executor].forEach((name, index) => {
      const field = `options.${executorOptions[executor]}.handlers[${index}]`;
      if (!known.includes(name)) {
        const nearest = nearestName(name, known);
        const hint = nearest === null ? `there are: ${known.join(', ')}` : `did you mean ${nearest}?`;
        refuse(field, `"${name}", expected the name of a registered handler; ${hint}`);
      }
      if (executor === 'process' && config.handlers.threads.includes(name)) {
        refuse(field, `"${name}" is in options.workerThreads.handlers too, expected one executor`);
      }
    });
  }
}

function chosen(
  callable: string,
  execution: HandlerExecution,
  config: PlacementConfig,
): Pick<HandlerPlacement, 'executor' | 'source' | 'reason'> {
  for (const executor of pooled) {
    if (config.handlers[executor].includes(callable)) {
      return { executor, source: 'config', reason: null };
    }
  }
  const { executor } = execution;
  if (executor === undefined) {
    return { executor: 'main', source: 'default', reason: null };
  }
  const substitute = config.substitutes[executor];
  return substitute === undefined
    ? { executor, source: 'definition', reason: null }
    : { ...substitute, source: 'runtime' };
}

/**
 * Places one handler.
 *
 * @throws {TaskerError} INVALID_ARGUMENT for a handler that can not move where it is to run, or needs more memory than
 * there is
 */
export function placeHandler(callable: string, execution: HandlerExecution, config: PlacementConfig): HandlerPlacement {
  const { executor, source, reason } = chosen(callable, execution, config);
  const address = addressOf(callable, execution);
  const base = { callable, execution, address };
  if (executor === 'main') {
    return { ...base, executor, source, reason };
  }
  if (config.disabled.includes(executor)) {
    const option = `options.${executorOptions[executor]}.enabled`;
    return { ...base, executor: 'main', source: 'config', reason: `${option} is false` };
  }
  if (address === null) {
    const where = source === 'config' ? `options.${executorOptions[executor]}.handlers` : `${callable}.executor`;
    refuse(
      where,
      `"${callable}" has no module, expected one: a function or an object of this thread can not move to ${executor}. ` +
        'Export the handler and give its definition `module: import.meta.url`, or register ' +
        "`handlerModule(new URL('./file.js', import.meta.url), { export: 'Name' })` in its place",
    );
  }
  const limit = config.memoryLimitMb[executor];
  const needed = execution.memoryLimitMb;
  if (limit !== undefined && needed !== undefined && needed > limit) {
    refuse(
      `${callable}.memoryLimitMb`,
      `${needed}, expected at most ${limit}, which is options.${executorOptions[executor]}.memoryLimitMb`,
    );
  }
  return { ...base, executor, source, reason };
}

/**
 * Places all handlers.
 *
 * @param handlers name and declared execution of each
 * @throws {TaskerError} INVALID_ARGUMENT as placeHandler; for unknown names and for handlers in two lists
 */
export function placeHandlers(
  handlers: ReadonlyMap<string, HandlerExecution>,
  config: PlacementConfig,
): Map<string, HandlerPlacement> {
  checkNames(config, [...handlers.keys()]);
  return new Map([...handlers].map(([name, execution]) => [name, placeHandler(name, execution, config)]));
}

/** The same handler on `main`, because its executor can not run. */
export function fallBackToMain(placement: HandlerPlacement, reason: string): HandlerPlacement {
  return { ...placement, executor: 'main', source: 'fallback', reason };
}
