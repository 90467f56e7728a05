// Prints the steps of one task as they go, from the worker's events.
import type { TaskerEventEmitter } from 'tasker-worker';

import type { Printer } from '../terminal/printer.js';

export class Progress {
  readonly #attemptOfEvent = new Map<string, number>();
  /** Lines of the time before `follow`: a step may start before the answer to createTask arrives. */
  readonly #early: { taskUuid: string; print: () => void }[] = [];
  #taskUuid: string | null = null;

  /** Listens from now on; prints nothing before `follow`. Steps have the names of their handlers here. */
  constructor(emitter: TaskerEventEmitter, printer: Printer) {
    emitter.on('step.execution.received', ({ event }) => {
      this.#attemptOfEvent.set(event.event_id, event.workflow_step.attempts + 1);
    });
    emitter.on('step.execution.started', ({ eventId, taskUuid, handlerName }) => {
      const attempt = this.#attemptOfEvent.get(eventId) ?? 1;
      this.#show(taskUuid, () => {
        printer.started(handlerName, attempt);
      });
    });
    emitter.on('step.execution.completed', ({ eventId, taskUuid, handlerName, executionTimeMs }) => {
      const attempt = this.#takeAttempt(eventId);
      this.#show(taskUuid, () => {
        printer.completed(handlerName, attempt, executionTimeMs);
      });
    });
    emitter.on('step.execution.failed', ({ eventId, taskUuid, handlerName, executionTimeMs, error }) => {
      const attempt = this.#takeAttempt(eventId);
      this.#show(taskUuid, () => {
        printer.failed(handlerName, attempt, executionTimeMs, error.message);
      });
    });
  }

  /** Prints the steps of this task, those that went by already first; other tasks of the store stay unseen. */
  follow(taskUuid: string): void {
    this.#taskUuid = taskUuid;
    for (const early of this.#early.splice(0)) {
      this.#show(early.taskUuid, early.print);
    }
  }

  #show(taskUuid: string, print: () => void): void {
    if (this.#taskUuid === null) {
      this.#early.push({ taskUuid, print });
    } else if (taskUuid === this.#taskUuid) {
      print();
    }
  }

  #takeAttempt(eventId: string): number {
    const attempt = this.#attemptOfEvent.get(eventId) ?? 1;
    this.#attemptOfEvent.delete(eventId);
    return attempt;
  }
}
