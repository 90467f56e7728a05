// Options of a worker: checked here with friendly words, then turned into the core's configuration.
import { refuseUnknownKeys, requireFunction, requireInteger, requireString, showValue } from '../errors/checks.js';
import { makeTaskerError } from '../errors/convert.js';
import type { TaskerEventMap, TaskerEventName } from '../events/event-map.js';
import type { EventPollerConfig } from '../events/poller.js';
import type { HandlerRegistry } from '../handlers/handler-registry.js';
import type { ExecutableHandler, StepHandlerClass } from '../handlers/step-handler.js';
import { checkExecutorOptions, executorOptionKeys, type ExecutorOptions } from '../executors/options.js';
import type { HandlerModule } from '../handlers/handler-module.js';
import type { DoorName } from '../native/native-door.js';
import type { TaskerRuntime } from '../native/runtime.js';
import type { BootstrapConfig, LogLevel } from '../native/types.js';

/** A template to store when the worker starts: the path of a YAML file, or its text. */
export type TemplateSource = string | URL | { readonly yaml: string };

/** All that a worker can be told. What is left out comes from the core's `TASKER_…` variables, then from its defaults. */
export interface TaskerWorkerOptions extends ExecutorOptions {
  /** The store's SQLite file; made when missing. @default 'tasker.db' */
  readonly storePath?: string;
  /** `full` survives a power cut; `normal` may lose the last commits then, never the file. @default 'full' */
  readonly durability?: 'full' | 'normal';
  /** Name of this worker in the store and the log. @default 'typescript-worker-' and a UUID */
  readonly workerId?: string;
  /** Handler classes, handlers of `defineHandler`, of `handlerModule`, or objects. @default [] */
  readonly handlers?: readonly (StepHandlerClass | ExecutableHandler | HandlerModule)[];
  /** A registry to use in place of one of its own, such as one with resolvers. */
  readonly registry?: HandlerRegistry;
  /** Further callables to claim, for handlers that only a resolver finds. @default [] */
  readonly callables?: readonly string[];
  /** Templates to store at start; one that is stored already with the same content changes nothing. @default [] */
  readonly templates?: readonly TemplateSource[];
  /** Handlers that run at once, 1 to 100 000. @default 10 */
  readonly maxConcurrentHandlers?: number;
  /** Milliseconds that a step without `timeout_seconds` may run, 1 to 86 400 000. @default 300000 */
  readonly handlerTimeoutMs?: number;
  /** Milliseconds after which the steps of a dead worker go to others, 100 to 3 600 000. @default 15000 */
  readonly leaseTtlMs?: number;
  /** Milliseconds that `shutdown` waits for running handlers, 0 to 3 600 000. @default 30000 */
  readonly drainTimeoutMs?: number;
  /** Bytes that a result document may have, 1024 to 1 073 741 824. @default 16777216 */
  readonly resultBytesMax?: number;
  /** Completions that wait for the store, 1 to 1 000 000. @default 65536 */
  readonly completionChannelCapacity?: number;
  /**
   * Milliseconds that durable domain events are kept once all subscribers have passed them, 0 to 2 592 000 000.
   * @default 3600000
   */
  readonly eventRetentionMs?: number;
  /** Namespaces whose steps this worker takes. @default all */
  readonly namespaces?: readonly string[];
  /** One namespace; the same as `namespaces` with one element. */
  readonly namespace?: string;
  /** @default 'info' */
  readonly logLevel?: LogLevel;
  /** One JSON object a line. @default false */
  readonly logJson?: boolean;
  /** Way into the core: the Node-API addon, or FFI. @default TASKER_RUNTIME, else the default of the JavaScript runtime */
  readonly door?: DoorName;
  /** File of the addon, which is then the door. @default found by the loader */
  readonly addonPath?: string;
  /** File of the C library (or, with the ending `.node`, of the addon), which is then the door. */
  readonly libraryPath?: string;
  /** A runtime to use in place of one of its own. */
  readonly runtime?: TaskerRuntime;
  /** Called for each event of the worker. Costs time for each step: for tests and tracing. */
  readonly onEvent?: <Name extends TaskerEventName>(name: Name, payload: TaskerEventMap[Name]) => void;
  /** @default 10; used only where the runtime has no wake-up */
  readonly pollIntervalMs?: number;
  /** @default 256 */
  readonly maxEventsPerCycle?: number;
  /** @default 100 cycles */
  readonly starvationCheckInterval?: number;
  /** @default 1000 cycles */
  readonly cleanupInterval?: number;
  /** @default 100 cycles */
  readonly metricsInterval?: number;
}

type OptionKey = keyof TaskerWorkerOptions;

const integers = {
  maxConcurrentHandlers: ['max_concurrent_handlers', 1, 100_000],
  handlerTimeoutMs: ['handler_timeout_ms', 1, 86_400_000],
  leaseTtlMs: ['lease_ttl_ms', 100, 3_600_000],
  drainTimeoutMs: ['drain_timeout_ms', 0, 3_600_000],
  resultBytesMax: ['result_bytes_max', 1024, 1_073_741_824],
  completionChannelCapacity: ['completion_channel_capacity', 1, 1_000_000],
  eventRetentionMs: ['event_retention_ms', 0, 2_592_000_000],
} as const satisfies Partial<Record<OptionKey, readonly [string, number, number]>>;

/** Log levels, from the one that says most. */
export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

const choices = {
  durability: ['full', 'normal'],
  door: ['addon', 'ffi'],
  logLevel: LOG_LEVELS,
} as const satisfies Partial<Record<OptionKey, readonly string[]>>;

const texts = ['storePath', 'workerId', 'namespace', 'addonPath', 'libraryPath'] as const satisfies OptionKey[];
const lists = ['handlers', 'callables', 'templates', 'namespaces'] as const satisfies OptionKey[];
const pollerOptions = [
  'pollIntervalMs',
  'maxEventsPerCycle',
  'starvationCheckInterval',
  'cleanupInterval',
  'metricsInterval',
] as const satisfies (OptionKey & keyof EventPollerConfig)[];
const others = ['registry', 'runtime', 'onEvent', 'logJson'] as const satisfies OptionKey[];

const known: readonly string[] = [
  ...Object.keys(integers),
  ...Object.keys(choices),
  ...texts,
  ...lists,
  ...pollerOptions,
  ...others,
  ...executorOptionKeys,
];

function refuse(field: string, value: unknown, expected: string): never {
  throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(value)}, expected ${expected}`, { field });
}

/**
 * Checks all options that need no core.
 *
 * @throws {TaskerError} INVALID_ARGUMENT naming the option, its value and what was expected; for an unknown option, the
 * nearest name
 */
export function checkOptions(options: unknown): TaskerWorkerOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    refuse('options', options, 'an object');
  }
  refuseUnknownKeys(options, known, 'options');
  const given = options as Record<string, unknown>;
  const present = (key: string): boolean => given[key] !== undefined;
  for (const [key, [, min, max]] of Object.entries(integers)) {
    if (present(key)) {
      requireInteger(given[key], `options.${key}`, min, max);
    }
  }
  for (const [key, allowed] of Object.entries(choices)) {
    if (present(key) && !(allowed as readonly unknown[]).includes(given[key])) {
      refuse(`options.${key}`, given[key], `one of ${allowed.join(', ')}`);
    }
  }
  for (const key of texts.filter(present)) {
    requireString(given[key], `options.${key}`);
  }
  for (const key of lists.filter(present)) {
    if (!Array.isArray(given[key])) {
      refuse(`options.${key}`, given[key], 'an array');
    }
  }
  for (const key of ['callables', 'namespaces'] as const) {
    ((given[key] ?? []) as unknown[]).forEach((item, index) => {
      requireString(item, `options.${key}[${index}]`);
    });
  }
  ((given['templates'] ?? []) as unknown[]).forEach((template, index) => {
    checkTemplateSource(template, `options.templates[${index}]`);
  });
  if (present('logJson') && typeof given['logJson'] !== 'boolean') {
    refuse('options.logJson', given['logJson'], 'a boolean');
  }
  if (present('onEvent')) {
    requireFunction(given['onEvent'], 'options.onEvent');
  }
  checkExecutorOptions(given);
  refusePairs(given);
  return options;
}

function checkTemplateSource(template: unknown, field: string): void {
  const isText = typeof template === 'object' && template !== null && 'yaml' in template;
  if (isText) {
    requireString(template.yaml, `${field}.yaml`);
  } else if (!(template instanceof URL) && (typeof template !== 'string' || template === '')) {
    refuse(field, template, 'the path of a YAML file, a URL or { yaml: text }');
  }
}

function refusePairs(given: Record<string, unknown>): void {
  const pairs = [
    ['namespace', 'namespaces'],
    ['addonPath', 'libraryPath'],
    ['runtime', 'door'],
    ['door', 'addonPath'],
  ] as const;
  for (const [left, right] of pairs) {
    if (given[left] !== undefined && given[right] !== undefined) {
      throw makeTaskerError('INVALID_ARGUMENT', `options: ${left} and ${right} exclude each other`, {
        field: `options.${left}`,
      });
    }
  }
}

/** The core's configuration with the options that were given; it fills in and checks the rest. */
export function coreConfig(options: TaskerWorkerOptions): BootstrapConfig {
  const config: BootstrapConfig = {};
  for (const [key, [target]] of Object.entries(integers)) {
    config[target] = options[key as keyof typeof integers];
  }
  config['store_path'] = options.storePath;
  config['durability'] = options.durability;
  config['worker_id'] = options.workerId;
  config['log_level'] = options.logLevel;
  config['log_json'] = options.logJson;
  config['namespaces'] = options.namespace === undefined ? options.namespaces : [options.namespace];
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

/** The poller's part of the options. */
export function pollerConfig(options: TaskerWorkerOptions): EventPollerConfig {
  return Object.fromEntries(
    pollerOptions.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]),
  );
}
