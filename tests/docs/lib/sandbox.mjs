// A folder for one page: the package, TypeScript and the programs that the page uses, and a shell in it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

import { Shell } from './shell.mjs';

export const ROOT = resolve(import.meta.dirname, '..', '..', '..');

/** What a page's TypeScript is compiled with, unless the page has a tsconfig.json of its own. */
const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    incremental: true,
  },
};

/** Stands at the place of ./dev: runs the demo from the build under test, without looking for what to install. */
const DEV = `#!/usr/bin/env bash
set -eu
case "$1" in
  demo) exec node '${ROOT}/examples/flight-report/dist/main.js' --out "$PWD/examples/flight-report/out" "\${@:2}" ;;
  help) exec '${ROOT}/dev' help ;;
  *) echo "not in the tests of the documentation: ./dev $1" >&2; exit 2 ;;
esac
`;

/** What bash says of background jobs that were killed, which pages leave out. */
const JOB_NEWS = /^bash: line \d+: +\d+ (Killed|Terminated) .*\n/gm;

/** @returns {string} the `tasker` program under test */
function cliPath() {
  return resolve(process.env['TASKER_CLI_PATH'] ?? join(ROOT, 'build', 'dev', 'core', 'cli', 'tasker'));
}

/** @returns {string} the C library under test */
function libraryPath() {
  const named = process.env['TASKER_FFI_LIBRARY_PATH'];
  return resolve(named ?? join(ROOT, 'build', 'dev', 'doors', 'c', 'libtasker_worker.so'));
}

/** A page's folder. Use it from one test at a time. */
export class Sandbox {
  #files = mkdtempSync(join(tmpdir(), 'tasker-docs-'));
  #shell;
  #uncompiled = false;
  #commands = 0;

  constructor() {
    this.folder = join(this.#files, 'page');
    const modules = join(this.folder, 'node_modules');
    mkdirSync(join(modules, '@types'), { recursive: true });
    mkdirSync(join(modules, '.bin'));
    symlinkSync(join(ROOT, 'frontends', 'typescript'), join(modules, 'tasker-worker'));
    symlinkSync(join(ROOT, 'node_modules', 'typescript'), join(modules, 'typescript'));
    symlinkSync(join(ROOT, 'node_modules', '@types', 'node'), join(modules, '@types', 'node'));
    symlinkSync(join(ROOT, 'node_modules', '.bin', 'tsc'), join(modules, '.bin', 'tsc'));
    this.write('package.json', '{ "private": true, "type": "module" }\n');
    this.write('tsconfig.json', JSON.stringify(TSCONFIG));
    writeFileSync(join(this.folder, 'dev'), DEV, { mode: 0o755 });
    this.#shell = new Shell({ cwd: this.folder, env: environment() });
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  write(name, text) {
    const path = resolve(this.folder, name);
    if (!path.startsWith(this.folder)) throw new Error(`${name}: outside of the page's folder`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    this.#uncompiled ||= name.endsWith('.ts');
  }

  /**
   * Compiles and type-checks the page's TypeScript, if any was written since the last time.
   *
   * @returns {string} the compiler's complaints; empty when there are none
   */
  compile() {
    if (!this.#uncompiled) return '';
    this.#uncompiled = false;
    const tsc = join(this.folder, 'node_modules', '.bin', 'tsc');
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', this.folder], { encoding: 'utf8' });
    return status === 0 ? '' : stdout + stderr;
  }

  /**
   * @param {string} command
   * @returns {Promise<{ code: number, output: string }>}
   */
  async run(command) {
    this.#commands += 1;
    const file = join(this.#files, `output-${this.#commands}`);
    const code = await this.#shell.run(command, file);
    return { code, output: readFileSync(file, 'utf8').replace(JOB_NEWS, '') };
  }

  close() {
    this.#shell.close();
    rmSync(this.#files, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The environment of a newcomer: the programs on the PATH, nothing of ours set but the doors under test. */
function environment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('TASKER_') && !name.startsWith('npm_') && !name.startsWith('NODE_'),
  );
  const path = [dirname(process.execPath), dirname(cliPath()), process.env['PATH'] ?? ''].join(delimiter);
  const addon = process.env['TASKER_ADDON_PATH'];
  return {
    ...Object.fromEntries(kept),
    ...(addon === undefined ? {} : { TASKER_ADDON_PATH: resolve(addon) }),
    TASKER_FFI_LIBRARY_PATH: libraryPath(),
    PATH: path,
    NO_COLOR: '1',
    LC_ALL: 'C.UTF-8',
  };
}
