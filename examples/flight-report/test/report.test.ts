// report.json and report.html.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { delaysChart } from '../report/chart.js';
import { reportHtml } from '../report/html.js';
import { formatNumber, markup } from '../report/markup.js';
import { reportJson, type FlightReport } from '../report/report.js';

const report: FlightReport = {
  flights: {
    rows: 1003,
    delay_mean_minutes: 12.345,
    delay_p50_minutes: -2,
    delay_p95_minutes: 90,
    by_hour: [
      { hour: 3, rows: 3, delay_mean_minutes: 500 },
      { hour: 8, rows: 1000, delay_mean_minutes: -4.25 },
    ],
  },
  airports: { rows: 5, states: 2, top_states: [{ state: '<b>"A&B\'', airports: 3 }] },
  images: [{ file: 'a<script>.png', width: 4, height: 2, mean_luma: 127.5 }],
};
const images = new Map([['a<script>.png', Buffer.from('png')]]);

test('the JSON has exactly the members of the report, in a fixed order', () => {
  assert.deepEqual(JSON.parse(reportJson(report)), report);
  assert.ok(reportJson(report).startsWith('{\n  "flights": {\n    "rows": 1003,\n'));
  assert.ok(reportJson(report).endsWith('}\n'));
});

test('everything from the data is escaped', () => {
  const html = reportHtml(report, images);
  assert.ok(html.includes('&lt;b&gt;&quot;A&amp;B&#39;'));
  assert.ok(html.includes('alt="a&lt;script&gt;.png"'));
  assert.ok(!html.includes('<b>') && !html.includes('<script'));
});

test('the page needs no network and no script', () => {
  const html = reportHtml(report, images);
  const references = [...html.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, url]) => url);
  assert.deepEqual(references, ['data:image/png;base64,cG5n', 'report.json']);
  assert.ok(!/url\(|@import|\bon\w+=/.test(html));
});

test('the page shows the figures of the report', () => {
  const html = reportHtml(report, images);
  for (const text of ['1,003', '12.3 min', '−2 min', '90 min', '60.0 %', '4 × 2 pixels', '127.5']) {
    assert.ok(html.includes(text), text);
  }
});

test('an image without content is an error', () => {
  assert.throws(() => reportHtml(report, new Map()), RangeError);
});

test('the chart has a delay bar and a flights bar for each hour with flights', () => {
  const svg = delaysChart(report.flights.by_hour).text;
  assert.equal(svg.match(/class="delay/g)?.length, 2);
  assert.equal(svg.match(/class="flights"/g)?.length, 2);
  assert.ok(svg.includes('3:00 to 3:59: 500.0 minutes, 3 flights'));
});

test('an hour with few flights is pale, and a bar beyond the scale is cut and bears its value', () => {
  const svg = delaysChart(report.flights.by_hour).text;
  const pale = /class="delay pale" x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"/.exec(svg);
  assert.ok(Number(pale?.[1]) >= 0 && Number(pale?.[2]) < 300);
  assert.ok(svg.includes('>500</text>'));
});

test('a chart of equal or only negative values has a finite scale', () => {
  for (const mean of [0, -7, 0.001]) {
    const svg = delaysChart([{ hour: 0, rows: 500, delay_mean_minutes: mean }]).text;
    assert.ok(!/NaN|Infinity|-0"|>−0</.test(svg), `mean ${mean}`);
  }
});

test('markup escapes values and keeps markup', () => {
  assert.equal(markup`<p>${'<&>'}${markup`<i>${1}</i>`}</p>`.text, '<p>&lt;&amp;&gt;<i>1</i></p>');
});

test('numbers have a true minus sign, and none for zero', () => {
  assert.deepEqual([formatNumber(-1.25), formatNumber(-0.01), formatNumber(3)], ['−1.3', '0.0', '3.0']);
});
