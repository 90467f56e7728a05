// What the demo prints: a line as each step goes, and the closing table. Plain text unless colour is wanted.
import type { StepSummary } from '../run/summary.js';
import { formatTable, formatTime } from './table.js';

/** A stream to print on, such as process.stdout. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

type Colour = 'dim' | 'bold' | 'red' | 'green';

const CODES: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32 };
/** Where the output is no terminal. */
const COLUMNS_DEFAULT = 120;

/** Prints in colour when the output is a terminal and NO_COLOR is not set. */
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
    const [header = '', rule = '', ...rows] = formatTable(steps, this.#output.columns ?? COLUMNS_DEFAULT);
    this.heading(header);
    this.line(this.#paint('dim', rule));
    rows.forEach((row, index) => {
      this.line(steps[index]?.state === 'complete' ? row : this.#paint('red', row));
    });
  }

  #progress(step: string, event: string, attempt: number, detail: string): void {
    this.line(`  ${step.padEnd(this.#stepWidth)}  ${event}  attempt ${attempt}  ${detail}`.trimEnd());
  }

  #paint(colour: Colour, text: string): string {
    return this.#coloured ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
  }
}
