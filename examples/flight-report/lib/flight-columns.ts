// The flights as two columns, and the file that carries them from step to step.
//
// A step's result is kept in the store and handed to each dependent step. 200,000 rows would fit (the limit is 16 MiB of
// JSON), but every dependent would parse them again, and nobody wants to read them in `tasker task show`. So the result
// is a reference: path, size and digest of a file with the two columns as raw 64-bit floats, 3.2 MB. Any process that
// goes on with the task after a crash finds them there; the digest tells it that the file is the one that was written.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { PermanentError } from 'tasker-worker';

import { writeAtomically } from './files.js';
import { reasonOf } from './reason.js';

/** One value for each flight in either column, in the order of the source. */
export interface FlightColumns {
  /** Delay in minutes; negative when early. */
  delayMinutes: Float64Array;
  /** Time of the day in hours, 0 ≤ t < 24. */
  timeHours: Float64Array;
}

/** Where the columns lie: first all delays, then all times, each a 64-bit float in the machine's byte order. */
export type FlightColumnsFile = {
  rows: number;
  file: string;
  bytes: number;
  sha256: string;
};

const BYTES_PER_VALUE = Float64Array.BYTES_PER_ELEMENT;

/**
 * Reads flights from JSON text: an array of objects with numeric `delay` (minutes) and `time` (hours of the day).
 *
 * @throws {PermanentError} naming row, field and value when the text is anything else
 */
export function parseFlights(json: string): FlightColumns {
  const rows = parseRows(json);
  const columns = { delayMinutes: new Float64Array(rows.length), timeHours: new Float64Array(rows.length) };
  rows.forEach((row, index) => {
    const delay = numberAt(row, 'delay', index);
    const time = numberAt(row, 'time', index);
    if (time < 0 || time >= 24) {
      throw new PermanentError(`flights[${index}].time is ${time}; expected 0 ≤ time < 24`);
    }
    columns.delayMinutes[index] = delay;
    columns.timeHours[index] = time;
  });
  return columns;
}

/**
 * Writes the columns into `folder`. The name carries the digest, so that the same flights give the same file and no
 * reader ever sees another content under the name that it was given.
 */
export async function writeFlightColumns(folder: string, columns: FlightColumns): Promise<FlightColumnsFile> {
  const content = Buffer.concat([bytesOf(columns.delayMinutes), bytesOf(columns.timeHours)]);
  const sha256 = digestOf(content);
  const file = join(folder, `flights-${sha256.slice(0, 12)}.f64`);
  await writeAtomically(file, content);
  return { rows: columns.delayMinutes.length, file, bytes: content.length, sha256 };
}

/**
 * Reads back what writeFlightColumns wrote.
 *
 * @throws {PermanentError} when the file is gone or is not the one that was written
 */
export async function readFlightColumns(reference: FlightColumnsFile): Promise<FlightColumns> {
  let content: Buffer;
  try {
    content = await readFile(reference.file);
  } catch (error) {
    throw new PermanentError(`the loaded flights: ${reasonOf(error)}; start over with --fresh`);
  }
  if (content.length !== 2 * reference.rows * BYTES_PER_VALUE || digestOf(content) !== reference.sha256) {
    throw new PermanentError(`${reference.file} is not the file that was written; start over with --fresh`);
  }
  // A copy, because a Buffer need not begin at a multiple of 8 bytes, and a Float64Array must.
  const values = new Float64Array(new Uint8Array(content).buffer);
  return { delayMinutes: values.subarray(0, reference.rows), timeHours: values.subarray(reference.rows) };
}

function parseRows(json: string): unknown[] {
  let rows: unknown;
  try {
    rows = JSON.parse(json);
  } catch (error) {
    throw new PermanentError(`the flights are not JSON: ${reasonOf(error)}`);
  }
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new PermanentError('the flights have to be a JSON array with at least one row');
  }
  return rows;
}

function numberAt(row: unknown, field: string, index: number): number {
  const value: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, field) : undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new PermanentError(`flights[${index}].${field} is ${show(value)}; expected a number`);
  }
  return value;
}

function bytesOf(column: Float64Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A value for an error message: as JSON, cut to a length that a line can bear. */
function show(value: unknown): string {
  if (value === undefined) {
    return 'missing';
  }
  return typeof value === 'number' ? String(value) : JSON.stringify(value).slice(0, 80);
}
