// Starts and stops the peer inside its network namespace: the server, and the process of the service.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { enterLoopback } from './isolation.mjs';
import { ADMIN_PORT, INGRESS_PORT, SERVICE_PORT } from './ports.mjs';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 10_000;
const RETRY_MS = 50;

/**
 * @typedef {object} RestateOptions
 * @property {string} serverPath program of the server
 * @property {string} dataDirectory where the server keeps its data
 * @property {number} connections HTTP connections of the client at most
 */

/**
 * Runs `use` against a started peer and stops the peer whatever happens. Server settings are its defaults, durability
 * among them.
 *
 * @template T
 * @param {RestateOptions} options
 * @param {(invoke: (seq: number) => Promise<{ seq: number, steps: number, checksum: number }>) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withRestate(options, use) {
  enterLoopback();
  await mkdir(options.dataDirectory, { recursive: true });
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  /** @type {import('node:child_process').ChildProcess[]} */
  const children = [];
  try {
    children.push(startServer(options));
    children.push(startService());
    await deploy(agent, children);
    return await use((seq) => invoke(agent, seq));
  } finally {
    agent.destroy();
    await Promise.all(children.map(stop));
  }
}

/** @param {RestateOptions} options */
function startServer(options) {
  return spawn(options.serverPath, [], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      RESTATE_BASE_DIR: options.dataDirectory,
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'error',
    },
  });
}

function startService() {
  return spawn(process.execPath, [join(import.meta.dirname, 'service.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', RESTATE_LOGGING: 'ERROR' },
  });
}

/**
 * Registers the service, again and again until server and service are up.
 *
 * @param {Agent} agent
 * @param {import('node:child_process').ChildProcess[]} children
 */
async function deploy(agent, children) {
  const deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    const answer = await send(agent, ADMIN_PORT, '/deployments', {
      uri: `http://127.0.0.1:${SERVICE_PORT}`,
    }).catch((/** @type {Error} */ error) => error);
    if (!(answer instanceof Error)) return;
    const gone = children.find((child) => child.exitCode !== null || child.signalCode !== null);
    if (gone !== undefined) throw new Error(`${gone.spawnfile} ended while starting`);
    if (performance.now() > deadline) {
      throw new Error(`restate was not ready in ${START_DEADLINE_MS} ms: ${answer.message}`);
    }
    await delay(RETRY_MS);
  }
}

/**
 * Runs one workflow to its end.
 *
 * @param {Agent} agent
 * @param {number} seq
 */
async function invoke(agent, seq) {
  return JSON.parse(await send(agent, INGRESS_PORT, '/linear4/run', { seq }));
}

/**
 * @param {Agent} agent
 * @param {number} port
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<string>}
 */
function send(agent, port, path, body) {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (part) => (answer += part));
      response.on('error', reject);
      response.on('end', () => {
        const ok = response.statusCode !== undefined && response.statusCode < 300;
        if (ok) resolve(answer);
        else reject(new Error(`${path}: status ${response.statusCode}: ${answer.slice(0, 200)}`));
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await ended;
  clearTimeout(timer);
}
