// Whether a run came to its very end. A task may be complete in the store while the process that watched it was killed
// before it could say so; the next run then shows that task's outcome and runs nothing again.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { writeAtomically } from '../lib/files.js';
import { outputFiles } from '../lib/output-files.js';
import type { TaskSummary } from './summary.js';

/** What an output folder tells of the run before. */
export interface LastRun {
  /** Id of the task whose run was closed last; null when no run was. */
  closedTask: string | null;
  /** Whether both files of a report are there. */
  hasReport: boolean;
}

/** Keeps the summary of a run whose task is complete, as its last act. */
export async function closeRun(outputDir: string, summary: TaskSummary): Promise<void> {
  await writeAtomically(outputFiles(outputDir).summary, summaryJson(summary));
}

export async function readLastRun(outputDir: string): Promise<LastRun> {
  const { html, json, summary } = outputFiles(outputDir);
  return { closedTask: await readTaskUuid(summary), hasReport: existsSync(html) && existsSync(json) };
}

export function summaryJson(summary: TaskSummary): string {
  return `${JSON.stringify(summary, null, 2)}\n`;
}

/** Null when the file is missing or is none of ours: then no run is known to be over. */
async function readTaskUuid(path: string): Promise<string | null> {
  try {
    const summary: unknown = JSON.parse(await readFile(path, 'utf8'));
    const taskUuid: unknown =
      typeof summary === 'object' && summary !== null ? Reflect.get(summary, 'task_uuid') : null;
    return typeof taskUuid === 'string' ? taskUuid : null;
  } catch {
    return null;
  }
}
