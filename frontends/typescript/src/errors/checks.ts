// Checks of what a caller gives: each refusal names the field, the value (cut) and what was expected.
import { makeTaskerError } from './convert.js';

const shownLengthMax = 80;

/** `value` as it is shown in a message: short, one line, never throws. */
export function showValue(value: unknown): string {
  let text: string;
  if (typeof value === 'string') {
    text = JSON.stringify(value);
  } else if (typeof value === 'function') {
    text = `function ${value.name}`.trimEnd();
  } else if (Array.isArray(value)) {
    text = `an array of ${String(value.length)}`;
  } else if (typeof value === 'object' && value !== null) {
    text = 'an object';
  } else if (typeof value === 'bigint') {
    text = `${String(value)}n`;
  } else {
    text = String(value);
  }
  return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text;
}

/** @throws {TaskerError} INVALID_ARGUMENT unless `value` is a string that is not empty */
export function requireString(value: unknown, field: string): asserts value is string {
  if (typeof value !== 'string' || value === '') {
    throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(value)}, expected a string that is not empty`, {
      field,
    });
  }
}

/** @throws {TaskerError} INVALID_ARGUMENT unless `value` is an integer of min..max */
export function requireInteger(value: unknown, field: string, min: number, max: number): asserts value is number {
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw makeTaskerError(
      'INVALID_ARGUMENT',
      `${field}: ${showValue(value)}, expected an integer of ${String(min)} to ${String(max)}`,
      { field },
    );
  }
}

/** @throws {TaskerError} INVALID_ARGUMENT unless `value` is a function */
export function requireFunction(value: unknown, field: string): void {
  if (typeof value !== 'function') {
    throw makeTaskerError('INVALID_ARGUMENT', `${field}: ${showValue(value)}, expected a function`, { field });
  }
}

/** @throws {TaskerError} INVALID_ARGUMENT for the first key of `object` that is not among `known`, with the nearest */
export function refuseUnknownKeys(object: object, known: readonly string[], field: string): void {
  for (const key of Object.keys(object)) {
    if (known.includes(key)) {
      continue;
    }
    const nearest = nearestName(key, known);
    const hint = nearest === null ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`;
    throw makeTaskerError('INVALID_ARGUMENT', `${field}.${key}: unknown option; ${hint}`, {
      field: `${field}.${key}`,
    });
  }
}

/** The name among `names` that is fewest edits away from `given`, or null when none is near. */
export function nearestName(given: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
