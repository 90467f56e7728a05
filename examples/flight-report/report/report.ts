// The report as data: what report.json holds.
import type { AirportSummary } from '../handlers/airport-summary.js';
import type { DelayStatistics } from '../handlers/delay-statistics.js';
import type { DelaysByHour } from '../handlers/delays-by-hour.js';
import type { ImageStatistics } from '../handlers/image-statistics.js';

export type FlightReport = {
  flights: DelayStatistics & DelaysByHour;
  airports: AirportSummary;
  images: ImageStatistics[];
};

/** Text of report.json. The same report gives the same text, byte for byte. */
export function reportJson(report: FlightReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
