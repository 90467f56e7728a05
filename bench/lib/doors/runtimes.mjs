// The runtimes that the door scenarios measure, and the files of the doors.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * @typedef {object} Runtime
 * @property {string} name such as "node 22"
 * @property {string} version
 * @property {string[]} command before a program's file
 */

/** @typedef {Runtime | { name: string, reason: string }} RuntimeOrReason `reason`: why it is left out */

const tools = join(import.meta.dirname, '..', '..', '..', '.tools');

/** @param {string} version */
function numbersOf(version) {
  return version.split('.').map(Number);
}

/**
 * @param {string} a
 * @param {string} b
 * @returns {number} as a comparison of versions "major.minor.patch"
 */
export function compareVersions(a, b) {
  const others = numbersOf(b);
  return numbersOf(a).reduce((order, number, index) => order || number - (others[index] ?? 0), 0);
}

/** The newest Node that ./dev has fetched, when it is newer than this one. */
function findNewestNode() {
  const found = (existsSync(tools) ? readdirSync(tools) : [])
    .filter((name) => /^node-\d+\.\d+\.\d+$/.test(name))
    .map((name) => name.slice('node-'.length))
    .sort(compareVersions)
    .at(-1);
  return found !== undefined && compareVersions(found, process.versions.node) > 0 ? found : null;
}

/**
 * @param {string} name
 * @param {string[]} args
 * @returns {RuntimeOrReason}
 */
function findOnPath(name, args) {
  const { status, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
  if (status !== 0) return { name, reason: `no ${name} on the PATH; ./dev bench fetches it` };
  return { name, version: /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? 'unknown', command: [name, ...args] };
}

/** @param {string} version */
function nodeName(version) {
  return `node ${version.split('.')[0]}`;
}

/** @returns {RuntimeOrReason[]} this Node, the newest Node, Bun, Deno */
export function findRuntimes() {
  const own = { name: nodeName(process.versions.node), version: process.versions.node, command: [process.execPath] };
  const newest = findNewestNode();
  const nodes =
    newest === null
      ? []
      : [{ name: nodeName(newest), version: newest, command: [join(tools, `node-${newest}`, 'bin', 'node')] }];
  return [own, ...nodes, findOnPath('bun', []), findOnPath('deno', ['run', '--allow-all', '--no-check'])];
}

/**
 * The environment of a measuring program: the doors with the feeding store behind them, the bare ones, and what starts
 * child processes.
 *
 * @param {string} buildDirectory
 * @returns {Record<string, string>}
 */
export function feedEnvironment(buildDirectory) {
  return {
    TASKER_ADDON_PATH: join(buildDirectory, 'bench', 'doors', 'node', 'tasker.node'),
    TASKER_FFI_LIBRARY_PATH: join(buildDirectory, 'bench', 'doors', 'c', 'libtasker_worker.so'),
    TASKER_LAUNCHER_PATH: join(buildDirectory, 'doors', 'launcher', 'tasker-launcher'),
    BENCH_BARE_DIRECTORY: join(buildDirectory, 'bench', 'bare'),
  };
}

/** @returns {string | null} version of koffi, Node's way to an FFI; null when it is not installed */
export function koffiVersion() {
  const folders = createRequire(import.meta.url).resolve.paths('koffi') ?? [];
  const manifest = folders.map((folder) => join(folder, 'koffi', 'package.json')).find((path) => existsSync(path));
  return manifest === undefined ? null : JSON.parse(readFileSync(manifest, 'utf8')).version;
}
