// The one request to shut down, and what is to be done then.
import { requireFunction } from '../errors/checks.js';
import { createLogger, type Logger } from '../log/logger.js';

export type ShutdownHandler = () => void | Promise<void>;

export class ShutdownController {
  /** Resolves with the first trigger's signal. Stays resolved after `reset`. */
  readonly promise: Promise<string>;
  private readonly logger: Logger;
  private readonly handlers: ShutdownHandler[] = [];
  private resolve: (signal: string) => void = () => undefined;
  private requested: string | null = null;

  constructor(logger: Logger = createLogger({ component: 'worker' })) {
    this.logger = logger;
    this.promise = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  get isRequested(): boolean {
    return this.requested !== null;
  }

  /** What triggered the shutdown, such as `SIGTERM`, or null. */
  get signal(): string | null {
    return this.requested;
  }

  /** Adds what is run at shutdown, after those added before. */
  onShutdown(handler: ShutdownHandler): void {
    requireFunction(handler, 'handler');
    this.handlers.push(handler);
  }

  /** Requests the shutdown; the first one wins. */
  trigger(signal: string): void {
    if (this.requested === null) {
      this.requested = signal;
      this.resolve(signal);
    }
  }

  /** Runs the handlers in order; one that fails is logged, the others still run. */
  async executeHandlers(): Promise<void> {
    for (const handler of this.handlers) {
      try {
        await handler();
      } catch (error) {
        this.logger.error('a shutdown handler failed', {
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    }
  }

  /** Forgets the request, not the handlers. */
  reset(): void {
    this.requested = null;
  }
}
