// Step delays_by_hour: flights and mean delay for each hour of the day.
import { defineHandler } from 'tasker-worker';

import { readFlightColumns, type FlightColumns } from '../lib/flight-columns.js';
import { loadFlightsStep } from './load-flights.js';

export type HourOfDelays = { hour: number; rows: number; delay_mean_minutes: number };

export type DelaysByHour = { by_hour: HourOfDelays[] };

export const delaysByHourStep = defineHandler({
  name: 'delays_by_hour',
  depends: { flights: loadFlightsStep },
  run: async ({ flights }) => delaysByHour(await readFlightColumns(flights)),
});

/** Groups by the whole hour of `timeHours`. Hours without a flight have no mean, so they are left out. */
export function delaysByHour({ delayMinutes, timeHours }: FlightColumns): DelaysByHour {
  const groups = new Map<number, { rows: number; sum: number }>();
  for (const [index, time] of timeHours.entries()) {
    const delay = delayMinutes[index];
    if (delay === undefined) {
      throw new RangeError(`flight ${index} has a time but no delay`);
    }
    const hour = Math.floor(time);
    const group = groups.get(hour) ?? { rows: 0, sum: 0 };
    group.rows += 1;
    group.sum += delay;
    groups.set(hour, group);
  }
  const byHour = [...groups].map(([hour, { rows, sum }]) => ({ hour, rows, delay_mean_minutes: sum / rows }));
  return { by_hour: byHour.sort((a, b) => a.hour - b.hour) };
}
