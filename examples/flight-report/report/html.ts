// The report as one HTML page that needs no network and no script.
import type { AirportSummary } from '../handlers/airport-summary.js';
import type { DelayStatistics } from '../handlers/delay-statistics.js';
import type { HourOfDelays } from '../handlers/delays-by-hour.js';
import type { ImageStatistics } from '../handlers/image-statistics.js';
import { delaysChart, FEW_FLIGHTS } from './chart.js';
import { formatCount, formatNumber, markup, Markup } from './markup.js';
import type { FlightReport } from './report.js';
import { STYLE } from './style.js';

/**
 * Text of report.html. The same report and images give the same text, byte for byte.
 *
 * @param report - what to show
 * @param pngOfImage - content of each file of `report.images`, by its name
 */
export function reportHtml(report: FlightReport, pngOfImage: ReadonlyMap<string, Buffer>): string {
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Flight report</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>Flight report</h1>
<p>${formatCount(report.flights.rows)} flights, ${formatCount(report.airports.rows)} airports and
${report.images.length} images of the npm package vega-datasets, put together by a workflow of six steps.</p>
</header>
${delaySection(report.flights, report.flights.by_hour)}
${airportSection(report.airports)}
${imageSection(report.images, pngOfImage)}
<footer>Percentiles by nearest rank. Luma is 0.2126 R + 0.7152 G + 0.0722 B, from 0 (black) to 255 (white), averaged over
all pixels as seen on white. The same figures, unrounded, are in <a href="report.json">report.json</a>.</footer>
</main>
</body>
</html>
`;
  return page.text;
}

function delaySection(statistics: DelayStatistics, hours: readonly HourOfDelays[]): Markup {
  return markup`<section>
<h2>Delays</h2>
<dl class="figures">
${figure('Flights', formatCount(statistics.rows))}
${figure('Mean delay', `${formatNumber(statistics.delay_mean_minutes)} min`)}
${figure('Median delay', `${formatNumber(statistics.delay_p50_minutes, 0)} min`)}
${figure('95 % are no later than', `${formatNumber(statistics.delay_p95_minutes, 0)} min`)}
</dl>
<figure>
${delaysChart(hours)}
<figcaption>Pale bars stand for fewer than ${FEW_FLIGHTS} flights, whose mean says little. A bar that is too long for the
scale is cut and bears its value.</figcaption>
</figure>
<details>
<summary>The same as a table</summary>
<table>
<thead><tr><th class="number">Hour</th><th class="number">Flights</th><th class="number">Mean delay (min)</th></tr></thead>
<tbody>
${hours.map(hourRow)}
</tbody>
</table>
</details>
</section>`;
}

function figure(name: string, value: string): Markup {
  return markup`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function hourRow(hour: HourOfDelays): Markup {
  return markup`<tr><td class="number">${hour.hour}</td><td class="number">${formatCount(hour.rows)}</td><td
 class="number">${formatNumber(hour.delay_mean_minutes, 2)}</td></tr>`;
}

function airportSection(airports: AirportSummary): Markup {
  const most = airports.top_states[0]?.airports ?? 1;
  const rows = airports.top_states.map(
    ({
      state,
      airports: count,
    }) => markup`<tr><th scope="row">${state}</th><td class="number">${formatCount(count)}</td><td
 class="number">${formatNumber((100 * count) / airports.rows)} %</td><td class="bar"><svg viewBox="0 0 100 1"
 preserveAspectRatio="none" aria-hidden="true"><rect class="flights" width="${formatNumber((100 * count) / most, 2)}"
 height="1"/></svg></td></tr>`,
  );
  return markup`<section>
<h2>Airports</h2>
<p>${formatCount(airports.rows)} airports with ${airports.states} different codes in the column “state” (“NA” stands for
“not available”). The ${airports.top_states.length} codes with the most airports:</p>
<table class="airports">
<thead><tr><th>State</th><th class="number">Airports</th><th class="number">Share</th><th></th></tr></thead>
<tbody>
${rows}
</tbody>
</table>
</section>`;
}

function imageSection(images: readonly ImageStatistics[], pngOfImage: ReadonlyMap<string, Buffer>): Markup {
  return markup`<section>
<h2>Images</h2>
<div class="images">
${images.map((image) => imageCard(image, pngOfImage))}
</div>
</section>`;
}

function imageCard(image: ImageStatistics, pngOfImage: ReadonlyMap<string, Buffer>): Markup {
  const png = pngOfImage.get(image.file);
  if (png === undefined) {
    throw new RangeError(`no content given for the image ${image.file}`);
  }
  const source = `data:image/png;base64,${png.toString('base64')}`;
  return markup`<article>
<img src="${source}" width="${image.width}" height="${image.height}" alt="${image.file}">
<h3>${image.file}</h3>
<p>${image.width} × ${image.height} pixels</p>
<p>mean luma <strong>${formatNumber(image.mean_luma)}</strong></p>
<meter min="0" max="255" value="${image.mean_luma}">${formatNumber(image.mean_luma)} of 255</meter>
</article>`;
}
