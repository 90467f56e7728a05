// How a task stands, read from the store, so that it covers the steps of earlier processes too.
import type { StepResponse } from 'tasker-worker';

import { outputFiles } from '../lib/output-files.js';
import type { TakenUp } from './take-up.js';

/** The closing summary; what --json prints. */
export interface TaskSummary {
  task_uuid: string;
  status: string;
  /** Whether an earlier run had begun the task. */
  continued: boolean;
  steps: StepSummary[];
  /** Paths of the files; null unless the task is complete. */
  report: { html: string; json: string } | null;
}

export interface StepSummary {
  step: string;
  state: string;
  attempts: number;
  /** Duration of the attempt that completed the step, in milliseconds; null unless complete. */
  time_ms: number | null;
  /** What the handler returned; null unless complete. */
  result: unknown;
  /** Why the last attempt failed; null when none did, or the step is complete. */
  error: string | null;
}

/**
 * Sums up a task that has ended.
 *
 * @param task - what was taken up
 * @param outputDir - where its report is
 * @param status - the task's state
 * @param steps - the records of all its steps
 */
export function summarizeTask(
  task: TakenUp,
  outputDir: string,
  status: string,
  steps: readonly StepResponse[],
): TaskSummary {
  const { html, json } = outputFiles(outputDir);
  return {
    task_uuid: task.taskUuid,
    status,
    continued: task.continued !== null,
    steps: steps.map(summarizeStep),
    report: status === 'complete' ? { html, json } : null,
  };
}

/** A step's record, whose `results` is the stored result document, in the words of the closing table. */
function summarizeStep({ name, current_state: state, attempts, results }: StepResponse): StepSummary {
  const common = { step: name, state, attempts };
  if (state !== 'complete') {
    const reason = memberOf(results, 'error', 'message');
    return { ...common, time_ms: null, result: null, error: typeof reason === 'string' ? reason : null };
  }
  const timeMs = memberOf(results, 'metadata', 'execution_time_ms');
  return {
    ...common,
    time_ms: typeof timeMs === 'number' ? timeMs : null,
    result: memberOf(results, 'result') ?? null,
    error: null,
  };
}

function memberOf(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const key of path) {
    found = typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined;
  }
  return found;
}
