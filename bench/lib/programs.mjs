// Where the programs are that get measured, and why one is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { findIsolation } from '../peers/restate/isolation.mjs';
import { feedEnvironment, findRuntimes, koffiVersion } from './doors/runtimes.mjs';

const benchDirectory = join(import.meta.dirname, '..');
const restateDirectory = join(benchDirectory, 'peers', 'restate');
const RESTATE_NODE_MAJOR_MIN = 22;

/**
 * @typedef {object} Restate
 * @property {string[]} prefix words before a command of its own network namespace
 * @property {string} server
 */

/**
 * @typedef {object} Programs
 * @property {string} limit bench_limit
 * @property {string} native bench_native
 * @property {string} addon
 * @property {{ library: string | null, koffi: string | null }} ffi the C library, and Node's way to it with its version
 * @property {Record<string, string>} doors environment that names the files of the door scenarios
 * @property {string} node
 * @property {import('./doors/runtimes.mjs').RuntimeOrReason[]} runtimes of the door scenarios
 * @property {Restate | { reason: string }} restate `reason`: why it is left out
 */

/**
 * @param {string} buildDirectory of CMake, with TASKER_BUILD_BENCH
 * @param {{ install: boolean }} options install: fetch what the peer lacks
 * @returns {Programs}
 * @throws {Error} naming the file that is missing and what builds it
 */
export function findPrograms(buildDirectory, { install }) {
  const built = (/** @type {string[]} */ ...parts) => {
    const path = join(buildDirectory, ...parts);
    if (!existsSync(path)) {
      throw new Error(`${path}: not built; run: cmake --preset bench && ninja -C build/release`);
    }
    return path;
  };
  return {
    limit: built('bench', 'bench_limit'),
    native: built('bench', 'bench_native'),
    addon: built('doors', 'node', 'tasker.node'),
    ffi: findFfi(buildDirectory),
    doors: feedEnvironment(buildDirectory),
    node: process.execPath,
    runtimes: findRuntimes(),
    restate: findRestate(install),
  };
}

/** @param {string} buildDirectory */
function findFfi(buildDirectory) {
  const library = join(buildDirectory, 'doors', 'c', 'libtasker_worker.so');
  return { library: existsSync(library) ? library : null, koffi: koffiVersion() };
}

/**
 * @param {boolean} install
 * @returns {Restate | { reason: string }}
 */
function findRestate(install) {
  if (process.platform !== 'linux') return { reason: 'network namespaces need Linux' };
  if (Number(process.versions.node.split('.')[0]) < RESTATE_NODE_MAJOR_MIN) {
    return { reason: `its SDK needs Node ${RESTATE_NODE_MAJOR_MIN} or later; this is ${process.versions.node}` };
  }
  const isolation = findIsolation();
  if ('reason' in isolation) return isolation;
  const packages = join(restateDirectory, 'node_modules');
  const server = join(packages, '@restatedev', `restate-server-linux-${process.arch}`, 'bin', 'restate-server');
  if (!existsSync(server)) {
    if (!install) return { reason: `not installed; run: npm ci --prefix ${restateDirectory}` };
    const problem = installRestate();
    if (problem !== null) return { reason: problem };
    if (!existsSync(server)) return { reason: `its server has no package for ${process.arch}` };
  }
  return { prefix: isolation.prefix, server };
}

/** @returns {string | null} what went wrong */
function installRestate() {
  console.error('installing the peer Restate (server and SDK, about 230 MB) in bench/peers/restate with npm ci');
  // No install scripts: what these packages run at installation calls home.
  const { status, stderr, error } = spawnSync('npm', ['ci', '--ignore-scripts', '--workspaces=false'], {
    cwd: restateDirectory,
    encoding: 'utf8',
  });
  return status === 0 ? null : `npm ci failed: ${(error?.message ?? stderr).trim().split('\n').at(-1)}`;
}

/**
 * @param {Programs} programs
 * @returns {Record<string, string>}
 */
export function describeVersions({ limit, restate, runtimes, ffi }) {
  const manifest = (/** @type {string} */ path) => JSON.parse(readFileSync(join(benchDirectory, path), 'utf8')).version;
  /** @type {Record<string, string>} */
  const versions = {
    node: process.versions.node,
    sqlite: spawnSync(limit, ['version'], { encoding: 'utf8' }).stdout.trim(),
    tasker: manifest('../frontends/typescript/package.json'),
  };
  for (const runtime of runtimes.slice(1)) {
    if (!('reason' in runtime)) versions[runtime.name.replace(' ', '_')] = runtime.version;
  }
  if (ffi.koffi !== null) versions['koffi'] = ffi.koffi;
  if (!('reason' in restate)) {
    versions['restate'] = spawnSync(restate.server, ['--version'], { encoding: 'utf8' })
      .stdout.trim()
      .replace(/^\S+ /, '');
    versions['restate_sdk'] = manifest('peers/restate/node_modules/@restatedev/restate-sdk/package.json');
  }
  return versions;
}
