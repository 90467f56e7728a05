import assert from 'node:assert/strict';
import { test } from 'node:test';

import { median, percentile, summarize } from './statistics.mjs';

test('a percentile is the value of the nearest rank', () => {
  const values = [15, 20, 35, 40, 50];
  assert.equal(percentile(values, 5), 15);
  assert.equal(percentile(values, 30), 20);
  assert.equal(percentile(values, 40), 20);
  assert.equal(percentile(values, 50), 35);
  assert.equal(percentile(values, 100), 50);
});

test('a percentile does not depend on the order of the values', () => {
  assert.equal(percentile([9, 1, 5, 3, 7], 50), 5);
});

test('values are ordered as numbers, not as text', () => {
  assert.equal(percentile([100, 9, 20], 50), 20);
  assert.equal(median([100, 9, 20]), 20);
});

test('a percentile of nothing or out of range is refused', () => {
  assert.throws(() => percentile([], 50), /no values/);
  assert.throws(() => percentile([1], 0), /percent 0/);
  assert.throws(() => percentile([1], 100.1), /percent 100.1/);
  assert.throws(() => percentile([1], Number.NaN), /percent NaN/);
});

test('the median of an even number of values is the mean of the middle two', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
  assert.throws(() => median([]), /no values/);
});

test('a summary leaves the given values as they are', () => {
  const values = Object.freeze([3, 1, 2]);
  assert.deepEqual(summarize(values), { median: 2, min: 1, max: 3, runs: 3 });
});
