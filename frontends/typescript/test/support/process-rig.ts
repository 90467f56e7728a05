// A pool of children without a worker: what it completes, hands back and logs is kept for the test.
import { TaskerEventEmitter, type AbortReason } from 'tasker-worker';
import { findDoorFile } from '#dist/native/loader.js';
import { noCounts, type ExecutorCounts } from '#dist/executors/executor.js';
import { StepReporter, StepSettler } from '#dist/executors/step-settler.js';
import { ChildPool, type PoolHandler } from '#dist/executors/process/child-pool.js';
import { fillProcessOptions, type ProcessPoolOptions } from '#dist/executors/process/options.js';
import { factsOfText } from '#dist/executors/process/step-facts.js';

import { makeStepEvent, type StepEventParts } from './step-event.js';

/** Runtimes start slowly on a busy machine: no wait of a test is longer. */
export const patienceMs = 60_000;

export interface Settled {
  readonly eventId: string;
  /** `back`: handed back. */
  readonly kind: 'result' | 'checkpoint' | 'back';
  readonly document: {
    readonly success?: boolean;
    readonly result?: Record<string, unknown>;
    readonly error?: { readonly message: string; readonly error_type: string; readonly retryable: boolean };
  } & Record<string, unknown>;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const here = new URL('.', import.meta.url);

/** All handlers of process-handlers.ts by their exports, and the modules that can not be loaded. */
export function poolHandler(callable: string): PoolHandler {
  const file =
    { 'proc.ModuleThrows': 'module-that-throws.js', 'proc.ModuleExits': 'module-that-exits.js' }[callable] ??
    'process-handlers.js';
  return { callable, url: new URL(file, here).href, exportName: null, retry: {} };
}

export class PoolRig {
  readonly pool: ChildPool;
  readonly counts: ExecutorCounts = noCounts();
  readonly emitter = new TaskerEventEmitter();
  readonly lines: LogLine[] = [];
  private readonly settled = new Map<string, Settled[]>();
  private readonly watchers = new Set<() => void>();

  constructor(callables: readonly string[], options: ProcessPoolOptions & { graceMs?: number } = {}) {
    const { graceMs = 200, ...pool } = options;
    const log =
      (level: string) =>
      (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
        this.lines.push({ level, message, fields });
        this.changed();
      };
    const reporter = new StepReporter(this.emitter);
    const settler = new StepSettler({
      complete: (eventId, text) => {
        this.keep(eventId, 'result', text);
      },
      checkpoint: (eventId, text) => {
        this.keep(eventId, 'checkpoint', text);
        return Promise.resolve();
      },
      taken: (facts, outcome, sent) => {
        reporter.taken(facts, outcome, sent);
      },
      late: () => undefined,
      trouble: () => undefined,
    });
    this.pool = new ChildPool(
      {
        settler,
        reporter,
        emitter: this.emitter,
        logger: { error: log('error'), warn: log('warn'), info: log('info'), debug: log('debug'), trace: log('trace') },
        counts: this.counts,
        graceMs,
        resultBytesMax: 1_048_576,
        launcher: findDoorFile('launcher').path,
        handBack: (eventId) => {
          this.keep(eventId, 'back', '{}');
        },
        onFree: () => {
          this.changed();
        },
      },
      fillProcessOptions({ poolSize: 2, ...pool }),
      callables.map(poolHandler),
    );
  }

  /** Gives the pool a step. @returns its event id */
  give(callable: string, context: StepEventParts['context'] = {}): string {
    const event = makeStepEvent({ callable, context });
    const text = JSON.stringify(event);
    this.pool.run(factsOfText(text), text);
    return event.event_id;
  }

  abort(eventId: string, reason: AbortReason = 'timeout'): void {
    this.pool.abort(eventId, reason);
  }

  /** What became of a step: exactly one thing. */
  async outcome(eventId: string): Promise<Settled> {
    await this.until(() => this.settled.has(eventId), `an outcome of ${eventId}`);
    const all = this.settled.get(eventId) ?? [];
    const [only] = all;
    if (only === undefined || all.length !== 1) {
      throw new Error(`${all.length} outcomes of ${eventId}`);
    }
    return only;
  }

  /** Runs a step to its end. */
  run(callable: string, context?: StepEventParts['context']): Promise<Settled> {
    return this.outcome(this.give(callable, context));
  }

  /** Outcomes of all steps, by event id. */
  outcomes(): ReadonlyMap<string, readonly Settled[]> {
    return this.settled;
  }

  /** Waits for a condition; looked at after each change, and now and then. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!condition()) {
      if (performance.now() > deadline) {
        throw new Error(`waited in vain for ${what}; log: ${JSON.stringify(this.lines.slice(-10))}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, 50);
        function done(): void {
          clearTimeout(timer);
          resolve();
        }
        this.watchers.add(done);
      });
      this.watchers.clear();
    }
  }

  private keep(eventId: string, kind: Settled['kind'], text: string): void {
    const document = JSON.parse(text) as Settled['document'];
    this.settled.set(eventId, [...(this.settled.get(eventId) ?? []), { eventId, kind, document }]);
    this.changed();
  }

  private changed(): void {
    for (const watcher of [...this.watchers]) {
      watcher();
    }
  }
}

/** Runs `body` with a started pool; afterwards no child of it is left. */
export async function withPool(
  callables: readonly string[],
  options: ProcessPoolOptions & { graceMs?: number },
  body: (rig: PoolRig) => Promise<void>,
): Promise<void> {
  const rig = new PoolRig(callables, options);
  try {
    await rig.pool.start();
    await body(rig);
  } finally {
    await rig.pool.stop(0);
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
