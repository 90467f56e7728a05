// Step load_flights: the flights, checked and kept as columns for the steps that follow.
import { join } from 'node:path';

import { defineHandler } from 'tasker-worker';

import { parseFlights, writeFlightColumns } from '../lib/flight-columns.js';
import { readSource, SOURCES } from '../lib/source-data.js';
import { readTaskInput } from '../lib/task-input.js';

export const loadFlightsStep = defineHandler({
  name: 'load_flights',
  input: readTaskInput,
  run: async ({ input }) => {
    const flights = parseFlights((await readSource(SOURCES.flights)).toString());
    return writeFlightColumns(join(input.output_dir, 'cache'), flights);
  },
});
