// What the pool has to know of a step event, read from its text without parsing all of it.
import type { FfiStepEvent } from '../../native/types.js';
import type { StepFacts } from '../step-settler.js';

// The core writes these members first; a document of another order is parsed.
const head = /^\{"event_id":"([^"\\]+)","task_uuid":"([^"\\]+)","step_uuid":"([^"\\]+)"/;

/**
 * Ids of a step event.
 *
 * @param text JSON of one step event
 * @throws {SyntaxError} when it is no JSON
 */
export function factsOfText(text: string): StepFacts {
  let handlerName: string | null = null;
  const parsed = (): FfiStepEvent => JSON.parse(text) as FfiStepEvent;
  const [, first, second, third] = head.exec(text.slice(0, 300)) ?? [];
  const ids =
    first !== undefined && second !== undefined && third !== undefined
      ? { eventId: first, taskUuid: second, stepUuid: third }
      : idsOf(parsed());
  return {
    ...ids,
    // Far inside the document, and asked for only when somebody listens or something went wrong.
    get handlerName() {
      handlerName ??= parsed().step_definition.handler.callable;
      return handlerName;
    },
  };
}

function idsOf({
  event_id: eventId,
  task_uuid: taskUuid,
  step_uuid: stepUuid,
}: FfiStepEvent): Omit<StepFacts, 'handlerName'> {
  return { eventId, taskUuid, stepUuid };
}
