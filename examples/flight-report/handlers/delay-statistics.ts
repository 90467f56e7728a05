// Step delay_statistics: how late the flights are in all.
import { defineHandler } from 'tasker-worker';

import { readFlightColumns } from '../lib/flight-columns.js';
import { loadFlightsStep } from './load-flights.js';

export type DelayStatistics = {
  rows: number;
  delay_mean_minutes: number;
  delay_p50_minutes: number;
  delay_p95_minutes: number;
};

/** `depends` names the handler, so `flights` has the type of its result. */
export const delayStatisticsStep = defineHandler({
  name: 'delay_statistics',
  executor: 'threads',
  module: import.meta.url,
  depends: { flights: loadFlightsStep },
  run: async ({ flights }) => delayStatistics((await readFlightColumns(flights)).delayMinutes),
});

/**
 * Mean and percentiles of all delays.
 *
 * @param delayMinutes - one value for each flight, at least one
 */
export function delayStatistics(delayMinutes: Float64Array): DelayStatistics {
  const ascending = delayMinutes.slice().sort();
  let sum = 0;
  for (const delay of delayMinutes) {
    sum += delay;
  }
  return {
    rows: delayMinutes.length,
    delay_mean_minutes: sum / delayMinutes.length,
    delay_p50_minutes: nearestRank(ascending, 50),
    delay_p95_minutes: nearestRank(ascending, 95),
  };
}

/**
 * Percentile by the nearest-rank rule: the smallest value that at least `percent` % of the values do not exceed. Always
 * one of the values, never between two.
 *
 * @param ascending - sorted values, at least one
 * @param percent - whole number, 1..100, so that the rank is not subject to rounding
 */
export function nearestRank(ascending: Float64Array, percent: number): number {
  const rank = Math.ceil((percent * ascending.length) / 100);
  const value = ascending[rank - 1];
  if (value === undefined) {
    throw new RangeError(`no rank ${rank} in ${ascending.length} values`);
  }
  return value;
}
