// The computations of the steps against inputs small enough to check by eye.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PNG } from 'pngjs';
import { PermanentError } from 'tasker-worker';

import { airportSummary } from '../handlers/airport-summary.js';
import { delayStatistics, nearestRank } from '../handlers/delay-statistics.js';
import { delaysByHour } from '../handlers/delays-by-hour.js';
import { imageStatistics, meanLuma } from '../handlers/image-statistics.js';

test('the nearest rank is always one of the values', () => {
  const values = Float64Array.of(15, 20, 35, 40, 50);
  assert.deepEqual(
    [1, 5, 20, 21, 30, 40, 50, 80, 81, 100].map((percent) => nearestRank(values, percent)),
    [15, 15, 15, 20, 20, 20, 35, 40, 50, 50],
  );
});

test('the nearest rank of a single value is that value', () => {
  assert.equal(nearestRank(Float64Array.of(7), 1), 7);
  assert.equal(nearestRank(Float64Array.of(7), 100), 7);
});

test('the nearest rank of nothing is an error', () => {
  assert.throws(() => nearestRank(new Float64Array(), 50), RangeError);
});

test('delay statistics sort by number and leave their input alone', () => {
  const delays = Float64Array.of(100, -5, 9, 20);
  assert.deepEqual(delayStatistics(delays), {
    rows: 4,
    delay_mean_minutes: 31,
    delay_p50_minutes: 9,
    delay_p95_minutes: 100,
  });
  assert.deepEqual([...delays], [100, -5, 9, 20]);
});

test('hours are the whole part of the time, ascending, and empty hours are left out', () => {
  const columns = {
    delayMinutes: Float64Array.of(8, 1, 2, 30, -4),
    timeHours: Float64Array.of(23.98, 0, 0.999, 9, 23),
  };
  assert.deepEqual(delaysByHour(columns), {
    by_hour: [
      { hour: 0, rows: 2, delay_mean_minutes: 1.5 },
      { hour: 9, rows: 1, delay_mean_minutes: 30 },
      { hour: 23, rows: 2, delay_mean_minutes: 2 },
    ],
  });
});

test('columns of unequal length are an error', () => {
  const columns = { delayMinutes: Float64Array.of(1), timeHours: Float64Array.of(1, 2) };
  assert.throws(() => delaysByHour(columns), /flight 1 has a time but no delay/);
});

test('states are ranked by airports, equal ones by name', () => {
  const csv = 'iata,name,state\nA,Alpha,TX\nB,"Beta, Old",AK\nC,Gamma,NA\nD,Delta,TX\n';
  assert.deepEqual(airportSummary(csv), {
    rows: 4,
    states: 3,
    top_states: [
      { state: 'TX', airports: 2 },
      { state: 'AK', airports: 1 },
      { state: 'NA', airports: 1 },
    ],
  });
});

test('at most ten states are listed, and all are counted', () => {
  const lines = Array.from({ length: 12 }, (_, index) => `S${index + 10}`);
  const summary = airportSummary(`state\n${lines.join('\n')}\n`);
  assert.equal(summary.states, 12);
  assert.deepEqual(
    summary.top_states.map(({ state }) => state),
    lines.slice(0, 10),
  );
});

test('airports that are no CSV, or have no state, fail for good', () => {
  assert.throws(() => airportSummary('iata,state\nA,TX,1\n'), PermanentError);
  assert.throws(() => airportSummary('iata,state\nA,TX\nB,\n'), {
    name: 'PermanentError',
    message: 'airports[1].state is missing; expected the code of a state',
  });
  assert.throws(() => airportSummary('iata\nA\n'), PermanentError);
});

test('luma weighs red, green and blue', () => {
  assertClose(meanLuma(Uint8Array.of(255, 0, 0, 255)), 54.213);
  assertClose(meanLuma(Uint8Array.of(0, 255, 0, 255)), 182.376);
  assertClose(meanLuma(Uint8Array.of(0, 0, 255, 255)), 18.411);
  assertClose(meanLuma(Uint8Array.of(255, 255, 255, 255)), 255);
  assert.equal(meanLuma(Uint8Array.of(0, 0, 0, 255)), 0);
});

test('pixels are composited on white', () => {
  assertClose(meanLuma(Uint8Array.of(0, 0, 0, 0)), 255);
  assertClose(meanLuma(Uint8Array.of(0, 0, 0, 51)), 204);
  assertClose(meanLuma(Uint8Array.of(0, 0, 0, 255, 9, 9, 9, 0)), 127.5);
});

test('image statistics read size and pixels of a PNG', () => {
  const image = new PNG({ width: 3, height: 2 });
  image.data.fill(255);
  image.data.set([0, 0, 0, 255]);
  const { mean_luma: meanLumaOfImage, ...rest } = imageStatistics('dot.png', PNG.sync.write(image));
  assert.deepEqual(rest, { file: 'dot.png', width: 3, height: 2 });
  assertClose(meanLumaOfImage, (255 * 5) / 6);
});

test('a file that is no PNG fails for good and is named', () => {
  assert.throws(() => imageStatistics('x.png', Buffer.from('GIF89a')), {
    name: 'PermanentError',
    message: /^x\.png is not a PNG image: /,
  });
});

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
}
