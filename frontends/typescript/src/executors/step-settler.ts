// Sends what came of a step in a thread or a child to the core, and tells the worker's bus. The subscriber does the same for
// handlers on `main`, with their results at hand.
import { toTaskerError } from '../errors/convert.js';
import type { TaskerError } from '../errors/tasker-error.js';
import type { TaskerEventEmitter } from '../events/emitter.js';
import { isOfDocument, isOfEvent, refusalOf } from '../events/refusals.js';
import { checkpointErrorType, failureOfThrown, smallFailure, type StepFailure } from '../events/result-document.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { FfiStepEvent } from '../native/types.js';
import { failedOutcome, type StepOutcome } from './step-runner.js';

/** Pause before a completion that found its channel full is sent again. */
const fullRetryMs = 10;

/** What the bus is told of a step. */
export interface StepFacts {
  readonly eventId: string;
  readonly stepUuid: string;
  readonly taskUuid: string;
  readonly handlerName: string;
}

export function factsOfEvent(event: FfiStepEvent): StepFacts {
  return {
    eventId: event.event_id,
    stepUuid: event.step_uuid,
    taskUuid: event.task_uuid,
    handlerName: event.step_definition.handler.callable,
  };
}

/** A failure whose document was refused, in as few bytes as possible. */
function smallerFailure({ message, errorType, retryable }: StepOutcome & { kind: 'failed' }): StepFailure {
  return smallFailure({ ...failureOfThrown(new Error(message)), errorType, retryable });
}

/** Where a settler sends to: the worker's runtime and bus, or a thread's own attachment. */
export interface SettlePort {
  /** @throws {TaskerError} as `completeStepEventText` of the runtime */
  complete(eventId: string, text: string): void;
  /** Rejects with a TaskerError as `checkpointStepEventText` of the runtime. */
  checkpoint(eventId: string, text: string): Promise<unknown>;
  /** The core has taken the outcome (`sent`), or has made a failure of the attempt by itself. */
  taken(facts: StepFacts, outcome: StepOutcome, sent: boolean): void;
  /** The outcome came too late. */
  late(facts: StepFacts, error: TaskerError): void;
  /** The outcome could not be sent for another reason. */
  trouble(facts: StepFacts, error: TaskerError): void;
}

/** Brings an outcome to the core: a full channel is tried again, a refused document is replaced by a failure. */
export class StepSettler {
  private readonly port: SettlePort;

  constructor(port: SettlePort) {
    this.port = port;
  }

  /**
   * Sends an outcome. A full channel is tried again, a refused document is replaced by a failure.
   *
   * @param onSettled called once, when the event is the core's again: the place is free
   */
  settle(facts: StepFacts, outcome: StepOutcome, onSettled: () => void): void {
    if (outcome.kind === 'checkpoint') {
      this.checkpoint(facts, outcome, onSettled);
    } else {
      this.send(facts, outcome, onSettled, false);
    }
  }

  /** Sends a failure that the worker found. */
  fail(facts: StepFacts, failure: StepFailure, executionTimeMs: number, onSettled: () => void): void {
    this.settle(facts, failedOutcome(facts.stepUuid, executionTimeMs, failure), onSettled);
  }

  private send(facts: StepFacts, outcome: StepOutcome, onSettled: () => void, last: boolean): void {
    try {
      this.port.complete(facts.eventId, outcome.text);
    } catch (thrown) {
      this.refused(facts, outcome, toTaskerError(thrown), { onSettled, last });
      return;
    }
    this.port.taken(facts, outcome, true);
    onSettled();
  }

  /** What becomes of an outcome that the core has refused. */
  refused(
    facts: StepFacts,
    outcome: StepOutcome,
    error: TaskerError,
    { onSettled, last = false }: { onSettled: () => void; last?: boolean },
  ): void {
    if (error.code === 'FULL') {
      setTimeout(() => {
        this.send(facts, outcome, onSettled, last);
      }, fullRetryMs);
      return;
    }
    if (isOfDocument(error) && !last) {
      const again = outcome.kind === 'failed';
      const next = again ? smallerFailure(outcome) : failureOfThrown(refusalOf(error));
      this.send(facts, failedOutcome(facts.stepUuid, outcome.executionTimeMs, next), onSettled, again);
      return;
    }
    if (isOfEvent(error)) {
      this.port.late(facts, error);
    } else {
      this.port.trouble(facts, error);
    }
    onSettled();
  }

  private checkpoint(facts: StepFacts, outcome: StepOutcome, onSettled: () => void): void {
    this.port.checkpoint(facts.eventId, outcome.text).then(
      () => {
        this.port.taken(facts, outcome, true);
        onSettled();
      },
      (thrown: unknown) => {
        const error = toTaskerError(thrown);
        if (isOfDocument(error) || isOfEvent(error)) {
          this.refused(facts, outcome, error, { onSettled });
          return;
        }
        // The core has failed the attempt already: nothing is left to send.
        const failure = { ...failureOfThrown(error), errorType: checkpointErrorType, retryable: true };
        this.port.taken(facts, failedOutcome(facts.stepUuid, outcome.executionTimeMs, failure), false);
        onSettled();
      },
    );
  }
}

/** The worker's bus, told of steps that ran elsewhere. */
export class StepReporter {
  private readonly emitter: TaskerEventEmitter;

  constructor(emitter: TaskerEventEmitter) {
    this.emitter = emitter;
  }

  /** Which of its news somebody listens to. */
  hears(): { started: boolean; taken: boolean } {
    const { emitter } = this;
    const taken = ['completed', 'failed'].some((word) => emitter.hears(`step.execution.${word as 'failed'}`));
    return {
      started: emitter.hears('step.execution.started'),
      taken: taken || emitter.hears('step.completion.sent') || emitter.hears('step.checkpoint_yield.sent'),
    };
  }

  /** A handler begins. */
  started(facts: StepFacts): void {
    if (this.emitter.hears('step.execution.started')) {
      this.emitter.emitStepStarted({ ...facts, startedAt: new Date() });
    }
  }

  late(facts: StepFacts): void {
    this.emitter.publish('step.completion.refused', { eventId: facts.eventId, timestamp: new Date() });
  }

  /** The core has taken an outcome (`sent`), or has made a failure of the attempt by itself. */
  taken(facts: StepFacts, outcome: StepOutcome, sent: boolean): void {
    const { emitter } = this;
    const { executionTimeMs } = outcome;
    if (outcome.kind === 'completed' && emitter.hears('step.execution.completed')) {
      const { result } = JSON.parse(outcome.text) as { result: unknown };
      emitter.emitStepCompleted({ ...facts, result, executionTimeMs, completedAt: new Date() });
    }
    if (outcome.kind === 'failed' && emitter.hears('step.execution.failed')) {
      const { errorType, retryable, message } = outcome;
      emitter.emitStepFailed({
        ...facts,
        error: new Error(message),
        errorType,
        retryable,
        executionTimeMs,
        failedAt: new Date(),
      });
    }
    if (outcome.kind === 'checkpoint') {
      this.checkpointed(facts, outcome.text);
    } else if (sent && emitter.hears('step.completion.sent')) {
      emitter.emitCompletionSent({
        eventId: facts.eventId,
        stepUuid: facts.stepUuid,
        success: outcome.kind === 'completed',
        sentAt: new Date(),
      });
    }
  }

  private checkpointed({ eventId, stepUuid }: StepFacts, text: string): void {
    if (this.emitter.hears('step.checkpoint_yield.sent')) {
      const { cursor, items_processed } = JSON.parse(text) as { cursor: unknown; items_processed: number };
      const payload = { eventId, stepUuid, cursor, itemsProcessed: items_processed, timestamp: new Date() };
      this.emitter.publish('step.checkpoint_yield.sent', payload);
    }
  }
}

/** The settler of the worker's own thread. */
export function workerSettler(runtime: TaskerRuntime, emitter: TaskerEventEmitter): StepSettler {
  const reporter = new StepReporter(emitter);
  return new StepSettler({
    complete: (eventId, text) => {
      runtime.completeStepEventText(eventId, text);
    },
    checkpoint: (eventId, text) => runtime.checkpointStepEventText(eventId, text),
    taken: (facts, outcome, sent) => {
      reporter.taken(facts, outcome, sent);
    },
    late: (facts, { code }) => {
      reporter.late(facts);
      runtime.logDebug('a completion came too late', { event_id: facts.eventId, code });
    },
    trouble: ({ eventId }, error) => {
      emitter.emitWorkerError({ error, context: `completion of ${eventId}` });
    },
  });
}
