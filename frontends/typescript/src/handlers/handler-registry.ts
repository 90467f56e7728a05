// The handlers of one worker, found by what templates say of them. Each registry stands alone: nothing is shared by
// the process.
import { makeTaskerError } from '../errors/convert.js';
import { showValue } from '../errors/checks.js';
import { hasResolverHint, normalizeToDefinition, usesMethodDispatch, type HandlerSpec } from './handler-definition.js';
import { ExplicitMappingResolver, ResolverChain, type BaseResolver, type HandlerSource } from './resolvers.js';
import type { HandlerExecution } from './execution.js';
import type { HandlerModule } from './handler-module.js';
import type { ExecutableHandler, StepHandlerClass } from './step-handler.js';

/** A snapshot for people. */
export interface RegistryDebugInfo {
  handlerCount: number;
  handlers: string[];
  resolvers: { name: string; priority: number }[];
}

export class HandlerRegistry {
  private readonly explicit = new ExplicitMappingResolver();
  private readonly chain = ResolverChain.withResolvers([this.explicit]);
  private readonly watchers = new Set<(name: string) => void>();

  /** Nothing is left to do: a registry is ready when it is made. For code written against the contract. */
  initialize(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Adds a handler under its own name, or under a given one; replaces what the name had.
   *
   * @throws {TaskerError} INVALID_ARGUMENT when it is no handler or has no name
   */
  register(handler: StepHandlerClass | ExecutableHandler | HandlerModule): void;
  register(name: string, handler: HandlerSource): void;
  register(nameOrHandler: string | HandlerSource, source?: HandlerSource): void {
    const name = typeof nameOrHandler === 'string' ? nameOrHandler : ownName(nameOrHandler);
    const given = typeof nameOrHandler === 'string' ? source : nameOrHandler;
    if (given === undefined) {
      throw makeTaskerError('INVALID_ARGUMENT', `handler: undefined, expected the handler of ${name}`, {
        field: 'handler',
      });
    }
    this.explicit.register(name, given);
    for (const watcher of this.watchers) {
      watcher(name);
    }
  }

  unregister(name: string): boolean {
    return this.explicit.unregister(name);
  }

  /** @throws {ResolutionError} for an unknown resolver or method; null when no resolver knows the callable */
  async resolve(spec: HandlerSpec): Promise<ExecutableHandler | null> {
    const definition = normalizeToDefinition(spec);
    return await this.chain.resolve(definition, definition.initialization);
  }

  /** As `resolve` for handlers that were registered by name and need no resolver: at once. Null for all others. */
  resolveSync(spec: HandlerSpec): ExecutableHandler | null {
    const definition = typeof spec === 'string' ? { callable: spec } : spec;
    if (hasResolverHint(definition)) {
      return null;
    }
    const handler = this.explicit.make(definition.callable);
    if (handler === null || !usesMethodDispatch(definition)) {
      return handler;
    }
    return this.chain.wrapForMethodDispatch(handler, definition);
  }

  /** What a handler declares of how it runs; empty when nothing. @throws {TaskerError} INVALID_ARGUMENT */
  executionOf(name: string): HandlerExecution {
    return this.explicit.executionOf(name);
  }

  /** Loads a handler that was registered as a module, if it is not loaded yet. @throws {HandlerModuleError} */
  load(name: string): Promise<void> {
    return this.explicit.load(name);
  }

  getHandlerClass(name: string): StepHandlerClass | undefined {
    return this.explicit.classOf(name);
  }

  isRegistered(name: string): boolean {
    return this.explicit.has(name);
  }

  listHandlers(): string[] {
    return this.explicit.registeredCallables();
  }

  handlerCount(): number {
    return this.explicit.registeredCallables().length;
  }

  clear(): void {
    this.explicit.clear();
  }

  addResolver(resolver: BaseResolver): void {
    this.chain.addResolver(resolver);
  }

  getResolver(name: string): BaseResolver | undefined {
    return this.chain.getResolver(name);
  }

  listResolvers(): { name: string; priority: number }[] {
    return this.chain.listResolvers();
  }

  getResolverChain(): ResolverChain {
    return this.chain;
  }

  debugInfo(): RegistryDebugInfo {
    return {
      handlerCount: this.handlerCount(),
      handlers: this.listHandlers(),
      resolvers: this.listResolvers(),
    };
  }

  /**
   * Calls `onRegistered` with the name of each handler added from now on; a running worker claims its steps.
   *
   * @returns a function that ends it
   * @internal
   */
  watch(onRegistered: (name: string) => void): () => void {
    this.watchers.add(onRegistered);
    return () => {
      this.watchers.delete(onRegistered);
    };
  }
}

function ownName(handler: unknown): string {
  if (typeof handler === 'function' || (typeof handler === 'object' && handler !== null)) {
    const { handlerName, name } = handler as { handlerName?: unknown; name?: unknown };
    const own = typeof handler === 'function' ? handlerName : (handlerName ?? name);
    if (typeof own === 'string' && own !== '') {
      return own;
    }
  }
  throw makeTaskerError(
    'INVALID_ARGUMENT',
    `handler: ${showValue(handler)}, expected a handler class with a static handlerName, or a handler with a name`,
    { field: 'handler' },
  );
}
