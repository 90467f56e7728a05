// Options of the executor `process`, and what its children see of this process's environment.
import { availableParallelism } from 'node:os';

import { requireInteger, requireString, showValue } from '../../errors/checks.js';
import { makeTaskerError } from '../../errors/convert.js';

/** How child processes are started, limited and replaced. */
export interface ProcessPoolOptions {
  /** Children, 1 to 256. @default the number of processors, 4 at most */
  readonly poolSize?: number;
  /**
   * Steps that one child runs at once, 1 to 1000. With more than one, a crash takes all of them: a step that is known to
   * be the cause fails, and those beside it are handed back. @default 1
   */
  readonly stepsPerChild?: number;
  /** Steps after which a child is replaced, 1 to 1 000 000 000. @default never */
  readonly recycleAfterSteps?: number;
  /** Mebibytes in main memory above which a child is replaced once it is idle, 16 to 1 048 576. @default 512 */
  readonly recycleAboveMb?: number;
  /**
   * Mebibytes in main memory above which a child is killed, 16 to 1 048 576; its step fails as `out_of_memory`. Looked at
   * ten times a second while a step runs. @default no limit
   */
  readonly memoryLimitMb?: number;
  /** Mebibytes of V8's old generation, 16 to 65 536; `heap_limit` above. Without effect on Bun. @default the runtime's */
  readonly heapLimitMb?: number;
  /**
   * Milliseconds of processor time that one step may use, 10 to 86 400 000; its child is killed then, and the step fails
   * as `timeout`. Only with one step at a time for each child. @default no limit
   */
  readonly cpuLimitMs?: number;
  /** Added to the priority of children, 0 to 19: higher lets others go first. @default 0 */
  readonly niceness?: number;
  /** Milliseconds that a child may take to load its modules, 100 to 3 600 000. @default 30000 */
  readonly startTimeoutMs?: number;
  /** Variables of the children besides those that they inherit. @default {} */
  readonly environment?: Readonly<Record<string, string>>;
  /** Names of the variables that children inherit, or all of them. @default `inheritedVariables` */
  readonly inheritEnvironment?: 'all' | readonly string[];
  /** Working folder of the children. @default that of this process */
  readonly workingFolder?: string;
  /**
   * `direct`: a thread of its own takes steps from the native queue and owns the children; `relay`: the main thread hands
   * them on. @default 'direct', and 'relay' where that is not possible
   */
  readonly mode?: 'direct' | 'relay';
  /** Arguments for the children's runtime, before the program. @default this process's own, without those for debugging */
  readonly runtimeArguments?: readonly string[];
}

/** The same with every choice made. */
export interface ProcessPoolSettings {
  readonly poolSize: number;
  readonly stepsPerChild: number;
  readonly recycleAfterSteps: number;
  readonly recycleAboveMb: number;
  readonly memoryLimitMb: number | null;
  readonly heapLimitMb: number | null;
  readonly cpuLimitMs: number | null;
  readonly niceness: number;
  readonly startTimeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingFolder: string;
  readonly runtimeArguments: readonly string[];
}

const ranges = {
  poolSize: [1, 256],
  stepsPerChild: [1, 1000],
  recycleAfterSteps: [1, 1_000_000_000],
  recycleAboveMb: [16, 1_048_576],
  memoryLimitMb: [16, 1_048_576],
  heapLimitMb: [16, 65_536],
  cpuLimitMs: [10, 86_400_000],
  niceness: [0, 19],
  startTimeoutMs: [100, 3_600_000],
} as const satisfies Partial<Record<keyof ProcessPoolOptions, readonly [number, number]>>;

/** Names of the options. */
export const processOptionNames: readonly string[] = [
  ...Object.keys(ranges),
  'environment',
  'inheritEnvironment',
  'workingFolder',
  'runtimeArguments',
  'mode',
];

/**
 * Variables that children inherit when nothing else is said: what programs need to find files, programs, certificates and
 * proxies, and to know language and time zone. No credentials.
 */
export const inheritedVariables: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'LC_ALL',
  'LC_CTYPE',
  'LC_MESSAGES',
  'TZ',
  'TMPDIR',
  'NODE_ENV',
  'NODE_PATH',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'XDG_CACHE_HOME',
  'DENO_DIR',
  'LD_LIBRARY_PATH',
];

function refuse(field: string, value: unknown, expected: string): never {
  throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(value)}, expected ${expected}`, { field });
}

function checkTexts(value: unknown, field: string): void {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    refuse(field, value, 'an array of strings');
  }
}

/**
 * Checks the values of the options of the pool of child processes.
 *
 * @param field name of the options in messages
 * @throws {TaskerError} INVALID_ARGUMENT naming the option
 */
export function checkProcessOptions(given: ProcessPoolOptions, field: string): void {
  for (const [key, [min, max]] of Object.entries(ranges)) {
    const value = given[key as keyof typeof ranges];
    if (value !== undefined) {
      requireInteger(value, `${field}.${key}`, min, max);
    }
  }
  if (given.cpuLimitMs !== undefined && (given.stepsPerChild ?? 1) > 1) {
    refuse(`${field}.cpuLimitMs`, given.cpuLimitMs, 'none, since stepsPerChild is more than 1');
  }
  const mode: unknown = given.mode;
  if (mode !== undefined && mode !== 'direct' && mode !== 'relay') {
    refuse(`${field}.mode`, mode, 'direct or relay');
  }
  if (given.workingFolder !== undefined) {
    requireString(given.workingFolder, `${field}.workingFolder`);
  }
  if (given.runtimeArguments !== undefined) {
    checkTexts(given.runtimeArguments, `${field}.runtimeArguments`);
  }
  if (given.inheritEnvironment !== undefined && given.inheritEnvironment !== 'all') {
    checkTexts(given.inheritEnvironment, `${field}.inheritEnvironment`);
  }
  checkEnvironment(given.environment ?? {}, `${field}.environment`);
}

function checkEnvironment(environment: unknown, field: string): void {
  if (typeof environment !== 'object' || environment === null) {
    refuse(field, environment, 'an object of strings');
  }
  for (const [name, value] of Object.entries(environment)) {
    if (typeof value !== 'string' || value.includes('\0') || name === '' || /[=\0]/.test(name)) {
      refuse(`${field}.${name}`, value, 'a name without = and a string as its value');
    }
  }
}

// What a debugger, a test runner or a program on the command line was told is not for the children.
const notInherited = /^(--inspect|--debug|--test|--watch|--eval|--print|--check|-e$|-p$|-c$|--cpu-prof|--heap-prof)/;

/** Fills in what was left out; reads this process's environment, folder and arguments. */
export function fillProcessOptions(options: ProcessPoolOptions): ProcessPoolSettings {
  return {
    poolSize: options.poolSize ?? Math.min(availableParallelism(), 4),
    stepsPerChild: options.stepsPerChild ?? 1,
    recycleAfterSteps: options.recycleAfterSteps ?? Number.MAX_SAFE_INTEGER,
    recycleAboveMb: options.recycleAboveMb ?? 512,
    memoryLimitMb: options.memoryLimitMb ?? null,
    heapLimitMb: options.heapLimitMb ?? null,
    cpuLimitMs: options.cpuLimitMs ?? null,
    niceness: options.niceness ?? 0,
    startTimeoutMs: options.startTimeoutMs ?? 30_000,
    environment: { ...inherited(options.inheritEnvironment ?? inheritedVariables), ...options.environment },
    workingFolder: options.workingFolder ?? process.cwd(),
    runtimeArguments: options.runtimeArguments ?? process.execArgv.filter((argument) => !notInherited.test(argument)),
  };
}

function inherited(names: 'all' | readonly string[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && (names === 'all' || names.includes(name))) {
      environment[name] = value;
    }
  }
  return environment;
}
