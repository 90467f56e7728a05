// Inside a worker thread: takes steps from the native queue and completes them in batches. Nothing crosses to the main thread
// unless a handler is told to stop or somebody listens.
import { toTaskerError } from '../../errors/convert.js';
import type { NativeAttachment, Notice } from '../../native/native-door.js';
import type { FfiStepEvent } from '../../native/types.js';
import type { StepOutcome } from '../step-runner.js';
import { StepSettler, factsOfEvent, type StepFacts } from '../step-settler.js';
import { Cell, Hears, type FromThread, type SharedState } from './protocol.js';
import type { ThreadSteps } from './thread-steps.js';

/** Milliseconds of handlers' time that one batch is to hold: with slow handlers, each thread takes one step at a time. */
const batchMs = 1;
/** Milliseconds after which the thread's own event loop gets a turn, however much waits. */
const turnMs = 10;
/** Milliseconds between two polls where the core can not wake this thread. */
const pollIntervalMs = 5;
const noticesMax = 256;

interface Settled {
  readonly facts: StepFacts;
  readonly outcome: StepOutcome;
}

export interface DirectLoopParts {
  readonly attachment: NativeAttachment;
  readonly steps: ThreadSteps;
  readonly shared: SharedState;
  readonly post: (message: FromThread) => void;
  /** Steps that it holds at once. */
  readonly concurrency: number;
}

export class DirectLoop {
  private readonly parts: DirectLoopParts;
  private readonly settler: StepSettler;
  private readonly settled: Settled[] = [];
  /** Steps taken and not yet settled: those that run, and those whose outcome waits for room. */
  private held = 0;
  private batch = 1;
  private pumping = false;
  private stopped = false;
  private continuation: NodeJS.Immediate | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(parts: DirectLoopParts) {
    this.parts = parts;
    const { attachment, post } = parts;
    this.settler = new StepSettler({
      complete: (eventId, text) => {
        attachment.completeStepEvent(eventId, text);
      },
      checkpoint: (eventId, text) => attachment.checkpointStepEvent(eventId, text).catch(rethrow),
      taken: (facts, outcome, sent) => {
        this.taken(facts, outcome, sent);
      },
      late: (facts) => {
        post({ type: 'late', facts });
      },
      trouble: ({ eventId }, { code, message }) => {
        const fields = { event_id: eventId, code, reason: message };
        post({ type: 'log', level: 'error', message: 'a completion could not be sent', fields });
      },
    });
  }

  start(): void {
    const { attachment } = this.parts;
    if (attachment.delivery === 'poll') {
      this.timer = setInterval(this.pump, pollIntervalMs);
    } else {
      attachment.setWakeup(this.pump);
    }
    this.pump();
  }

  /** Takes nothing more; handlers that run go on. */
  stop(): void {
    this.stopped = true;
    if (this.timer !== null) {
      clearInterval(this.timer);
    }
    if (this.continuation !== null) {
      clearImmediate(this.continuation);
    }
  }

  private readonly pump = (): void => {
    if (this.pumping || this.stopped) {
      return;
    }
    this.pumping = true;
    this.continuation = null;
    const end = performance.now() + turnMs;
    try {
      this.takeNotices();
      while (this.takeBatch()) {
        if (performance.now() >= end) {
          this.continuation = setImmediate(this.pump);
          break;
        }
      }
    } catch (thrown) {
      this.failed(toTaskerError(thrown));
    } finally {
      this.pumping = false;
    }
  };

  /** @returns whether more may wait */
  private takeBatch(): boolean {
    const { attachment, concurrency } = this.parts;
    const max = Math.min(concurrency - this.held, this.batch);
    if (max <= 0) {
      return false;
    }
    const text = attachment.pollStepEvents(max);
    if (text === null) {
      return false;
    }
    const events = JSON.parse(text) as FfiStepEvent[];
    const begunAt = performance.now();
    for (const event of events) {
      this.begin(event);
    }
    const eachMs = (performance.now() - begunAt) / events.length;
    this.batch = Math.max(1, Math.min(this.batch * 2, Math.floor(batchMs / Math.max(eachMs, 0.000_1)), 256));
    this.flush();
    return true;
  }

  private begin(event: FfiStepEvent): void {
    const { shared, steps } = this.parts;
    this.held += 1;
    const hears = Atomics.load(shared.cells, Cell.HEARS);
    if (hears !== 0) {
      this.tellBegin(event, hears);
    }
    const outcome = steps.begin(event, false, this.endedLater);
    if (outcome !== null) {
      this.settled.push({ facts: factsOfEvent(event), outcome });
    }
  }

  private tellBegin(event: FfiStepEvent, hears: number): void {
    const { post } = this.parts;
    if ((hears & Hears.RECEIVED) !== 0) {
      post({ type: 'received', event });
    }
    if ((hears & Hears.STARTED) !== 0) {
      post({ type: 'started', facts: factsOfEvent(event) });
    }
  }

  /** A handler that did not end at once has ended. Those of one turn are sent together. */
  private readonly endedLater = (facts: StepFacts, outcome: StepOutcome): void => {
    this.settled.push({ facts, outcome });
    if (this.settled.length === 1) {
      queueMicrotask(() => {
        this.flush();
        this.pump();
      });
    }
  };

  /** Sends what has come to its end: one call for all. */
  private flush(): void {
    const settled = this.settled.splice(0);
    if (settled.length === 0) {
      return;
    }
    const [first] = settled;
    if (settled.length === 1 || settled.some(({ outcome }) => outcome.kind === 'checkpoint')) {
      for (const { facts, outcome } of settled) {
        this.settler.settle(facts, outcome, this.freed(facts));
      }
      return;
    }
    let text = '';
    for (const { facts, outcome } of settled) {
      text += `${facts === first?.facts ? '[' : ','}{"event_id":"${facts.eventId}","result":${outcome.text}}`;
    }
    const refused = this.parts.attachment.completeStepEvents(`${text}]`);
    const refusals = new Map(
      refused === null
        ? []
        : (JSON.parse(refused) as { index: number; error: unknown }[]).map(({ index, error }) => [index, error]),
    );
    settled.forEach(({ facts, outcome }, index) => {
      const onSettled = this.freed(facts);
      if (refusals.has(index)) {
        this.settler.refused(facts, outcome, toTaskerError(refusals.get(index)), { onSettled });
      } else {
        this.taken(facts, outcome, true);
        onSettled();
      }
    });
  }

  private freed({ eventId }: StepFacts): () => void {
    return () => {
      this.held -= 1;
      if (this.aborting.delete(eventId)) {
        this.parts.post({ type: 'ended', eventId });
      }
      if (!this.pumping) {
        queueMicrotask(this.pump);
      }
    };
  }

  private readonly aborting = new Set<string>();

  private taken(facts: StepFacts, outcome: StepOutcome, sent: boolean): void {
    const { cells } = this.parts.shared;
    if (outcome.kind !== 'checkpoint') {
      Atomics.add(cells, Cell.PROCESSED, 1);
    }
    if (outcome.kind === 'failed') {
      Atomics.add(cells, Cell.FAILED, 1);
    }
    if ((Atomics.load(cells, Cell.HEARS) & Hears.TAKEN) !== 0) {
      this.parts.post({ type: 'taken', facts, outcome, sent });
    }
  }

  private takeNotices(): void {
    const text = this.parts.attachment.pollNotices(noticesMax);
    if (text === null) {
      return;
    }
    for (const notice of JSON.parse(text) as Notice[]) {
      if (notice.kind === 'abort') {
        const step = this.parts.steps.abort(notice.event_id, notice.reason);
        if (step !== null) {
          this.aborting.add(notice.event_id);
          this.parts.post({ type: 'aborting', facts: step.facts, reason: notice.reason });
        }
      }
    }
  }

  /** The attachment or its worker has ended: there is nothing left to take. */
  private failed(error: { code: string; message: string }): void {
    this.stop();
    if (error.code !== 'CLOSED') {
      const fields = { code: error.code, reason: error.message };
      this.parts.post({ type: 'log', level: 'error', message: 'a thread can not take steps any more', fields });
    }
  }
}

function rethrow(error: unknown): never {
  throw toTaskerError(error);
}
