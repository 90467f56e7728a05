// The computations on the real data against a second implementation: other algorithms, other libraries, slow and plain.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';

import { airportSummary } from '../handlers/airport-summary.js';
import { delayStatistics } from '../handlers/delay-statistics.js';
import { delaysByHour } from '../handlers/delays-by-hour.js';
import { imageStatistics } from '../handlers/image-statistics.js';
import { parseFlights } from '../lib/flight-columns.js';
import { readSource, SOURCES } from '../lib/source-data.js';

type Flight = { delay: number; time: number };

const flightsText = (await readSource(SOURCES.flights)).toString();
const flights = JSON.parse(flightsText) as Flight[];
const columns = parseFlights(flightsText);

test('delay statistics of the real flights', () => {
  const flightsOfDelay = new Map<number, number>();
  for (const { delay } of flights) {
    flightsOfDelay.set(delay, (flightsOfDelay.get(delay) ?? 0) + 1);
  }
  const delays = [...flightsOfDelay.keys()].sort((a, b) => a - b);
  const percentile = (share: number) => {
    let seen = 0;
    return delays.find((delay) => (seen += flightsOfDelay.get(delay) ?? 0) >= share * flights.length);
  };
  const sum = delays.reduce((total, delay) => total + BigInt(delay) * BigInt(flightsOfDelay.get(delay) ?? 0), 0n);
  assert.deepEqual(delayStatistics(columns.delayMinutes), {
    rows: 200_000,
    delay_mean_minutes: Number(sum) / 200_000,
    delay_p50_minutes: percentile(0.5),
    delay_p95_minutes: percentile(0.95),
  });
});

test('delays by hour of the real flights', () => {
  const expected = [];
  for (let hour = 0; hour < 24; hour += 1) {
    const delays = flights.filter(({ time }) => time >= hour && time < hour + 1).map(({ delay }) => delay);
    if (delays.length > 0) {
      const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
      expected.push({ hour, rows: delays.length, delay_mean_minutes: mean });
    }
  }
  const { by_hour: byHour } = delaysByHour(columns);
  assert.deepEqual(byHour, expected);
  assert.equal(
    byHour.reduce((rows, hour) => rows + hour.rows, 0),
    200_000,
  );
});

test('airport summary of the real airports', async () => {
  const csv = (await readSource(SOURCES.airports)).toString();
  // The last three columns hold no comma, whatever the names before them hold.
  const states = csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').at(-4) ?? '');
  const codes = [...new Set(states)];
  const ranking = codes
    .map((state) => ({ state, airports: states.filter((other) => other === state).length }))
    .sort((a, b) => (a.airports === b.airports ? a.state.localeCompare(b.state, 'en') : b.airports - a.airports));
  assert.deepEqual(airportSummary(csv), {
    rows: states.length,
    states: codes.length,
    top_states: ranking.slice(0, 10),
  });
});

for (const file of SOURCES.images) {
  test(`image statistics of ${file}`, async () => {
    const png = await readSource(file);
    const { width, height, pixels } = decodeRgba(png);
    let sum = 0;
    for (const [red, green, blue, alpha] of pixels) {
      const onWhite = (channel: number) => (channel * alpha) / 255 + 255 * (1 - alpha / 255);
      sum += 0.2126 * onWhite(red) + 0.7152 * onWhite(green) + 0.0722 * onWhite(blue);
    }
    const actual = imageStatistics(file, png);
    assert.deepEqual([actual.file, actual.width, actual.height], [file, width, height]);
    assert.ok(Math.abs(actual.mean_luma - sum / (width * height)) < 1e-9);
  });
}

type Pixel = [red: number, green: number, blue: number, alpha: number];

/** Decodes the one kind of PNG that these files are: 8 bits, RGBA, not interlaced (PNG specification, sections 5 and 9). */
function decodeRgba(png: Buffer): { width: number; height: number; pixels: Pixel[] } {
  const compressed: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') {
      compressed.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
    }
  }
  assert.deepEqual([...png.subarray(24, 29)], [8, 6, 0, 0, 0]);
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const bytes = unfilter(inflateSync(Buffer.concat(compressed)), width * 4, height);
  const pixels = Array.from({ length: width * height }, (_, index): Pixel => {
    const [red = 0, green = 0, blue = 0, alpha = 0] = bytes.slice(index * 4, index * 4 + 4);
    return [red, green, blue, alpha];
  });
  return { width, height, pixels };
}

function unfilter(data: Buffer, stride: number, height: number): number[] {
  const out: number[] = [];
  for (let y = 0; y < height; y += 1) {
    const filter = data.readUInt8(y * (stride + 1));
    for (let x = 0; x < stride; x += 1) {
      const left = x >= 4 ? (out[y * stride + x - 4] ?? 0) : 0;
      const up = out[(y - 1) * stride + x] ?? 0;
      const corner = x >= 4 ? (out[(y - 1) * stride + x - 4] ?? 0) : 0;
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      assert.ok(predicted !== undefined, `unknown filter ${filter}`);
      out.push((data.readUInt8(y * (stride + 1) + 1 + x) + predicted) & 255);
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const distances = [left, up, corner].map((value) => Math.abs(estimate - value));
  return [left, up, corner][distances.indexOf(Math.min(...distances))] ?? 0;
}
