// Entry point `tasker-worker`: everything that a program with a worker needs.
export * from './errors/index.js';
export * from './events/index.js';
export * from './executors/index.js';
export * from './handlers/index.js';
export * from './log/index.js';
export * from './native/index.js';
export * from './worker/index.js';
