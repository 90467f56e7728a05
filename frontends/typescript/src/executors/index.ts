// What a worker's author meets of executors: options, status, crash error types.
export { CrashErrorType, crashRetryDefaults, type CrashRetry } from '../errors/crash-types.js';
export type { ExecutorMode, ExecutorStatus as ExecutorSnapshot } from './executor.js';
export type { ExecutorOptions, WorkerProcessesOptions, WorkerThreadsOptions } from './options.js';
export type { PlacementSource } from './placement.js';
