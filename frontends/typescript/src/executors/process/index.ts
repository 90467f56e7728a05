export { makeProcessExecutor } from './process-executor.js';
export { inheritedVariables, type ProcessPoolOptions } from './options.js';
