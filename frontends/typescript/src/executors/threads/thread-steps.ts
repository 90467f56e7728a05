// Inside a worker thread: the steps that run here, whichever way they came. Blames a handler for what it does outside its own
// promise.
import { AsyncLocalStorage } from 'node:async_hooks';

import { toError } from '../../errors/convert.js';
import type { AbortReason } from '../../events/event-map.js';
import type { HandlerRegistry } from '../../handlers/handler-registry.js';
import { isThenable } from '../../handlers/invoke.js';
import { StepContext } from '../../handlers/step-context.js';
import type { FfiStepEvent } from '../../native/types.js';
import { crashFailure } from '../crash-failure.js';
import type { CrashErrorType, CrashRetry } from '../../errors/crash-types.js';
import { failedOutcome, runStep, type StepOutcome } from '../step-runner.js';
import { factsOfEvent, type StepFacts } from '../step-settler.js';
import { Cell, type SharedState } from './protocol.js';

/** Hears of a step that did not end at once. */
export type OutcomeListener = (facts: StepFacts, outcome: StepOutcome) => void;

/** A step whose handler runs in this thread. */
export class ThreadStep {
  readonly context: StepContext;
  readonly facts: StepFacts;
  /** Whether it came by message. */
  readonly relayed: boolean;
  readonly startedAt = performance.now();
  /** Null once the step has its outcome: what the handler still does counts no more. */
  onOutcome: OutcomeListener | null;

  constructor(event: FfiStepEvent, relayed: boolean, onOutcome: OutcomeListener) {
    this.context = new StepContext(event, event.step_definition.handler.callable);
    this.facts = factsOfEvent(event);
    this.relayed = relayed;
    this.onOutcome = onOutcome;
  }
}

export class ThreadSteps {
  /** By handler: which of its crashes are worth another attempt. */
  readonly retries = new Map<string, CrashRetry>();
  private readonly registry: HandlerRegistry;
  private readonly shared: SharedState;
  private readonly storage = new AsyncLocalStorage<ThreadStep>();
  private readonly running = new Map<string, ThreadStep>();

  constructor(registry: HandlerRegistry, shared: SharedState) {
    this.registry = registry;
    this.shared = shared;
  }

  /** Steps whose handlers have not ended. */
  get active(): number {
    return this.running.size;
  }

  /**
   * Runs a step's handler.
   *
   * @returns its outcome when it ended at once; else null, and `onOutcome` is called later, once
   */
  begin(event: FfiStepEvent, relayed: boolean, onOutcome: OutcomeListener): StepOutcome | null {
    const step = new ThreadStep(event, relayed, onOutcome);
    const { facts, context } = step;
    this.shared.enter(facts.eventId, facts.stepUuid, facts.taskUuid, facts.handlerName);
    this.running.set(facts.eventId, step);
    Atomics.store(this.shared.cells, Cell.ACTIVE, this.running.size);
    const outcome = this.storage.run(step, runStep, this.registry, context);
    this.shared.leave();
    if (!isThenable(outcome)) {
      this.remove(step);
      return outcome;
    }
    void outcome.then((later) => {
      this.end(step, later);
    });
    return null;
  }

  /** Tells a handler to stop. @returns the step, or null when it does not run here */
  abort(eventId: string, reason: AbortReason): ThreadStep | null {
    const step = this.running.get(eventId);
    step?.context.abort(reason);
    return step ?? null;
  }

  /** Tells all handlers to stop that were not told before. @returns their steps */
  abortAll(reason: AbortReason): ThreadStep[] {
    const told = [...this.running.values()].filter(({ context }) => !context.isAborted());
    for (const { context } of told) {
      context.abort(reason);
    }
    return told;
  }

  /** The step on whose behalf the present code runs, or the only one there is; null when it can not be told. */
  culprit(): ThreadStep | null {
    const step = this.storage.getStore();
    if (step !== undefined) {
      return this.running.has(step.facts.eventId) ? step : null;
    }
    const [only, ...others] = this.running.values();
    return others.length === 0 ? (only ?? null) : null;
  }

  /**
   * Fails a step for something that its handler did outside its own promise.
   *
   * @returns whether there is a step to blame
   */
  blame(thrown: unknown, type: CrashErrorType): boolean {
    const step = this.culprit();
    if (step === null) {
      return false;
    }
    const failure = crashFailure(type, toError(thrown), this.retries.get(step.facts.handlerName));
    const elapsedMs = Math.round(performance.now() - step.startedAt);
    this.end(step, failedOutcome(step.facts.stepUuid, elapsedMs, failure));
    return true;
  }

  private end(step: ThreadStep, outcome: StepOutcome): void {
    const listener = step.onOutcome;
    this.remove(step);
    listener?.(step.facts, outcome);
  }

  private remove(step: ThreadStep): void {
    step.onOutcome = null;
    this.running.delete(step.facts.eventId);
    Atomics.store(this.shared.cells, Cell.ACTIVE, this.running.size);
  }
}
