// Names of all events of the in-process bus, once.

export const StepEventNames = {
  STEP_EXECUTION_RECEIVED: 'step.execution.received',
  STEP_EXECUTION_STARTED: 'step.execution.started',
  STEP_EXECUTION_COMPLETED: 'step.execution.completed',
  STEP_EXECUTION_FAILED: 'step.execution.failed',
  STEP_COMPLETION_SENT: 'step.completion.sent',
  STEP_CHECKPOINT_YIELD_SENT: 'step.checkpoint_yield.sent',
  STEP_EXECUTION_TIMEOUT: 'step.execution.timeout',
  /** The step was told to stop; not in the contract. */
  STEP_EXECUTION_ABORTED: 'step.execution.aborted',
  /** The step was told to stop and its handler still runs: it is ended by force now; not in the contract. */
  STEP_GRACE_EXPIRED: 'step.grace.expired',
  /** A completion came too late and was refused; not in the contract. */
  STEP_COMPLETION_REFUSED: 'step.completion.refused',
} as const;

/** What becomes of threads and children, and of handlers that block the event loop. */
export const ExecutorEventNames = {
  RUNNER_STARTED: 'executor.runner.started',
  RUNNER_CRASHED: 'executor.runner.crashed',
  RUNNER_TERMINATED: 'executor.runner.terminated',
  HANDLER_LOOP_STALLED: 'handler.loop.stalled',
} as const;

export const WorkerEventNames = {
  WORKER_STARTED: 'worker.started',
  WORKER_READY: 'worker.ready',
  WORKER_SHUTDOWN_STARTED: 'worker.shutdown.started',
  WORKER_STOPPED: 'worker.stopped',
  WORKER_ERROR: 'worker.error',
} as const;

export const PollerEventNames = {
  POLLER_STARTED: 'poller.started',
  POLLER_STOPPED: 'poller.stopped',
  POLLER_CYCLE_COMPLETE: 'poller.cycle.complete',
  POLLER_STARVATION_DETECTED: 'poller.starvation.detected',
  POLLER_ERROR: 'poller.error',
} as const;

export const MetricsEventNames = {
  METRICS_UPDATED: 'metrics.updated',
  METRICS_ERROR: 'metrics.error',
} as const;
