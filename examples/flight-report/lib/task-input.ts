// The input of a task of the template flight_report.
import { isAbsolute } from 'node:path';

import { PermanentError } from 'tasker-worker';

export type TaskInput = {
  /** Absolute path of the folder for the report: another process, started elsewhere, may go on with the task. */
  output_dir: string;
};

/**
 * Checks a task's input; used by every handler that needs it.
 *
 * @throws {PermanentError} naming the field, the value and what was expected
 */
export function readTaskInput(raw: unknown): TaskInput {
  const outputDir: unknown = typeof raw === 'object' && raw !== null ? Reflect.get(raw, 'output_dir') : undefined;
  if (typeof outputDir !== 'string' || !isAbsolute(outputDir)) {
    throw new PermanentError(`output_dir is ${String(outputDir)}; expected an absolute path`);
  }
  return { output_dir: outputDir };
}
