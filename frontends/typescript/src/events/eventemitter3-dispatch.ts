// An emitter whose `emit` is eventemitter3's. The runtime's own emitter keeps the books (order, once, limits, meta
// events), and eventemitter3 is given a name's listeners anew at the first `emit` after they have changed. So what both
// do differently, such as taking away one of two equal listeners, is as Node does it.
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

import { makeTaskerError } from '../errors/convert.js';

type Name = string | symbol;
type Method = (this: object, ...args: unknown[]) => unknown;

/** What is needed of an eventemitter3. */
export interface EventEmitter3 {
  on(name: Name, listener: (...args: unknown[]) => unknown, context: unknown): unknown;
  removeAllListeners(name?: Name): unknown;
  emit(name: Name, ...args: unknown[]): boolean;
}

/** The class that the package eventemitter3 exports. */
export type EventEmitter3Class = new () => EventEmitter3;

const dispatchKey = Symbol('tasker.eventemitter3');

/** The eventemitter3 of one emitter, and which names it has to be told of. */
class Dispatch {
  readonly target: EventEmitter3;
  changed = false;
  private readonly changedNames = new Set<Name>();

  constructor(target: EventEmitter3) {
    this.target = target;
  }

  change(name: Name): void {
    this.changed = true;
    this.changedNames.add(name);
  }

  changeAll(): void {
    // To clear the name '' alone is not possible: eventemitter3 takes it for none at all. So it stands for all of them.
    this.change('');
  }

  /** Gives the target the listeners that `owner` has by now. */
  update(owner: EventEmitter): void {
    const all = this.changedNames.has('');
    if (all) {
      this.target.removeAllListeners();
    }
    for (const name of all ? owner.eventNames() : this.changedNames) {
      if (!all) {
        this.target.removeAllListeners(name);
      }
      for (const listener of owner.rawListeners(name)) {
        this.target.on(name, listener as () => unknown, owner);
      }
    }
    this.changedNames.clear();
    this.changed = false;
  }
}

type Dispatched = EventEmitter & { readonly [dispatchKey]: Dispatch };

function emit(this: Dispatched, name: Name, ...args: unknown[]): boolean {
  const dispatch = this[dispatchKey];
  if (name === 'error') {
    // What an error without a listener does is the runtime's to say.
    return EventEmitter.prototype.emit.call(this, name, ...args);
  }
  if (dispatch.changed) {
    dispatch.update(this);
  }
  return dispatch.target.emit(name, ...args);
}

const changing = [
  'on',
  'addListener',
  'prependListener',
  'once',
  'prependOnceListener',
  'off',
  'removeListener',
] as const satisfies (keyof EventEmitter)[];

/** The methods of an emitter whose prototype is `base`, each of which takes note of what it changes. */
function methodsFor(base: EventEmitter): PropertyDescriptorMap {
  const methods: Record<string, unknown> = {};
  for (const key of changing) {
    const method = Reflect.get(base, key) as Method;
    methods[key] = function (this: Dispatched, name: unknown, ...rest: unknown[]): unknown {
      const dispatch = this[dispatchKey];
      const changed = typeof name === 'symbol' ? name : String(name);
      // Before as well as after: a listener of newListener or removeListener may emit the same name in between.
      dispatch.change(changed);
      try {
        return Reflect.apply(method, this, [name, ...rest]);
      } finally {
        dispatch.change(changed);
      }
    };
  }
  const removeAllListeners = Reflect.get(base, 'removeAllListeners') as Method;
  methods['removeAllListeners'] = function (this: Dispatched, ...names: unknown[]): unknown {
    const change = (): void => {
      this[dispatchKey].changeAll();
    };
    change();
    try {
      return Reflect.apply(removeAllListeners, this, names);
    } finally {
      change();
    }
  };
  // An `emit` of a subclass stays, and the one that it calls is the runtime's own.
  if (Reflect.get(base, 'emit') === Reflect.get(EventEmitter.prototype, 'emit')) {
    methods['emit'] = emit;
  }
  return Object.fromEntries(
    Object.entries(methods).map(([key, value]) => [key, { value, writable: true, configurable: true }]),
  );
}

const methodsOf = new WeakMap<object, PropertyDescriptorMap>();

/** Lets `emitter`, which is new and has no listeners, emit through an instance of `Class`. */
export function dispatchThrough(emitter: EventEmitter, Class: EventEmitter3Class): void {
  const base = Object.getPrototypeOf(emitter) as EventEmitter;
  let methods = methodsOf.get(base);
  if (methods === undefined) {
    methods = methodsFor(base);
    methodsOf.set(base, methods);
  }
  Object.defineProperty(emitter, dispatchKey, { value: new Dispatch(new Class()) });
  // In the emitter itself, so that its prototype stays what its class says.
  Object.defineProperties(emitter, methods);
}

/** @throws {TaskerError} UNSUPPORTED when the package is not installed */
export function loadEventEmitter3(): EventEmitter3Class {
  let loaded: unknown;
  try {
    loaded = createRequire(import.meta.url)('eventemitter3');
  } catch (error) {
    throw makeTaskerError(
      'UNSUPPORTED',
      "options.emitter: 'eventemitter3' can not be loaded; install that package, or give its class",
      { field: 'options.emitter', cause: error },
    );
  }
  return loaded as EventEmitter3Class;
}
