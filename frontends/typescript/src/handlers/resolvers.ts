// Resolvers find the handler for a definition; a chain asks them in the order of their priorities.
import { makeTaskerError } from '../errors/convert.js';
import { requireString, showValue } from '../errors/checks.js';
import type { JsonObject } from '../native/types.js';
import { effectiveMethod, hasResolverHint, usesMethodDispatch, type HandlerDefinition } from './handler-definition.js';
import { MethodDispatchError, ResolverNotFoundError } from './resolution-errors.js';
import { HandlerModule, loadHandlerModule } from './handler-module.js';
import { checkExecution, moduleUrl, type HandlerExecution } from './execution.js';
import type { ExecutableHandler, StepHandlerClass } from './step-handler.js';
import type { StepContext } from './step-context.js';
import type { StepHandlerResult } from './step-handler-result.js';

/** Finds handlers in some way. */
export interface BaseResolver {
  readonly name: string;
  /** Lower is asked first. */
  readonly priority: number;
  canResolve(definition: HandlerDefinition, config?: JsonObject): boolean;
  resolve(definition: HandlerDefinition, config?: JsonObject): Promise<ExecutableHandler | null>;
}

/** A class (a new object for each attempt), one object for all attempts, a module's handler, or a function that makes one. */
export type HandlerSource = StepHandlerClass | ExecutableHandler | HandlerModule | (() => ExecutableHandler);

function isHandlerClass(source: unknown): source is StepHandlerClass {
  return (
    typeof source === 'function' && typeof (source.prototype as { call?: unknown } | undefined)?.call === 'function'
  );
}

function isHandler(source: unknown): source is ExecutableHandler {
  return typeof source === 'object' && source !== null && typeof (source as { call?: unknown }).call === 'function';
}

/** A source as the function that gives the handler for one attempt. */
function compileSource(source: unknown, field: string): () => ExecutableHandler {
  if (isHandlerClass(source)) {
    return () => new source();
  }
  if (isHandler(source)) {
    return () => source;
  }
  if (typeof source === 'function') {
    return source as () => ExecutableHandler;
  }
  throw makeTaskerError(
    'INVALID_ARGUMENT',
    `${field}: ${showValue(source)}, expected a handler class, a handler or a function that makes one`,
    { field },
  );
}

/** Handlers that were registered by name. */
export class ExplicitMappingResolver implements BaseResolver {
  readonly name = 'explicit_mapping';
  readonly priority = 10;
  private readonly sources = new Map<string, HandlerSource>();
  private readonly makers = new Map<string, () => ExecutableHandler>();

  /** Replaces what the key had. @throws {TaskerError} INVALID_ARGUMENT */
  register(key: string, source: HandlerSource): void {
    requireString(key, 'key');
    const given: unknown = source;
    if (given instanceof HandlerModule) {
      this.makers.delete(key);
    } else {
      this.makers.set(key, compileSource(given, 'source'));
    }
    this.sources.set(key, source);
  }

  /** What the handler under the key declares of how it runs; empty when nothing. @throws {TaskerError} INVALID_ARGUMENT */
  executionOf(key: string): HandlerExecution {
    const { execution } = (this.sources.get(key) ?? {}) as { execution?: HandlerExecution };
    return execution === undefined ? {} : (checkExecution(execution, `${key}.execution`) ?? {});
  }

  /** Loads the handler under the key, if it is a module's and not loaded yet. @throws {HandlerModuleError} */
  async load(key: string): Promise<void> {
    const source: unknown = this.sources.get(key);
    if (source instanceof HandlerModule && !this.makers.has(key)) {
      const { execution } = source;
      const url = moduleUrl(execution.module, `${key}.module`);
      const found = await loadHandlerModule({ callable: key, url, exportName: execution.export ?? null });
      this.makers.set(key, compileSource(found, 'module'));
    }
  }

  unregister(key: string): boolean {
    this.makers.delete(key);
    return this.sources.delete(key);
  }

  registeredCallables(): string[] {
    return [...this.sources.keys()];
  }

  has(key: string): boolean {
    return this.sources.has(key);
  }

  /** What was registered under the key, if it was a class. */
  classOf(key: string): StepHandlerClass | undefined {
    const source = this.sources.get(key);
    return isHandlerClass(source) ? source : undefined;
  }

  /** The handler for one attempt, at once; null for an unknown key. */
  make(key: string): ExecutableHandler | null {
    const maker = this.makers.get(key);
    return maker === undefined ? null : maker();
  }

  clear(): void {
    this.sources.clear();
    this.makers.clear();
  }

  canResolve(definition: HandlerDefinition): boolean {
    return this.has(definition.callable);
  }

  async resolve(definition: HandlerDefinition): Promise<ExecutableHandler | null> {
    await this.load(definition.callable);
    return this.make(definition.callable);
  }
}

/** Base class of resolvers that take callables by pattern or prefix. */
export abstract class RegistryResolver implements BaseResolver {
  static readonly _name: string = 'registry';
  static readonly _priority: number = 50;
  static readonly pattern: RegExp | null = null;
  static readonly prefix: string | null = null;

  private get statics(): typeof RegistryResolver {
    return this.constructor as typeof RegistryResolver;
  }

  get name(): string {
    return this.statics._name;
  }

  get priority(): number {
    return this.statics._priority;
  }

  canResolve(definition: HandlerDefinition): boolean {
    const { pattern, prefix } = this.statics;
    if (prefix !== null && definition.callable.startsWith(prefix)) {
      return true;
    }
    return pattern !== null && definition.callable.search(pattern) >= 0;
  }

  resolve(definition: HandlerDefinition, config?: JsonObject): Promise<ExecutableHandler | null> {
    const { pattern } = this.statics;
    const match = pattern === null ? null : definition.callable.match(pattern);
    return this.resolveHandler(definition, match, config);
  }

  /** @param match of `pattern`, or null when the prefix fitted */
  abstract resolveHandler(
    definition: HandlerDefinition,
    match: RegExpMatchArray | null,
    config?: JsonObject,
  ): Promise<ExecutableHandler | null>;
}

type HandlerMethod = (context: StepContext) => Promise<StepHandlerResult> | StepHandlerResult;

/** Runs another method of a handler in place of `call`. */
export class MethodDispatchWrapper implements ExecutableHandler {
  readonly handler: ExecutableHandler;
  readonly targetMethod: string;
  private readonly method: HandlerMethod;

  /** @throws {MethodDispatchError} when the handler has no such method */
  constructor(handler: ExecutableHandler, method: string) {
    const found = (handler as unknown as Record<string, unknown>)[method];
    if (typeof found !== 'function' || method === 'constructor') {
      throw new MethodDispatchError(`${handler.name}: no method ${method}`);
    }
    this.handler = handler;
    this.targetMethod = method;
    this.method = found as HandlerMethod;
  }

  get name(): string {
    return this.handler.name;
  }

  get version(): string {
    return this.handler.version;
  }

  get capabilities(): readonly string[] {
    return this.handler.capabilities;
  }

  configSchema(): JsonObject | null {
    return this.handler.configSchema();
  }

  call(context: StepContext): Promise<StepHandlerResult> | StepHandlerResult {
    return this.method.call(this.handler, context);
  }

  unwrap(): ExecutableHandler {
    return this.handler;
  }
}

/** Asks resolvers in order of priority. Each registry has a chain of its own. */
export class ResolverChain {
  private resolvers: BaseResolver[] = [];

  /** A new chain with an ExplicitMappingResolver alone. */
  static default(): ResolverChain {
    return ResolverChain.withResolvers([new ExplicitMappingResolver()]);
  }

  static withResolvers(resolvers: readonly BaseResolver[]): ResolverChain {
    const chain = new ResolverChain();
    for (const resolver of resolvers) {
      chain.addResolver(resolver);
    }
    return chain;
  }

  /** Replaces a resolver of the same name. */
  addResolver(resolver: BaseResolver): void {
    this.resolvers = [...this.resolvers.filter(({ name }) => name !== resolver.name), resolver].sort(
      (left, right) => left.priority - right.priority,
    );
  }

  getResolver(name: string): BaseResolver | undefined {
    return this.resolvers.find((resolver) => resolver.name === name);
  }

  listResolvers(): { name: string; priority: number }[] {
    return this.resolvers.map(({ name, priority }) => ({ name, priority }));
  }

  /**
   * The handler for a definition, its method applied; null when no resolver knows it. A resolver that the definition
   * names is the only one asked.
   *
   * @throws {ResolverNotFoundError} for an unknown resolver name
   * @throws {MethodDispatchError} when the handler lacks the method
   */
  async resolve(definition: HandlerDefinition, config?: JsonObject): Promise<ExecutableHandler | null> {
    for (const resolver of this.candidates(definition)) {
      if (!resolver.canResolve(definition, config)) {
        continue;
      }
      const handler = await resolver.resolve(definition, config);
      if (handler !== null) {
        return this.wrapForMethodDispatch(handler, definition);
      }
    }
    return null;
  }

  wrapForMethodDispatch(handler: ExecutableHandler, definition: HandlerDefinition): ExecutableHandler {
    return usesMethodDispatch(definition) ? new MethodDispatchWrapper(handler, effectiveMethod(definition)) : handler;
  }

  private candidates(definition: HandlerDefinition): readonly BaseResolver[] {
    if (!hasResolverHint(definition)) {
      return this.resolvers;
    }
    const name = definition.resolver ?? '';
    const resolver = this.getResolver(name);
    if (resolver === undefined) {
      throw new ResolverNotFoundError(
        `${definition.callable}: no resolver ${name}; there are: ` + this.resolvers.map((each) => each.name).join(', '),
      );
    }
    return [resolver];
  }
}
