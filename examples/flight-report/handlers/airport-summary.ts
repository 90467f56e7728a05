// Step airport_summary: how many airports the states have.
import { parse } from 'csv-parse/sync';
import { defineHandler, PermanentError } from 'tasker-worker';

import { reasonOf } from '../lib/reason.js';
import { readSource, SOURCES } from '../lib/source-data.js';

export type AirportSummary = {
  rows: number;
  /** Number of distinct values in the column `state`; `NA` ("not available") is one of them. */
  states: number;
  top_states: { state: string; airports: number }[];
};

const TOP_STATES = 10;

export const airportSummaryStep = defineHandler({
  name: 'airport_summary',
  run: async () => airportSummary((await readSource(SOURCES.airports)).toString()),
});

/**
 * Counts the airports of a CSV text by state: most airports first, equal counts by name.
 *
 * @param csv - text with a header line that has the column `state`
 * @throws {PermanentError} when it is no such CSV
 */
export function airportSummary(csv: string): AirportSummary {
  const airportsOfState = new Map<string, number>();
  const rows = parseRows(csv);
  for (const [index, { state }] of rows.entries()) {
    if (state === undefined || state === '') {
      throw new PermanentError(`airports[${index}].state is missing; expected the code of a state`);
    }
    airportsOfState.set(state, (airportsOfState.get(state) ?? 0) + 1);
  }
  const ranking = [...airportsOfState]
    .map(([state, airports]) => ({ state, airports }))
    .sort((a, b) => b.airports - a.airports || (a.state < b.state ? -1 : 1));
  return { rows: rows.length, states: airportsOfState.size, top_states: ranking.slice(0, TOP_STATES) };
}

function parseRows(csv: string): Partial<Record<string, string>>[] {
  try {
    return parse(csv, { columns: true, bom: true, skip_empty_lines: true });
  } catch (error) {
    throw new PermanentError(`the airports are not CSV: ${reasonOf(error)}`);
  }
}
