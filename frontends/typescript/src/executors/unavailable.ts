// Stands in for an executor that can not run: says so at its start, and its handlers run on `main`.
import { makeTaskerError } from '../errors/convert.js';
import type { ExecutorName } from '../native/native-door.js';
import { noCounts, type Executor, type ExecutorStatus } from './executor.js';

export class UnavailableExecutor implements Executor {
  readonly name: ExecutorName;
  readonly places = 0;
  readonly mode = 'relay';
  private readonly reason: string;

  /** @param reason why it can not run */
  constructor(name: ExecutorName, reason: string) {
    this.name = name;
    this.reason = reason;
  }

  /** @throws {TaskerError} UNSUPPORTED */
  start(): Promise<void> {
    return Promise.reject(makeTaskerError('UNSUPPORTED', this.reason));
  }

  add(): void {
    // Never started, so nothing is added.
  }

  free(): number {
    return 0;
  }

  run(): void {
    // Never started, so nothing comes.
  }

  abort(): boolean {
    return false;
  }

  status(): ExecutorStatus {
    const { name: executor, mode, reason } = this;
    return { ...noCounts(), executor, mode, reason, ready: 0, size: 0, places: 0, active: 0 };
  }

  stop(): Promise<boolean> {
    return Promise.resolve(true);
  }
}
