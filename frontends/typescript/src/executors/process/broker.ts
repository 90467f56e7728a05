// The broker: a thread that takes the steps of `process` from the native queue, owns the children, and completes straight
// into the core. The main loop is not on the way, so that a handler which blocks it holds no child up.
import { parentPort, workerData } from 'node:worker_threads';

import { toTaskerError } from '../../errors/convert.js';
import { TaskerEventEmitter } from '../../events/emitter.js';
import type { TaskerEventName } from '../../events/event-map.js';
import { createLogger, type Logger } from '../../log/logger.js';
import type { NativeAttachment, Notice } from '../../native/native-door.js';
import { loadDoor } from '../../native/select.js';
import { noCounts } from '../executor.js';
import { StepReporter, StepSettler } from '../step-settler.js';
import {
  FORWARDED_MAX,
  forwardedNames,
  type BrokerStart,
  type BrokerStatus,
  type ForwardedEvent,
  type FromBroker,
  type ToBroker,
} from './broker-link.js';
import { ChildPool } from './child-pool.js';
import { factsOfText } from './step-facts.js';

/** How often the main thread hears how the pool does, while something happens. */
const statusIntervalMs = 100;
/** Between polls, where a door has no wake-up. */
const pollIntervalMs = 5;
const noticesMax = 256;

class Broker {
  private readonly attachment: NativeAttachment;
  private readonly pool: ChildPool;
  private readonly emitter = new TaskerEventEmitter();
  private readonly counts = noCounts();
  private readonly listening = new Map<TaskerEventName, () => void>();
  private readonly send: (message: FromBroker) => void;
  private outgoing: ForwardedEvent[] = [];
  private underWay = 0;
  private sentStatus = '';
  private pulling = false;
  private stopped = false;

  constructor(start: BrokerStart, send: (message: FromBroker) => void) {
    this.send = send;
    const door = loadDoor({ door: start.door, path: start.path }).native;
    const logger = createLogger({ component: 'executors', executor: 'process' }, (level, message, fields) => {
      door.log(level, message, fields === undefined ? null : JSON.stringify(fields));
    });
    this.attachment = door.attach(start.token, 'process', 'process-broker');
    send({ kind: 'attached', attachment: this.attachment.id });
    const reporter = new StepReporter(this.emitter);
    this.pool = new ChildPool(
      {
        settler: this.settler(reporter, logger),
        reporter,
        emitter: this.emitter,
        logger,
        counts: this.counts,
        graceMs: start.graceMs,
        resultBytesMax: start.resultBytesMax,
        launcher: start.launcher,
        handBack: (eventId) => {
          this.attachment.handBack([eventId]);
        },
        onFree: () => {
          this.pull();
        },
      },
      start.settings,
      start.handlers,
    );
    this.listenFor(start.heard);
  }

  private settler(reporter: StepReporter, logger: Logger): StepSettler {
    return new StepSettler({
      complete: (eventId, text) => {
        this.attachment.completeStepEvent(eventId, text);
      },
      checkpoint: (eventId, text) => this.attachment.checkpointStepEvent(eventId, text),
      taken: (facts, outcome, sent) => {
        reporter.taken(facts, outcome, sent);
      },
      late: (facts, { code }) => {
        reporter.late(facts);
        logger.debug('a completion came too late', { event_id: facts.eventId, code });
      },
      trouble: ({ eventId }, error) => {
        this.emitter.emitWorkerError({ error, context: `completion of ${eventId}` });
      },
    });
  }

  async start(): Promise<void> {
    await this.pool.start();
    this.send({ kind: 'ready', status: this.status() });
    if (this.attachment.delivery === 'poll') {
      setInterval(this.cycle, pollIntervalMs);
    } else {
      this.attachment.setWakeup(this.cycle);
    }
    setInterval(() => {
      this.sendStatus();
    }, statusIntervalMs);
    this.cycle();
  }

  take(message: ToBroker): void {
    switch (message.kind) {
      case 'add':
        this.pool.add(message.handler);
        return;
      case 'heard':
        this.listenFor(message.names);
        return;
      case 'taken':
        this.underWay -= message.count;
        return;
      case 'stop':
        void this.stop(message.graceMs);
        return;
    }
  }

  private readonly cycle = (): void => {
    if (!this.stopped) {
      this.guarded(() => {
        this.drainNotices();
        this.pull();
      });
    }
  };

  /** Takes as many steps as can begin now; the others wait in the core, where their time does not run. */
  private pull(): void {
    if (this.pulling || this.stopped) {
      return;
    }
    this.pulling = true;
    this.guarded(() => {
      while (this.pool.free > 0) {
        const batch = this.attachment.pollStepEvents(1);
        if (batch === null) {
          break;
        }
        const text = batch.trim().slice(1, -1);
        this.pool.run(factsOfText(text), text);
      }
    });
    this.pulling = false;
  }

  private drainNotices(): void {
    for (;;) {
      const batch = this.attachment.pollNotices(noticesMax);
      if (batch === null) {
        return;
      }
      for (const notice of JSON.parse(batch) as Notice[]) {
        if (notice.kind === 'abort') {
          this.pool.abort(notice.event_id, notice.reason);
        }
      }
    }
  }

  /** The worker may be closed at any moment: then there is nothing more to take. */
  private guarded(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      const error = toTaskerError(thrown);
      if (error.code !== 'CLOSED') {
        this.emitter.emitWorkerError({ error, context: 'the broker of child processes' });
      }
    }
  }

  /** Listens on this thread's bus to what is heard on the worker's, and to nothing else: unheard events cost nothing. */
  private listenFor(names: readonly TaskerEventName[]): void {
    for (const name of forwardedNames) {
      const stop = this.listening.get(name);
      if (names.includes(name) && stop === undefined) {
        const forward = (payload: ForwardedEvent['payload']): void => {
          this.forward({ name, payload });
        };
        this.emitter.on(name, forward);
        this.listening.set(name, () => {
          this.emitter.off(name, forward);
        });
      } else if (!names.includes(name) && stop !== undefined) {
        stop();
        this.listening.delete(name);
      }
    }
  }

  private forward(event: ForwardedEvent): void {
    if (this.underWay + this.outgoing.length >= FORWARDED_MAX) {
      return;
    }
    if (this.outgoing.push(event) === 1) {
      setImmediate(() => {
        this.flush();
      });
    }
  }

  private flush(): void {
    const events = this.outgoing;
    this.outgoing = [];
    if (events.length > 0) {
      this.underWay += events.length;
      this.send({ kind: 'events', events });
    }
  }

  private status(): BrokerStatus {
    const { readyCount: ready, active, pids } = this.pool;
    return { counts: { ...this.counts }, ready, active, pids };
  }

  private sendStatus(): void {
    const status = this.status();
    const text = JSON.stringify(status);
    if (text !== this.sentStatus) {
      this.sentStatus = text;
      this.send({ kind: 'status', status });
    }
  }

  private async stop(graceMs: number): Promise<void> {
    const whole = await this.pool.stop(graceMs);
    this.stopped = true;
    this.attachment.setWakeup(null);
    this.attachment.detach();
    this.flush();
    this.send({ kind: 'stopped', whole, status: this.status() });
  }
}

const port = parentPort;
if (port !== null) {
  const send = (message: FromBroker): void => {
    port.postMessage(message);
  };
  const failed = (thrown: unknown): void => {
    const { code, message } = toTaskerError(thrown);
    send({ kind: 'failed', code, message });
  };
  try {
    const broker = new Broker(workerData as BrokerStart, send);
    port.on('message', (message: ToBroker) => {
      broker.take(message);
    });
    broker.start().catch(failed);
  } catch (error) {
    failed(error);
  }
}
