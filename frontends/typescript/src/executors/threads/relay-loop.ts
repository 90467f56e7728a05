// Inside a worker thread: steps that the main thread hands on, their outcomes sent back.
import type { FfiStepEvent } from '../../native/types.js';
import { binariesOf, type FromThread } from './protocol.js';
import type { ThreadSteps } from './thread-steps.js';
import type { StepOutcome } from '../step-runner.js';
import type { StepFacts } from '../step-settler.js';

export class RelayLoop {
  private readonly steps: ThreadSteps;
  private readonly post: (message: FromThread, moved?: ArrayBuffer[]) => void;

  constructor(steps: ThreadSteps, post: (message: FromThread, moved?: ArrayBuffer[]) => void) {
    this.steps = steps;
    this.post = post;
  }

  /** Runs a step that came by message. */
  take(event: FfiStepEvent): void {
    const send = ({ eventId }: StepFacts, outcome: StepOutcome): void => {
      this.post({ type: 'outcome', eventId, outcome }, binariesOf(outcome));
    };
    const outcome = this.steps.begin(event, true, send);
    if (outcome !== null) {
      this.post({ type: 'outcome', eventId: event.event_id, outcome }, binariesOf(outcome));
    }
  }
}
