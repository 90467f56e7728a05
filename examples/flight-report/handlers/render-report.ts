// Step render_report: report.json and report.html from the results of the steps before.
import { defineHandler } from 'tasker-worker';

import { writeAtomically } from '../lib/files.js';
import { outputFiles } from '../lib/output-files.js';
import { readSource } from '../lib/source-data.js';
import { readTaskInput } from '../lib/task-input.js';
import { reportHtml } from '../report/html.js';
import { reportJson, type FlightReport } from '../report/report.js';
import { airportSummaryStep } from './airport-summary.js';
import { delayStatisticsStep } from './delay-statistics.js';
import { delaysByHourStep } from './delays-by-hour.js';
import { imageStatisticsStep } from './image-statistics.js';

export const renderReportStep = defineHandler({
  name: 'render_report',
  input: readTaskInput,
  depends: {
    statistics: delayStatisticsStep,
    hours: delaysByHourStep,
    airports: airportSummaryStep,
    pictures: imageStatisticsStep,
  },
  run: async ({ input, statistics, hours, airports, pictures }) => {
    const report: FlightReport = { flights: { ...statistics, ...hours }, airports, images: pictures.images };
    const { html, json } = outputFiles(input.output_dir);
    await writeAtomically(json, reportJson(report));
    await writeAtomically(html, reportHtml(report, await readImages(report)));
    return { html, json };
  },
});

async function readImages(report: FlightReport): Promise<Map<string, Buffer>> {
  const entries = report.images.map(async ({ file }) => [file, await readSource(file)] as const);
  return new Map(await Promise.all(entries));
}
