// Where and within which bounds a handler runs, as its author declares it beside the handler.
import { refuseUnknownKeys, requireInteger, requireString, showValue } from '../errors/checks.js';
import { makeTaskerError } from '../errors/convert.js';
import { crashRetryTypes, type CrashRetry } from '../errors/crash-types.js';
import type { ExecutorName } from '../native/native-door.js';

/** The executors, by the names that options, definitions and the status use. */
export const EXECUTORS: readonly ExecutorName[] = ['main', 'threads', 'process'];

/** What a handler's definition may say of how it runs. The worker's configuration wins over `executor`. */
export interface HandlerExecution {
  /**
   * `main`: the event loop, right for I/O; `threads`: a pool of worker threads, right for CPU; `process`: a pool of child
   * processes, right for code that may crash or leak. The last two need `module`. @default 'main'
   */
  readonly executor?: ExecutorName;
  /** Steps of this handler that run at once in this worker, 1 to 100 000. @default what its executor has room for */
  readonly concurrency?: number;
  /** Milliseconds that an attempt may take when its step has no `timeout_seconds`, 1 to 86 400 000. */
  readonly deadlineMs?: number;
  /** Mebibytes of heap that its thread or child has to have, 16 to 65 536. */
  readonly memoryLimitMb?: number;
  /** Which crashes are worth another attempt. @default by error type, see `crashRetryDefaults` */
  readonly retry?: CrashRetry;
  /** The module that exports the handler: `import.meta.url`. A thread or child loads it from there. */
  readonly module?: string | URL;
  /** Name of the module's export. @default the export whose handler has this handler's name */
  readonly export?: string;
}

/** Members of a definition that belong to `HandlerExecution`. */
export const executionKeys = [
  'executor',
  'concurrency',
  'deadlineMs',
  'memoryLimitMb',
  'retry',
  'module',
  'export',
] as const satisfies (keyof HandlerExecution)[];

function refuse(field: string, value: unknown, expected: string): never {
  throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(value)}, expected ${expected}`, { field });
}

function checkRetry(retry: unknown, field: string): void {
  if (typeof retry !== 'object' || retry === null) {
    refuse(field, retry, 'an object of error types');
  }
  refuseUnknownKeys(retry, crashRetryTypes, field);
  for (const [type, value] of Object.entries(retry)) {
    if (typeof value !== 'boolean') {
      refuse(`${field}.${type}`, value, 'a boolean');
    }
  }
}

/** A module's address as an absolute URL. @throws {TaskerError} INVALID_ARGUMENT */
export function moduleUrl(module: unknown, field: string): string {
  const text = module instanceof URL ? module.href : module;
  requireString(text, field);
  if (!/^(file|data|https?|node|npm|jsr):/.test(text)) {
    refuse(field, text, 'an absolute URL, such as import.meta.url');
  }
  return text;
}

/**
 * Checks the members of a definition that say how it runs, and gives them alone.
 *
 * @param field name of the definition in messages
 * @returns null when there is none of them
 * @throws {TaskerError} INVALID_ARGUMENT naming the member
 */
export function checkExecution(given: HandlerExecution, field: string): HandlerExecution | null {
  const { executor, concurrency, deadlineMs, memoryLimitMb, retry, module } = given;
  if (executor !== undefined && !EXECUTORS.includes(executor)) {
    refuse(`${field}.executor`, executor, `one of ${EXECUTORS.join(', ')}`);
  }
  if (concurrency !== undefined) {
    requireInteger(concurrency, `${field}.concurrency`, 1, 100_000);
  }
  if (deadlineMs !== undefined) {
    requireInteger(deadlineMs, `${field}.deadlineMs`, 1, 86_400_000);
  }
  if (memoryLimitMb !== undefined) {
    requireInteger(memoryLimitMb, `${field}.memoryLimitMb`, 16, 65_536);
  }
  if (retry !== undefined) {
    checkRetry(retry, `${field}.retry`);
  }
  if (module !== undefined) {
    moduleUrl(module, `${field}.module`);
  }
  if (given.export !== undefined) {
    requireString(given.export, `${field}.export`);
    if (module === undefined) {
      refuse(`${field}.module`, module, 'the URL of the module that exports it');
    }
  }
  const present = executionKeys.filter((key) => given[key] !== undefined);
  return present.length === 0 ? null : Object.fromEntries(present.map((key) => [key, given[key]]));
}
