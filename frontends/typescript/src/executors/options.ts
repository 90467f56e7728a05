// The worker's options of threads, children and the stop ladder: checked here, before anything starts.
import { refuseUnknownKeys, requireInteger, requireString, showValue } from '../errors/checks.js';
import { makeTaskerError } from '../errors/convert.js';
import type { ExecutorName } from '../native/native-door.js';
import { detectRuntime, type RuntimeName } from '../native/select.js';
import type { PlacementConfig } from './placement.js';
import { checkProcessOptions, processOptionNames, type ProcessPoolOptions } from './process/options.js';

/** The pool of worker threads. */
export interface WorkerThreadsOptions {
  /** `false`: handlers that are to run in threads run on `main`. @default true */
  readonly enabled?: boolean;
  /** Threads, 1 to 256. @default one less than the processors, at least 1, at most 4 */
  readonly poolSize?: number;
  /** Names of handlers that run here, whatever their definitions say. @default [] */
  readonly handlers?: readonly string[];
  /**
   * `direct`: each thread takes steps from the native queue by itself; `relay`: the main thread hands them on.
   * @default 'direct', and 'relay' where that is not possible
   */
  readonly mode?: 'direct' | 'relay';
  /** Steps that one thread holds at once, 1 to 4096; more than 1 is for handlers that wait or take microseconds. @default 1 */
  readonly concurrency?: number;
  /** Mebibytes of JavaScript heap of each thread, 16 to 65 536; Node alone keeps it. @default what its handlers ask for */
  readonly memoryLimitMb?: number;
}

/** The pool of child processes. */
export interface WorkerProcessesOptions extends ProcessPoolOptions {
  /** `false`: handlers that are to run in processes run on `main`. @default true */
  readonly enabled?: boolean;
  /** Names of handlers that run here, whatever their definitions say. @default [] */
  readonly handlers?: readonly string[];
}

/** Options of a worker that are about executors. */
export interface ExecutorOptions {
  readonly workerThreads?: WorkerThreadsOptions;
  readonly workerProcesses?: WorkerProcessesOptions;
  /**
   * Milliseconds that a handler has to stop after its signal was aborted, 0 to 3 600 000; then its thread is terminated or
   * its child killed. @default 1000
   */
  readonly stopGraceMs?: number;
  /** Milliseconds for which a handler may block the event loop before it is named in the log; 0 is never. @default 100 */
  readonly loopStallMs?: number;
  /** `move`: a handler that blocked the loop runs in `threads` from its next step on, if it has a module. @default 'warn' */
  readonly onLoopStall?: 'warn' | 'move';
}

export const stopGraceDefaultMs = 1000;
export const loopStallDefaultMs = 100;

/** Names of the options here. */
export const executorOptionKeys = [
  'workerThreads',
  'workerProcesses',
  'stopGraceMs',
  'loopStallMs',
  'onLoopStall',
] as const satisfies (keyof ExecutorOptions)[];

function refuse(field: string, value: unknown, expected: string): never {
  throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(value)}, expected ${expected}`, { field });
}

/** Checks what threads and children have in common. */
function checkPool(given: unknown, field: string, others: readonly string[]): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    refuse(field, given, 'an object');
  }
  refuseUnknownKeys(given, ['enabled', 'poolSize', 'handlers', 'memoryLimitMb', ...others], field);
  const pool = given as Record<string, unknown>;
  const { enabled, poolSize, handlers, memoryLimitMb } = pool;
  if (enabled !== undefined && typeof enabled !== 'boolean') {
    refuse(`${field}.enabled`, enabled, 'a boolean');
  }
  if (poolSize !== undefined) {
    requireInteger(poolSize, `${field}.poolSize`, 1, 256);
  }
  if (memoryLimitMb !== undefined) {
    requireInteger(memoryLimitMb, `${field}.memoryLimitMb`, 16, 65_536);
  }
  if (handlers !== undefined && !Array.isArray(handlers)) {
    refuse(`${field}.handlers`, handlers, 'an array of names');
  }
  ((handlers ?? []) as unknown[]).forEach((name, index) => {
    requireString(name, `${field}.handlers[${index}]`);
  });
  return pool;
}

/** @throws {TaskerError} INVALID_ARGUMENT naming the option */
export function checkExecutorOptions(given: Readonly<Record<string, unknown>>): void {
  const { workerThreads, workerProcesses, stopGraceMs, loopStallMs, onLoopStall } = given;
  if (workerThreads !== undefined) {
    const { mode, concurrency } = checkPool(workerThreads, 'options.workerThreads', ['mode', 'concurrency']);
    if (mode !== undefined && mode !== 'direct' && mode !== 'relay') {
      refuse('options.workerThreads.mode', mode, 'direct or relay');
    }
    if (concurrency !== undefined) {
      requireInteger(concurrency, 'options.workerThreads.concurrency', 1, 4096);
    }
  }
  if (workerProcesses !== undefined) {
    const pool = checkPool(workerProcesses, 'options.workerProcesses', processOptionNames);
    checkProcessOptions(pool, 'options.workerProcesses');
  }
  if (stopGraceMs !== undefined) {
    requireInteger(stopGraceMs, 'options.stopGraceMs', 0, 3_600_000);
  }
  if (loopStallMs !== undefined) {
    requireInteger(loopStallMs, 'options.loopStallMs', 0, 3_600_000);
  }
  if (onLoopStall !== undefined && onLoopStall !== 'warn' && onLoopStall !== 'move') {
    refuse('options.onLoopStall', onLoopStall, 'warn or move');
  }
}

/** docs/guides/executors.md has a program that shows it. */
const denoReason =
  'Deno does not stop a thread in an endless loop; options.workerThreads puts it into threads all the same';

/** What the options say of where handlers run on this runtime. */
export function placementConfig(
  { workerThreads, workerProcesses }: ExecutorOptions,
  runtime: RuntimeName = detectRuntime(),
): PlacementConfig {
  const memoryLimitMb: Partial<Record<ExecutorName, number>> = {};
  const disabled: ExecutorName[] = [];
  for (const [executor, pool] of [
    ['threads', workerThreads],
    ['process', workerProcesses],
  ] as const) {
    if (pool?.memoryLimitMb !== undefined) {
      memoryLimitMb[executor] = pool.memoryLimitMb;
    }
    if (pool?.enabled === false) {
      disabled.push(executor);
    }
  }
  const avoidsThreads = runtime === 'deno' && workerThreads === undefined && !disabled.includes('process');
  return {
    substitutes: avoidsThreads ? { threads: { executor: 'process', reason: denoReason } } : {},
    handlers: { threads: workerThreads?.handlers ?? [], process: workerProcesses?.handlers ?? [] },
    disabled,
    memoryLimitMb,
  };
}
