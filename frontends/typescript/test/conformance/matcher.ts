// What an answer of a vector must be (contract/README.md, expectations): matchers, schemas, captured names.
import { readdirSync, readFileSync } from 'node:fs';

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export const contractFolder = new URL('../../../../../contract/', import.meta.url);

/** Names that a vector has captured. */
export type Captures = Map<string, unknown>;

const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: false });
for (const file of readdirSync(new URL('schema/', contractFolder))) {
  const schema = JSON.parse(readFileSync(new URL(`schema/${file}`, contractFolder), 'utf8')) as object;
  ajv.addSchema(schema, file);
}

function problemOfSchema(name: string, value: unknown): string | null {
  const isList = name.endsWith('[]');
  const validate = ajv.getSchema(`${isList ? name.slice(0, -2) : name}.json`) as ValidateFunction | undefined;
  if (validate === undefined) {
    return `no schema ${name}`;
  }
  if (isList && !Array.isArray(value)) {
    return 'expected an array';
  }
  for (const item of isList ? (value as unknown[]) : [value]) {
    if (!validate(item)) {
      return `not of the shape ${name}: ${ajv.errorsText(validate.errors)}`;
    }
  }
  return null;
}

function shown(value: unknown): string {
  const text = (JSON.stringify(value) as string | undefined) ?? 'undefined';
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export type Piece = string | { readonly repeat: string; readonly times: number };

/** A string made of pieces, `${name}` in them standing for what was captured. */
export function joined(pieces: readonly Piece[], captures: Captures): string {
  return pieces
    .map((piece) =>
      typeof piece === 'string'
        ? piece.replace(/\$\{(\w+)\}/g, (_, name: string) => String(captures.get(name)))
        : piece.repeat.repeat(piece.times),
    )
    .join('');
}

/** Why `value` is not what `expected` says, or null. `exact` forbids further members. */
export function mismatch(
  expected: unknown,
  value: unknown,
  captures: Captures,
  path = '',
  exact = false,
): string | null {
  const wrong = (reason: string): string => `${path === '' ? 'the answer' : path}: ${reason}; it is ${shown(value)}`;
  if (typeof expected === 'string' && expected.startsWith('$') && captures.has(expected.slice(1))) {
    return mismatch(captures.get(expected.slice(1)), value, captures, path, true);
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(value) || value.length !== expected.length) {
      return wrong(`expected an array of ${expected.length}`);
    }
    return first(expected.map((item, index) => mismatch(item, value[index], captures, `${path}/${index}`, exact)));
  }
  if (!isObject(expected)) {
    return Object.is(expected, value) || expected === value ? null : wrong(`expected ${shown(expected)}`);
  }
  const matched = matcher(expected, value, captures, path);
  if (matched !== undefined) {
    return matched === null ? null : wrong(matched);
  }
  const { $schema: schema, ...members } = expected;
  const shape = typeof schema === 'string' ? problemOfSchema(schema, value) : null;
  if (shape !== null) {
    return wrong(shape);
  }
  if (Object.keys(members).length === 0 && schema !== undefined) {
    return null;
  }
  if (!isObject(value)) {
    return wrong('expected an object');
  }
  const unknown = exact ? Object.keys(value).find((key) => !Object.hasOwn(expected, key)) : undefined;
  if (unknown !== undefined) {
    return wrong(`unexpected member ${unknown}`);
  }
  return first(
    Object.entries(members).map(([key, item]) => {
      if (isObject(item) && item['$absent'] === true) {
        return Object.hasOwn(value, key) ? wrong(`unexpected member ${key}`) : null;
      }
      return mismatch(item, value[key], captures, `${path}/${key}`, exact);
    }),
  );
}

function first(problems: readonly (string | null)[]): string | null {
  return problems.find((problem) => problem !== null) ?? null;
}

/** What a matcher says; undefined when `expected` is none. */
function matcher(
  expected: Record<string, unknown>,
  value: unknown,
  captures: Captures,
  path: string,
): string | null | undefined {
  const [[name, argument] = ['', undefined]] = Object.entries(expected);
  if (Object.keys(expected).length !== 1) {
    return undefined;
  }
  switch (name) {
    case '$any':
      return null;
    case '$absent':
      return value === undefined ? null : 'expected nothing';
    case '$string':
      return value === joined(argument as readonly Piece[], captures) ? null : 'expected another text';
    case '$matches':
      return typeof value === 'string' && new RegExp(argument as string).test(value)
        ? null
        : `expected a text that matches ${String(argument)}`;
    case '$between': {
      const [low, high] = argument as [number, number];
      return typeof value === 'number' && value >= low && value <= high ? null : `expected ${low} to ${high}`;
    }
    case '$length':
      return Array.isArray(value) && value.length === argument ? null : `expected ${String(argument)} elements`;
    case '$contains':
      return Array.isArray(value) && value.some((item) => mismatch(argument, item, captures, path) === null)
        ? null
        : `expected an element that matches ${shown(argument)}`;
    case '$one_of':
      return (argument as unknown[]).some((item) => mismatch(item, value, captures, path) === null)
        ? null
        : `expected one of ${shown(argument)}`;
    case '$exactly':
      return mismatch(argument, value, captures, path, true);
    default:
      return undefined;
  }
}

/** The value that a JSON pointer (RFC 6901) leads to. */
export function pointed(value: unknown, pointer: string): unknown {
  let found = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    found = (found as Record<string, unknown> | null | undefined)?.[key];
  }
  return found;
}
