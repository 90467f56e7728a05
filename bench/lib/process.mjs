// One measurement is one fresh process: it prints its figures as its last line of JSON and ends.
import { spawn } from 'node:child_process';

const STDERR_CHARS_MAX = 4000;

/**
 * @typedef {object} Output what a measuring program prints
 * @property {number[]} [samples_us] one for each task
 * @property {number} [elapsed_s] for all of the work
 * @property {Record<string, number>} [values] figures of its own
 * @property {Work} work
 */

/**
 * @typedef {object} Work what was done, so that nobody gets faster by doing less
 * @property {number} tasks
 * @property {number} steps handler calls, or commits and rows where there are no handlers
 * @property {number} checksum sum of the tasks' numbers over all steps
 */

/** Groups of processes that are running; they are ended with this process. */
const running = new Set();

/** Ends every measurement that is running. */
export function killRunning() {
  for (const pid of running) killGroup(pid);
}

/** @param {number} pid */
function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a program to its end, in a group of its own so that nothing of it stays behind.
 *
 * @param {readonly string[]} command
 * @param {{ timeout_ms: number, environment?: Record<string, string> }} options
 * @returns {Promise<Output>}
 * @throws {Error} with the end of its standard error when it fails, takes too long or prints no figures
 */
export function runMeasurement(command, { timeout_ms, environment }) {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    child.stdout.setEncoding('utf8').on('data', (part) => (stdout += part));
    child.stderr.setEncoding('utf8').on('data', (part) => {
      stderr = (stderr + part).slice(-STDERR_CHARS_MAX);
    });
    const timer = setTimeout(() => {
      timedOut = true;
      if (pid !== undefined) killGroup(pid);
    }, timeout_ms);
    const finish = (/** @type {string | null} */ failure) => {
      clearTimeout(timer);
      if (pid !== undefined) {
        running.delete(pid);
        killGroup(pid);
      }
      const output = failure === null ? readOutput(stdout) : null;
      if (output !== null) resolve(output);
      else {
        const why = failure ?? 'printed no figures';
        reject(new Error(`${command.join(' ')}: ${why}\n${stderr.trim()}`.trimEnd()));
      }
    };
    child.on('error', (error) => finish(error.message));
    child.on('close', (code, signal) => {
      if (timedOut) finish(`took longer than ${timeout_ms} ms`);
      else if (code !== 0) finish(`ended with ${signal ?? `exit code ${code}`}`);
      else finish(null);
    });
  });
}

/**
 * @param {string} stdout
 * @returns {Output | null} null when its last line is something else
 */
function readOutput(stdout) {
  try {
    const parsed = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    return typeof parsed?.work === 'object' ? parsed : null;
  } catch {
    return null;
  }
}
