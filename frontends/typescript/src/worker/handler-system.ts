// A worker's registry, and handlers loaded from modules by path.
import { readdir, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { makeTaskerError, toError } from '../errors/convert.js';
import { HandlerRegistry } from '../handlers/handler-registry.js';
import type { StepHandlerClass } from '../handlers/step-handler.js';

const indexFiles = ['examples/index.js', 'examples/index.ts', 'index.js', 'index.ts'];
const moduleExtensions = ['.js', '.mjs', '.ts', '.mts'];
const skipped = /^_|^node_modules$|\.d\.m?ts$|\.(test|spec)\.m?[jt]s$/;

function isHandlerClass(value: unknown): value is StepHandlerClass {
  return (
    typeof value === 'function' &&
    typeof (value as { handlerName?: unknown }).handlerName === 'string' &&
    (value as unknown as { handlerName: string }).handlerName !== ''
  );
}

/** Handler classes of a module: its ALL_EXAMPLE_HANDLERS, else every exported class with a handlerName. */
function handlersOf(module: Record<string, unknown>): StepHandlerClass[] {
  const all = module['ALL_EXAMPLE_HANDLERS'];
  return (Array.isArray(all) ? (all as unknown[]) : Object.values(module)).filter(isHandlerClass);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function modulesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (skipped.test(entry.name)) {
      continue;
    }
    if (entry.isDirectory()) {
      found.push(...(await modulesBelow(path)));
    } else if (moduleExtensions.includes(extname(entry.name))) {
      found.push(path);
    }
  }
  return found;
}

/** Handlers of one worker, however they came to it. */
export class HandlerSystem {
  private readonly registry: HandlerRegistry;

  constructor(registry: HandlerRegistry = new HandlerRegistry()) {
    this.registry = registry;
  }

  getRegistry(): HandlerRegistry {
    return this.registry;
  }

  /**
   * Loads the handler classes that a module exports. A folder is searched for an index file, else for all its modules,
   * except `_*`, `node_modules`, declarations and tests.
   *
   * @returns how many were registered
   * @throws {TaskerError} NOT_FOUND for a path that leads nowhere; INVALID_ARGUMENT for a module that fails to load
   */
  async loadFromPath(path: string): Promise<number> {
    const target = resolve(path);
    const found = await stat(target).catch(() => null);
    if (found === null) {
      throw makeTaskerError('NOT_FOUND', `path: no file or folder ${target}`, { field: 'path' });
    }
    let modules = [target];
    if (found.isDirectory()) {
      modules = [];
      for (const file of indexFiles) {
        if (modules.length === 0 && (await isFile(join(target, file)))) {
          modules = [join(target, file)];
        }
      }
      modules = modules.length > 0 ? modules : await modulesBelow(target);
    }
    let count = 0;
    for (const file of modules) {
      count += await this.loadModule(file);
    }
    return count;
  }

  /** `loadFromPath` of the variable TYPESCRIPT_HANDLER_PATH; 0 when it is not set. */
  loadFromEnv(environment: Readonly<Record<string, string | undefined>> = process.env): Promise<number> {
    const path = environment['TYPESCRIPT_HANDLER_PATH'];
    return path === undefined || path === '' ? Promise.resolve(0) : this.loadFromPath(path);
  }

  private async loadModule(file: string): Promise<number> {
    let module: Record<string, unknown>;
    try {
      module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    } catch (error) {
      const cause = toError(error);
      throw makeTaskerError('INVALID_ARGUMENT', `path: ${file}: ${cause.message}`, { field: 'path', cause });
    }
    const handlers = handlersOf(module);
    for (const handler of handlers) {
      this.registry.register(handler);
    }
    return handlers.length;
  }
}
