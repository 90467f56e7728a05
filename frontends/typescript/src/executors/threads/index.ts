// The executor `threads`: handlers in worker threads.
export { makeThreadExecutor } from './thread-executor.js';
