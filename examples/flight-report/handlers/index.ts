// The handlers of the template flight_report, one for each step.
import { airportSummaryStep } from './airport-summary.js';
import { delayStatisticsStep } from './delay-statistics.js';
import { delaysByHourStep } from './delays-by-hour.js';
import { imageStatisticsStep } from './image-statistics.js';
import { loadFlightsStep } from './load-flights.js';
import { renderReportStep } from './render-report.js';

export const handlers = [
  loadFlightsStep,
  delayStatisticsStep,
  delaysByHourStep,
  airportSummaryStep,
  imageStatisticsStep,
  renderReportStep,
];
