// The closing table as lines of text.
import { basename } from 'node:path';

import type { StepSummary } from '../run/summary.js';

const HEADER = ['step', 'attempts', 'time', 'result'] as const;
/** Attempts and time, which are numbers. */
const RIGHT_ALIGNED = [false, true, true, false];
const GAP = '  ';
const RESULT_WIDTH_MIN = 24;

/**
 * Header, rule, and a line for each step.
 *
 * @param steps - in the order of the lines
 * @param columns - width of the output; longer results are cut
 */
export function formatTable(steps: readonly StepSummary[], columns: number): string[] {
  const cells = steps.map((step) => [
    step.step,
    String(step.attempts),
    step.time_ms === null ? '-' : formatTime(step.time_ms),
    step.state === 'complete' ? summarizeResult(step.result) : step.state,
  ]);
  const widths = HEADER.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  widths[HEADER.length - 1] = Math.min(widths.at(-1) ?? 0, Math.max(columns - before, RESULT_WIDTH_MIN));
  const rule = widths.map((width) => '-'.repeat(width));
  return [[...HEADER], rule, ...cells].map((row) => formatRow(row, widths));
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  const cells = widths.map((width, column) => {
    const cell = cut(row[column] ?? '', width);
    return RIGHT_ALIGNED[column] === true ? cell.padStart(width) : cell.padEnd(width);
  });
  return cells.join(GAP).trimEnd();
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 3)}...` : text;
}

/** A duration for people: `231 ms`, `12.3 s`. */
export function formatTime(timeMs: number): string {
  return timeMs < 10_000 ? `${timeMs.toFixed(0)} ms` : `${(timeMs / 1000).toFixed(1)} s`;
}

/** The members of a result in one line: numbers with one decimal, paths by their last part, lists by their length. */
export function summarizeResult(result: unknown): string {
  if (typeof result !== 'object' || result === null) {
    return JSON.stringify(result);
  }
  return Object.entries(result)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${summarizeValue(value)}`)
    .join(', ');
}

function summarizeValue(value: unknown): string {
  if (typeof value === 'number') {
    return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
  }
  if (typeof value === 'string') {
    return basename(value);
  }
  return Array.isArray(value) ? `(${value.length})` : JSON.stringify(value);
}
