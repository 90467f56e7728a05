// The words before and after a run.
import { relative } from 'node:path';

import type { TaskSummary } from '../run/summary.js';
import type { TakenUp } from '../run/take-up.js';
import type { Printer } from './printer.js';

export function printOpening(printer: Printer, { taskUuid, continued }: TakenUp): void {
  if (continued === null) {
    printer.heading(`new task ${taskUuid}`);
    return;
  }
  const { completed_steps: completed, total_steps: total } = continued;
  printer.heading(`continuing task ${taskUuid}: ${completed} of ${total} steps are complete already`);
}

/** The table of all steps, and where the report is, or what failed and what to do next. */
export function printClosing(printer: Printer, summary: TaskSummary): void {
  printer.line();
  printer.table(summary.steps);
  printer.line();
  if (summary.report !== null) {
    printer.line(`report  ${pathFromHere(summary.report.html)}`);
    printer.line(`        ${pathFromHere(summary.report.json)}`);
    return;
  }
  for (const { step, error } of summary.steps) {
    if (error !== null) {
      printer.problem(`${step} failed: ${error}`);
    }
  }
  printer.line(`The task is ${summary.status}. Mend the cause and run again: complete steps stay complete.`);
  printer.line('Or start over with --fresh.');
}

/** Relative to the working directory where that is shorter. */
function pathFromHere(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}
