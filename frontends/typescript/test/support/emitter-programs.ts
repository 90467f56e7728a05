// Seeded random programs of emitter operations: run on two emitters, they have to leave the same trace.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';

type Name = string | symbol;
type Listener = (...args: unknown[]) => unknown;

/**
 * Stands in a trace where all listeners of a name, which may be just emitted, are removed and told of. What the listeners of
 * `removeListener` do to that list shows at once, and may end in a TypeError; from Node 24 on not while it is being emitted
 * by Node's own `emit`. What follows can not be compared.
 */
export const emptiedWhileTold = 'removeAllListeners, with listeners of removeListener';

/** What a program needs to know of an emitter; every emitter under test is seen through it. */
export interface AnyEmitter {
  on(name: Name, listener: Listener): unknown;
  addListener(name: Name, listener: Listener): unknown;
  prependListener(name: Name, listener: Listener): unknown;
  once(name: Name, listener: Listener): unknown;
  prependOnceListener(name: Name, listener: Listener): unknown;
  off(name: Name, listener: Listener): unknown;
  removeListener(name: Name, listener: Listener): unknown;
  removeAllListeners(name?: Name): unknown;
  emit(name: Name, ...args: unknown[]): boolean;
  listenerCount(name: Name, listener?: Listener): number;
  listeners(name: Name): unknown[];
  rawListeners(name: Name): unknown[];
  eventNames(): Name[];
  setMaxListeners(count: number): unknown;
  getMaxListeners(): number;
}

export type MakeEmitter = (options: { captureRejections: boolean }) => AnyEmitter;

const rejected: unique symbol = Symbol.for('nodejs.rejection');
const monitor: symbol = EventEmitter.errorMonitor;
const own = Symbol('own');
const names: readonly Name[] = ['a', 'b', '', '7', '__proto__', own, 'error', 'newListener', 'removeListener', monitor];
const depthMax = 3;
const listenersMax = 40;
const operations = 60;

/** A generator of whole numbers under `limit`, the same for the same seed (mulberry32). */
export function makeRandom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** One program on one emitter. */
class Run {
  readonly trace: string[] = [];
  private readonly random: (limit: number) => number;
  private readonly emitter: AnyEmitter;
  private readonly pool: Listener[];
  private readonly ids = new Map<unknown, string>();
  private readonly names: readonly Name[];
  private depth = 0;
  private readonly shared: boolean;

  constructor(make: MakeEmitter, seed: number, shared: boolean) {
    this.shared = shared;
    this.random = makeRandom(seed);
    const captureRejections = this.random(4) === 0;
    // Bun's own emitter does not hear of a rejection by a listener of errorMonitor.
    this.names = shared && captureRejections ? names.filter((name) => name !== monitor) : names;
    this.emitter = make({ captureRejections });
    if (captureRejections && this.random(2) === 0) {
      (this.emitter as unknown as Record<symbol, unknown>)[rejected] = (error: unknown, ...rest: unknown[]) => {
        this.trace.push(`rejected ${this.show(error)} ${this.showAll(rest)}`);
      };
    }
    this.pool = Array.from({ length: 7 }, (_, index) => this.makeListener(`f${index}`));
    this.pool.forEach((listener, index) => this.ids.set(listener, `f${index}`));
    if (!shared) {
      // A listener that says of itself that it stands for another one.
      Object.assign(this.pool[6] as object, { listener: this.pool[0] });
    }
  }

  step(): void {
    this.operate();
    for (const name of names) {
      const raw = this.emitter.rawListeners(name);
      if (raw.length > 0) {
        const listeners = this.showAll(this.emitter.listeners(name));
        this.trace.push(
          `  ${String(name)} ${this.emitter.listenerCount(name)}: ${listeners} raw ${this.showAll(raw, false)}`,
        );
      }
      if (raw.length > listenersMax) {
        this.emitter.removeAllListeners(name);
      }
    }
    this.trace.push(`  names ${this.showAll(this.emitter.eventNames())}`);
  }

  private makeListener(id: string): Listener {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the listener's own `this` is what is asked for
    const run = this;
    return function (this: unknown, ...args: unknown[]) {
      run.trace.push(`${' '.repeat(run.depth)}${id} ${this === run.emitter ? 'self' : 'other'} ${run.showAll(args)}`);
      // What a listener of newListener or removeListener does to the list in question differs between versions of Node.
      const told = typeof args[1] === 'function';
      if (run.depth >= depthMax || (run.shared && told)) {
        return undefined;
      }
      run.depth += 1;
      try {
        switch (run.random(12)) {
          case 0:
            throw new Error(`thrown by ${id}`);
          case 1:
            return Promise.reject(new Error(`rejected by ${id}`));
          case 2:
            return Promise.resolve(id);
          case 3:
          case 4:
          case 5:
            run.operate();
            return id;
          default:
            return undefined;
        }
      } finally {
        run.depth -= 1;
      }
    };
  }

  private operate(): void {
    const name = this.names[this.random(this.names.length)] ?? 'a';
    const listener = this.pool[this.random(this.pool.length)] ?? assert.fail();
    const kind = this.random(20);
    let said: string;
    try {
      said = this.show(this.perform(kind, name, listener));
    } catch (error) {
      said = `threw ${this.show(error)}`;
    }
    this.trace.push(`${' '.repeat(this.depth)}op${kind} ${String(name)} ${this.show(listener)} → ${said}`);
  }

  private perform(kind: number, name: Name, listener: Listener): unknown {
    const { emitter } = this;
    switch (kind) {
      case 0:
        return emitter.on(name, listener);
      case 1:
        return emitter.addListener(name, listener);
      case 2:
        return emitter.prependListener(name, listener);
      case 3:
        return emitter.once(name, listener);
      case 4:
        return emitter.prependOnceListener(name, listener);
      case 5:
        return emitter.off(name, listener);
      case 6:
        return emitter.removeListener(name, listener);
      case 7:
        if (emitter.listenerCount('removeListener') > 0) {
          this.trace.push(emptiedWhileTold);
        }
        return this.random(4) === 0 ? emitter.removeAllListeners() : emitter.removeAllListeners(name);
      case 8:
        return emitter.setMaxListeners([0, 1, 3, 10, Infinity, -1, Number.NaN][this.random(7)] ?? 0);
      case 9:
        return emitter.getMaxListeners();
      case 10:
        return emitter.on(name, [undefined, null, 'text', {}][this.random(4)] as unknown as Listener);
      case 11:
        return emitter.off(name, undefined as unknown as Listener);
      case 12:
        return emitter.listenerCount(name, listener);
      case 13: {
        const raw = emitter.rawListeners(name);
        const chosen = raw[this.random(Math.max(1, raw.length))];
        return chosen === undefined ? 'none' : Reflect.apply(chosen as Listener, emitter, ['by hand']);
      }
      default:
        return emitter.emit(name, ...this.makeArguments(name));
    }
  }

  private makeArguments(name: Name): unknown[] {
    const values =
      name === 'error'
        ? [new Error('given'), 'text', { status: 500 }, undefined, null, 42]
        : [1, 'two', null, undefined];
    const count = this.random(6);
    return Array.from({ length: count }, () => values[this.random(values.length)]);
  }

  private showAll(values: readonly unknown[], unwrap = true): string {
    return `[${values.map((value) => this.show(value, unwrap)).join(', ')}]`;
  }

  private show(value: unknown, unwrap = true): string {
    if (value === this.emitter) {
      return 'emitter';
    }
    if (typeof value === 'function') {
      const { listener } = value as { listener?: unknown };
      const original = this.ids.get(listener) ?? typeof listener;
      return this.ids.get(value) ?? (this.shared && unwrap ? original : `wrapped ${original}`);
    }
    if (value instanceof Error) {
      const { code, context } = value as { code?: unknown; context?: unknown };
      const shown = `${this.shared ? '' : value.constructor.name} ${value.name} ${String(code)} ${value.message}`;
      return 'context' in value ? `${shown} context ${this.show(context)}` : shown;
    }
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  }
}

/** Until nothing more comes: an uncaught error leaves what was due to a later turn, and not always to the same one. */
async function settle(trace: readonly unknown[]): Promise<void> {
  let quiet = 0;
  for (let seen = trace.length; quiet < 3; seen = trace.length) {
    await turn();
    quiet = trace.length === seen ? quiet + 1 : 0;
  }
}

/**
 * The trace of the operations that `seed` chooses, with what came later: rejections and warnings.
 *
 * @param shared leaves out what the runtimes' own emitters do not have in common
 */
export async function traceProgram(make: MakeEmitter, seed: number, shared = false): Promise<string[]> {
  const run = new Run(make, seed, shared);
  const onWarning = (warning: Error & { type?: unknown; count?: unknown }): void => {
    run.trace.push(`warning ${warning.name} ${String(warning.type)} ${String(warning.count)}`);
  };
  const onRejection = (reason: unknown): void => {
    unhandled.push(`unhandled ${String(reason)}`);
  };
  // When a runtime tells of a rejection is its own affair: Node does not do it at the same place each time either.
  const unhandled: string[] = [];
  const onUncaught = (error: unknown): void => {
    run.trace.push(`uncaught ${String(error)}`);
  };
  process.on('warning', onWarning).on('unhandledRejection', onRejection).on('uncaughtException', onUncaught);
  try {
    for (let operation = 0; operation < operations; operation += 1) {
      run.step();
      if (shared || operation % 10 === 9) {
        await settle(run.trace);
      }
    }
    await settle(run.trace);
  } finally {
    process.off('warning', onWarning).off('unhandledRejection', onRejection).off('uncaughtException', onUncaught);
  }
  return [...run.trace, ...unhandled.sort()];
}
