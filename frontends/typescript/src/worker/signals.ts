// Signals for a worker's program: the first drains, the second ends the process at once.
import { constants } from 'node:os';

import type { ShutdownController } from './shutdown-controller.js';

export interface RunOptions {
  /** Signals that shut down. @default ['SIGTERM', 'SIGINT'] */
  readonly signals?: readonly NodeJS.Signals[];
}

interface Stoppable {
  getState(): string;
  start(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * Starts `worker` if it was not, waits for a trigger of `controller` (a signal is one), shuts down, and takes the signal
 * handlers away.
 */
export async function runUntilStopped(
  worker: Stoppable,
  controller: ShutdownController,
  options: RunOptions,
): Promise<void> {
  const signals = options.signals ?? ['SIGTERM', 'SIGINT'];
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.isRequested) {
      // tidy: allow(process-exit) the user asked twice, and waiting is what the first signal does
      process.exit(128 + constants.signals[signal]);
    }
    controller.trigger(signal);
  };
  for (const signal of signals) {
    process.on(signal, onSignal);
  }
  try {
    if (worker.getState() === 'initialized') {
      await worker.start();
    }
    await controller.promise;
    await worker.shutdown();
  } finally {
    for (const signal of signals) {
      process.off(signal, onSignal);
    }
  }
}
