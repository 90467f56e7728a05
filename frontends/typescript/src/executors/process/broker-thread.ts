// The main thread's side of the broker: starts it, republishes its events, and starts another one when it ends by itself.
import { Worker } from 'node:worker_threads';

import { makeTaskerError, toError } from '../../errors/convert.js';
import type { ErrorCode } from '../../errors/codes.js';
import type { TaskerEventName } from '../../events/event-map.js';
import { noCounts, type ExecutorHost } from '../executor.js';
import { watchListeners } from '../listener-watch.js';
import {
  forwardedNames,
  type BrokerStart,
  type BrokerStatus,
  type ForwardedEvent,
  type FromBroker,
  type ToBroker,
} from './broker-link.js';
import type { PoolHandler } from './child-pool.js';

/** How long the broker may take beyond the handlers' grace, before its thread is terminated. */
const stopMarginMs = 3000;
/** Pause before a broker that ended by itself is replaced. */
const restartDelayMs = 1000;

const program = new URL(import.meta.url.endsWith('.ts') ? './broker.ts' : './broker.js', import.meta.url);

/** One life of the broker's thread. */
interface Life {
  readonly worker: Worker;
  attachment: number | null;
  /** Settled when the pool is ready, or can not be. */
  readonly ready: { resolve: () => void; reject: (error: Error) => void };
  readonly gone: Promise<void>;
}

export class BrokerThread {
  private readonly host: ExecutorHost;
  private readonly startsWith: Omit<BrokerStart, 'heard'>;
  private readonly added: PoolHandler[] = [];
  private lastStatus: BrokerStatus = { counts: noCounts(), ready: 0, active: 0, pids: [] };
  private life: Life | null = null;
  private heard = '';
  private restart: NodeJS.Timeout | null = null;
  private stopping = false;
  private onStopped: (whole: boolean) => void = () => undefined;
  private stopListening: () => void = () => undefined;

  constructor(host: ExecutorHost, startsWith: Omit<BrokerStart, 'heard'>) {
    this.host = host;
    this.startsWith = startsWith;
  }

  get status(): BrokerStatus {
    return this.lastStatus;
  }

  /** @throws {TaskerError} what the broker says when it can not attach, or can not start a child */
  start(): Promise<void> {
    this.stopListening = watchListeners(this.host.emitter, (added) => {
      this.tellHeard(added);
    });
    return new Promise((resolve, reject) => {
      this.begin({ resolve, reject });
    });
  }

  add(handler: PoolHandler): void {
    this.added.push(handler);
    this.tell({ kind: 'add', handler });
  }

  /** The core has seen the attachment end. */
  detached(attachment: number): void {
    if (this.life?.attachment === attachment) {
      this.giveBackHeld(this.life);
    }
  }

  /** @returns whether all steps had ended in time */
  async stop(graceMs: number): Promise<boolean> {
    this.stopping = true;
    clearTimeout(this.restart ?? undefined);
    const { life } = this;
    if (life === null) {
      return true;
    }
    const whole = await new Promise<boolean>((resolve) => {
      this.onStopped = resolve;
      const timer = setTimeout(() => {
        resolve(false);
      }, graceMs + stopMarginMs);
      void life.gone.then(() => {
        clearTimeout(timer);
        resolve(true);
      });
      this.tell({ kind: 'stop', graceMs });
    });
    await life.worker.terminate();
    await life.gone;
    this.stopListening();
    this.giveBackHeld(life);
    return whole;
  }

  private begin(ready: Life['ready']): void {
    const heard = this.heardNow();
    this.heard = heard.join();
    const handlers = [...this.startsWith.handlers, ...this.added];
    const workerData: BrokerStart = { ...this.startsWith, handlers, heard };
    const worker = new Worker(program, { workerData, name: 'tasker-process-broker' });
    const gone = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        resolve();
      });
    });
    const life: Life = { worker, attachment: null, ready, gone };
    this.life = life;
    worker.on('message', (message: FromBroker) => {
      this.take(life, message);
    });
    worker.on('error', (error: unknown) => {
      ready.reject(toError(error));
      this.host.logger.error('the thread of child processes failed', { reason: toError(error).message });
    });
    void gone.then(() => {
      ready.reject(makeTaskerError('CLOSED', 'its thread has ended'));
      this.ended(life);
    });
  }

  private take(life: Life, message: FromBroker): void {
    switch (message.kind) {
      case 'attached':
        life.attachment = message.attachment;
        return;
      case 'ready':
        this.lastStatus = message.status;
        life.ready.resolve();
        return;
      case 'failed':
        life.ready.reject(makeTaskerError(message.code as ErrorCode, message.message));
        return;
      case 'status':
        this.lastStatus = message.status;
        return;
      case 'events':
        this.republish(message.events);
        return;
      case 'stopped':
        this.lastStatus = message.status;
        this.onStopped(message.whole);
        return;
    }
  }

  private republish(events: readonly ForwardedEvent[]): void {
    for (const { name, payload } of events) {
      this.host.emitter.publish(name, payload);
    }
    this.tell({ kind: 'taken', count: events.length });
  }

  /** @param added an event that is about to have a listener */
  private heardNow(added: unknown = null): TaskerEventName[] {
    return forwardedNames.filter((name) => name === added || this.host.emitter.hears(name));
  }

  private tellHeard(added: unknown): void {
    const names = this.heardNow(added);
    if (names.join() !== this.heard) {
      this.heard = names.join();
      this.tell({ kind: 'heard', names });
    }
  }

  private tell(message: ToBroker): void {
    this.life?.worker.postMessage(message);
  }

  /** A broker that ends takes its children with it: the kernel sees to that. What it held has not ended. */
  private ended(life: Life): void {
    if (this.stopping || this.life !== life) {
      return;
    }
    this.host.logger.error('the thread of child processes has ended, another one is started', {
      held: this.giveBackHeld(life),
    });
    this.restart = setTimeout(() => {
      this.begin({
        resolve: () => undefined,
        reject: (error) => {
          this.host.logger.error('the thread of child processes can not be started', { reason: error.message });
          void this.life?.worker.terminate();
        },
      });
    }, restartDelayMs);
  }

  private giveBackHeld({ attachment }: Life): number {
    if (attachment === null) {
      return 0;
    }
    const held = this.host.runtime.endAttachment(attachment);
    return held.length === 0 ? 0 : this.host.runtime.handBack(held);
  }
}
