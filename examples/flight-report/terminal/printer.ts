// What the demo prints: a line as each step goes, and the closing table. Plain text unless colour is wanted.
import { basename } from 'node:path';

import type { StepSummary } from '../run/summary.js';

/** A stream to print on; colour is used when it is a terminal and NO_COLOR is not set. */
export type Output = { write(text: string): unknown; isTTY?: boolean };

type Colour = 'dim' | 'bold' | 'red' | 'green';

const CODES: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32 };
const RESULT_WIDTH = 88;

export class Printer {
  readonly #output: Output;
  readonly #coloured: boolean;
  readonly #stepWidth: number;

  /**
   * @param output - where to print
   * @param environment - looked at for NO_COLOR (https://no-color.org)
   * @param steps - names of the steps, for the width of their column
   */
  constructor(output: Output, environment: Readonly<Record<string, string | undefined>>, steps: readonly string[]) {
    this.#output = output;
    this.#coloured = output.isTTY === true && (environment['NO_COLOR'] ?? '') === '';
    this.#stepWidth = Math.max(...steps.map((step) => step.length));
  }

  line(text = ''): void {
    this.#output.write(`${text}\n`);
  }

  heading(text: string): void {
    this.line(this.#paint('bold', text));
  }

  problem(text: string): void {
    this.line(this.#paint('red', text));
  }

  started(step: string, attempt: number): void {
    this.#progress(step, this.#paint('dim', 'started  '), attempt, '');
  }

  completed(step: string, attempt: number, timeMs: number): void {
    this.#progress(step, this.#paint('green', 'completed'), attempt, formatTime(timeMs));
  }

  failed(step: string, attempt: number, timeMs: number, reason: string): void {
    this.#progress(step, this.#paint('red', 'failed   '), attempt, `${formatTime(timeMs)}  ${reason}`);
  }

  /** The closing table: step, attempts, time, result. */
  table(steps: readonly StepSummary[]): void {
    const rows = steps.map((step) => [
      step.step,
      String(step.attempts),
      step.time_ms === null ? '-' : formatTime(step.time_ms),
      step.state === 'complete' ? summarizeResult(step.result) : step.state,
    ]);
    const header = ['step', 'attempts', 'time', 'result'];
    const widths = header.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
    );
    const format = (row: readonly string[]) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 1 || column === 2 ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd();
    this.line(this.#paint('bold', format(header)));
    this.line(this.#paint('dim', widths.map((width) => '-'.repeat(width)).join('  ')));
    rows.forEach((row, index) => {
      const complete = steps[index]?.state === 'complete';
      this.line(complete ? format(row) : this.#paint('red', format(row)));
    });
  }

  #progress(step: string, event: string, attempt: number, detail: string): void {
    this.line(`  ${step.padEnd(this.#stepWidth)}  ${event}  attempt ${attempt}  ${detail}`.trimEnd());
  }

  #paint(colour: Colour, text: string): string {
    return this.#coloured ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
  }
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
  const text = Object.entries(result)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${summarizeValue(value)}`)
    .join(', ');
  return text.length > RESULT_WIDTH ? `${text.slice(0, RESULT_WIDTH - 3)}...` : text;
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
