// The results file: its shape, and how a run of some scenarios updates it.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * @typedef {object} Row one metric of one system over all runs
 * @property {string} system "tasker", "limit", or the name of a peer
 * @property {string} variant
 * @property {string} metric
 * @property {string} unit
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {number} runs
 */

/**
 * @typedef {object} ScenarioResult
 * @property {{ what: string, value: number, unit: string }} limit
 * @property {Row[]} rows
 */

/**
 * @typedef {object} Results
 * @property {string} commit
 * @property {Record<string, string | number>} machine
 * @property {Record<string, string>} versions
 * @property {Record<string, ScenarioResult>} scenarios
 */

/**
 * The earlier results with the newly measured scenarios in place of their old figures; the head (commit, machine,
 * versions) is that of the new run.
 *
 * @param {Results | null} earlier
 * @param {Results} fresh
 * @returns {Results}
 */
export function mergeResults(earlier, fresh) {
  return {
    commit: fresh.commit,
    machine: fresh.machine,
    versions: { ...earlier?.versions, ...fresh.versions },
    scenarios: { ...earlier?.scenarios, ...fresh.scenarios },
  };
}

/**
 * @param {string} path
 * @returns {Promise<Results | null>} null when there is no such file
 * @throws {Error} when the file holds something else
 */
export async function readResults(path) {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null;
    throw error;
  }
  /** @type {unknown} */
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(`${path}: not JSON; remove it to start afresh`);
  }
  if (typeof parsed !== 'object' || parsed === null || !('scenarios' in parsed)) {
    throw new Error(`${path}: no results of a benchmark run; remove it to start afresh`);
  }
  return /** @type {Results} */ (parsed);
}

/**
 * Merges `fresh` into the file at `path`, which is replaced in one step.
 *
 * @param {string} path
 * @param {Results} fresh
 * @returns {Promise<Results>} what the file holds now
 */
export async function updateResults(path, fresh) {
  const merged = mergeResults(await readResults(path), fresh);
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(merged, null, 2)}\n`);
  await rename(draft, path);
  return merged;
}
