export {
  bootstrapWorker,
  getRustVersion,
  getVersion,
  getWorkerStatus,
  healthCheck,
  isWorkerRunning,
  stopWorker,
  transitionToGracefulShutdown,
  type BootstrapOptions,
} from './bootstrap.js';
export { HandlerSystem } from './handler-system.js';
export type { TaskerWorkerOptions, TemplateSource } from './options.js';
export { ShutdownController, type ShutdownHandler } from './shutdown-controller.js';
export type { RunOptions } from './signals.js';
export { TaskerClient, TaskerClientError } from './tasker-client.js';
export { Tasks, type FinishedTask, type WaitOptions } from './tasks.js';
export {
  WorkerServer,
  createWorkerServer,
  runWorker,
  type HealthCheckResult,
  type WorkerServerState,
  type HandlerPlacementStatus,
  type WorkerServerStatus,
} from './worker-server.js';
