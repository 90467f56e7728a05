// What JSON can carry: the runtime check of values, and the same as types.

/** Levels of nesting that a value may have; the core allows 128 for the document around it. */
export const JSON_DEPTH_MAX = 120;

/** The first place of a value that JSON can not carry. */
export interface NotJsonProblem {
  /** Such as `result.rows[3].total`. */
  readonly path: string;
  readonly message: string;
}

/**
 * Finds what JSON would lose or refuse in `value`: functions, symbols, BigInt, NaN and infinities, cycles, undefined in
 * arrays, and objects that would become `{}` in silence (Map, Set, Error, Promise, binary data, …).
 *
 * Members of objects that are undefined are left out, as JSON.stringify does.
 *
 * @param root name of `value` in the path
 * @returns the first problem, or null
 */
export function findNotJson(value: unknown, root: string): NotJsonProblem | null {
  const keys: (string | number)[] = [];
  const reason = visit(value, keys, []);
  if (reason === null) {
    return null;
  }
  let path = root;
  for (const key of keys.reverse()) {
    path += typeof key === 'number' ? `[${String(key)}]` : `.${key}`;
  }
  return { path, message: `${path}: ${reason}` };
}

function primitiveProblem(value: unknown): string | null {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? null : `${String(value)} is not a JSON number`;
    case 'bigint':
      return 'a BigInt is not JSON; convert it to a string or a number';
    case 'function':
      return 'a function is not JSON';
    case 'symbol':
      return 'a symbol is not JSON';
    case 'undefined':
      return 'undefined is not JSON';
    default:
      return null;
  }
}

function opaqueProblem(value: object): string | null {
  const opaque =
    value instanceof Map ||
    value instanceof Set ||
    value instanceof WeakMap ||
    value instanceof WeakSet ||
    value instanceof Promise ||
    value instanceof Error ||
    value instanceof RegExp ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value);
  return opaque ? `a ${value.constructor.name} is not JSON` : null;
}

/** Returns the reason, having pushed the keys that lead to it, innermost first. */
function visit(value: unknown, keys: (string | number)[], ancestors: object[]): string | null {
  if (typeof value !== 'object' || value === null) {
    return primitiveProblem(value);
  }
  if (ancestors.includes(value)) {
    return 'a cycle is not JSON';
  }
  if (ancestors.length >= JSON_DEPTH_MAX) {
    return `nested deeper than ${String(JSON_DEPTH_MAX)} levels`;
  }
  ancestors.push(value);
  const reason = visitMembers(value, keys, ancestors);
  ancestors.pop();
  return reason;
}

function visitMembers(value: object, keys: (string | number)[], ancestors: object[]): string | null {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const reason = visit(value[index], keys, ancestors);
      if (reason !== null) {
        keys.push(index);
        return reason;
      }
    }
    return null;
  }
  const own = value as Record<string, unknown>;
  if (typeof own['toJSON'] === 'function') {
    return visit((own as { toJSON: () => unknown }).toJSON(), keys, ancestors);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  const opaque = prototype === Object.prototype ? null : opaqueProblem(value);
  if (opaque !== null) {
    return opaque;
  }
  for (const key of Object.keys(own)) {
    const member = own[key];
    if (member === undefined) {
      continue;
    }
    const reason = visit(member, keys, ancestors);
    if (reason !== null) {
      keys.push(key);
      return reason;
    }
  }
  return null;
}

type Primitive = string | number | boolean | null;
type Callable = (...parameters: never) => unknown;
type Opaque =
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | WeakMap<WeakKey, unknown>
  | WeakSet<WeakKey>
  | Promise<unknown>
  | Error
  | RegExp
  | ArrayBuffer
  | ArrayBufferView;
type IsAny<T> = 0 extends 1 & T ? true : false;

/**
 * The paths inside `T` that JSON can not carry, as string types; `never` when all is well. Looks six levels deep, so
 * that recursive types end; any and unknown pass, and the runtime check decides.
 */
export type NotJsonPaths<T, Path extends string, Depth extends readonly 0[] = []> =
  IsAny<T> extends true
    ? never
    : unknown extends T
      ? never
      : Depth['length'] extends 6
        ? never
        : T extends Primitive | undefined
          ? never
          : T extends bigint | symbol | Callable
            ? Path
            : T extends { toJSON(): unknown }
              ? never
              : T extends Opaque
                ? Path
                : T extends readonly (infer Element)[]
                  ? NotJsonPaths<Element, `${Path}[]`, [...Depth, 0]>
                  : {
                      [K in keyof T & string]-?: NotJsonPaths<T[K], `${Path}.${K}`, [...Depth, 0]>;
                    }[keyof T & string];

type Vanishing = symbol | Callable | undefined;
type KeptKeys<T> = {
  [K in keyof T]-?: K extends symbol ? never : [T[K]] extends [Vanishing] ? never : K;
}[keyof T];
type OptionalKeys<T> = {
  [K in keyof T]-?: undefined extends T[K] ? K : never;
}[keyof T];

/** What `T` is after it went through JSON text: a Date is a string, members that are undefined are gone. */
export type Serialized<T> =
  IsAny<T> extends true
    ? T
    : unknown extends T
      ? T
      : T extends Primitive
        ? T
        : T extends { toJSON(): infer Json }
          ? Serialized<Json>
          : T extends readonly unknown[]
            ? { [K in keyof T]: Serialized<T[K]> }
            : T extends object
              ? {
                  [K in Exclude<KeptKeys<T>, OptionalKeys<T>>]: Serialized<T[K]>;
                } & {
                  [K in Extract<KeptKeys<T>, OptionalKeys<T>>]?: Serialized<Exclude<T[K], undefined>>;
                }
              : never;
