// Percentiles and medians, computed in one place for every system.

/** @param {readonly number[]} values */
function ascending(values) {
  return [...values].sort((a, b) => a - b);
}

/**
 * Percentile by nearest rank: the smallest value that at least `percent` % of the values do not exceed.
 *
 * @param {readonly number[]} values at least one, in any order
 * @param {number} percent over 0, up to 100
 * @returns {number}
 */
export function percentile(values, percent) {
  if (values.length === 0) throw new RangeError('percentile: no values; expected at least one');
  if (!(percent > 0 && percent <= 100)) {
    throw new RangeError(`percentile: percent ${percent}; expected over 0, up to 100`);
  }
  const rank = Math.ceil((percent / 100) * values.length);
  return /** @type {number} */ (ascending(values)[rank - 1]);
}

/**
 * Middle value; the mean of the two middle ones when their number is even.
 *
 * @param {readonly number[]} values at least one, in any order
 * @returns {number}
 */
export function median(values) {
  if (values.length === 0) throw new RangeError('median: no values; expected at least one');
  const sorted = ascending(values);
  const upper = sorted.length >> 1;
  const lower = sorted.length % 2 === 1 ? upper : upper - 1;
  const middle = sorted.slice(lower, upper + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/**
 * Median and spread of one metric over the runs.
 *
 * @param {readonly number[]} values one for each run
 * @returns {{ median: number, min: number, max: number, runs: number }}
 */
export function summarize(values) {
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    runs: values.length,
  };
}
