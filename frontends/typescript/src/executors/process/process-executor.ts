// The executor `process` as the worker sees it: a broker's thread that takes steps by itself, or the same pool of children
// on this thread, to which the worker relays steps.
import { makeTaskerError, toTaskerError } from '../../errors/convert.js';
import type { AbortReason } from '../../events/event-map.js';
import type { FfiStepEvent } from '../../native/types.js';
import { findDoorFile } from '../../native/loader.js';
import { noCounts, type Executor, type ExecutorHost, type ExecutorMode, type ExecutorStatus } from '../executor.js';
import type { ExecutorOptions } from '../options.js';
import type { HandlerPlacement } from '../placement.js';
import { factsOfEvent } from '../step-settler.js';
import { BrokerThread } from './broker-thread.js';
import type { BrokerStatus } from './broker-link.js';
import { ChildPool, type PoolHandler } from './child-pool.js';
import { fillProcessOptions, type ProcessPoolOptions, type ProcessPoolSettings } from './options.js';

/** The core's own limit, when nothing else is set. */
const resultBytesMaxDefault = 16_777_216;

class ProcessExecutor implements Executor {
  readonly name = 'process';
  private readonly host: ExecutorHost;
  private readonly options: ProcessPoolOptions;
  private readonly counts = noCounts();
  private settings: ProcessPoolSettings | null = null;
  private broker: BrokerThread | null = null;
  private pool: ChildPool | null = null;
  private reason = 'not started';

  constructor(host: ExecutorHost, options: ExecutorOptions) {
    this.host = host;
    this.options = options.workerProcesses ?? {};
  }

  get mode(): ExecutorMode {
    return this.pool === null ? 'direct' : 'relay';
  }

  get places(): number {
    return this.settings === null ? 0 : this.settings.poolSize * this.settings.stepsPerChild;
  }

  async start(placements: readonly HandlerPlacement[]): Promise<void> {
    const { mode = 'direct' } = this.options;
    const settings = withMemoryOf(placements, fillProcessOptions(this.options));
    this.settings = settings;
    const handlers = placements.map(poolHandler);
    // Code that may crash never runs on `main` for want of a file: this is an error, and no fallback.
    const { path: launcher } = findDoorFile('launcher');
    if (mode === 'direct') {
      const reason = await this.startBroker({ launcher, settings, handlers });
      if (reason === null) {
        this.reason = 'a thread takes steps from the native queue';
        return;
      }
      this.reason = reason;
      this.host.logger.warn('steps of child processes are relayed by the main thread', { reason });
    } else {
      this.reason = 'options.workerProcesses.mode is relay';
    }
    await this.startPool({ launcher, settings, handlers });
  }

  add(placement: HandlerPlacement): void {
    const handler = poolHandler(placement);
    this.broker?.add(handler);
    this.pool?.add(handler);
  }

  free(): number {
    return this.pool?.free ?? 0;
  }

  run(event: FfiStepEvent): void {
    this.pool?.run(factsOfEvent(event), JSON.stringify(event));
  }

  abort(eventId: string, reason: AbortReason): boolean {
    // A broker hears of the stops of its steps by itself.
    return this.pool?.abort(eventId, reason) ?? false;
  }

  detached(attachment: number): void {
    this.broker?.detached(attachment);
  }

  /** Process ids of the children, for tests and people. */
  get pids(): readonly number[] {
    return this.pool?.pids ?? this.broker?.status.pids ?? [];
  }

  status(): ExecutorStatus {
    const known: BrokerStatus | null = this.broker?.status ?? null;
    return {
      ...(known?.counts ?? this.counts),
      executor: this.name,
      mode: this.mode,
      reason: this.reason,
      ready: this.pool?.readyCount ?? known?.ready ?? 0,
      size: this.settings?.poolSize ?? 0,
      places: this.places,
      active: this.pool?.active ?? known?.active ?? 0,
    };
  }

  async stop(graceMs: number): Promise<boolean> {
    const [byBroker, byPool] = await Promise.all([
      this.broker?.stop(graceMs) ?? true,
      this.pool?.stop(graceMs) ?? true,
    ]);
    return byBroker && byPool;
  }

  /** @returns null when the broker runs, else why it can not */
  private async startBroker(parts: PoolParts): Promise<string | null> {
    const { runtime } = this.host;
    if (runtime.door === null || runtime.libraryPath === null) {
      return 'this native side was given, and threads can not load it';
    }
    const broker = new BrokerThread(this.host, {
      ...parts,
      token: runtime.attachToken(),
      door: runtime.door,
      path: runtime.libraryPath,
      graceMs: this.host.stopGraceMs,
      resultBytesMax: this.resultBytesMax(),
    });
    try {
      await broker.start();
    } catch (thrown) {
      const error = toTaskerError(thrown);
      await broker.stop(0);
      if (error.code === 'INVALID_STATE') {
        throw error;
      }
      return `the broker's thread can not run: ${error.message}`;
    }
    this.broker = broker;
    return null;
  }

  private async startPool({ launcher, settings, handlers }: PoolParts): Promise<void> {
    const { host } = this;
    this.pool = new ChildPool(
      {
        settler: host.settler,
        reporter: host.reporter,
        emitter: host.emitter,
        logger: host.logger,
        counts: this.counts,
        graceMs: host.stopGraceMs,
        resultBytesMax: this.resultBytesMax(),
        launcher,
        handBack: (eventId) => {
          host.runtime.handBack([eventId]);
        },
        onFree: () => {
          host.freed();
        },
      },
      settings,
      handlers,
    );
    await this.pool.start();
  }

  private resultBytesMax(): number {
    const told = this.host.runtime.getWorkerStatus()['result_bytes_max'];
    return typeof told === 'number' ? told : resultBytesMaxDefault;
  }
}

interface PoolParts {
  readonly launcher: string;
  readonly settings: ProcessPoolSettings;
  readonly handlers: readonly PoolHandler[];
}

function poolHandler({ callable, address, execution }: HandlerPlacement): PoolHandler {
  if (address === null) {
    throw makeTaskerError('INVALID_ARGUMENT', `${callable}: a handler without a module can not run in a process`, {
      field: `${callable}.module`,
    });
  }
  return { callable, url: address.url, exportName: address.exportName, retry: execution.retry ?? {} };
}

/** Bun keeps no limit of its heap: there, the process is looked at from outside, with room for the runtime itself. */
const runtimeMb = 128;

/** What the handlers ask for, where the options say nothing. */
function withMemoryOf(placements: readonly HandlerPlacement[], settings: ProcessPoolSettings): ProcessPoolSettings {
  const asked = placements.flatMap(({ execution }) => execution.memoryLimitMb ?? []);
  if (asked.length === 0 || settings.heapLimitMb !== null) {
    return settings;
  }
  const heapLimitMb = Math.max(...asked);
  return 'Bun' in globalThis
    ? { ...settings, memoryLimitMb: settings.memoryLimitMb ?? heapLimitMb + runtimeMb }
    : { ...settings, heapLimitMb };
}

/** Makes the executor; nothing is started. */
export function makeProcessExecutor(host: ExecutorHost, options: ExecutorOptions): Executor {
  return new ProcessExecutor(host, options);
}
