// Checks of what JavaScript gives to the FFI door, with the words of the addon: no binding sees a wrong type.

/** An error as a door throws it: a plain Error with a code, which the runtime turns into a TaskerError. */
export function doorError(code: string, message: string, field?: string): Error {
  return Object.assign(new Error(message), { code, retryable: false, ...(field === undefined ? {} : { field }) });
}

function typeName(value: unknown): string {
  if (value === undefined || value === null) {
    return String(value);
  }
  const type = typeof value;
  return type === 'object' ? 'an object' : `a ${type}`;
}

function refuse(call: string, name: string, value: unknown, expected: string): never {
  throw doorError('INVALID_ARGUMENT', `${call}: ${name} is ${typeName(value)}; expected ${expected}`, name);
}

/** @throws INVALID_ARGUMENT */
export function checkText(call: string, name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') {
    refuse(call, name, value, 'a string');
  }
}

/** @throws INVALID_ARGUMENT */
export function checkTextOrNull(call: string, name: string, value: unknown): asserts value is string | null {
  if (value !== null && typeof value !== 'string') {
    refuse(call, name, value, 'a string or null');
  }
}

/** @throws INVALID_ARGUMENT */
export function checkTexts(call: string, name: string, value: unknown): asserts value is string[] {
  if (!Array.isArray(value)) {
    refuse(call, name, value, 'an array of at most 100000 strings');
  }
  value.forEach((item, index) => {
    checkText(call, `${name}[${String(index)}]`, item);
  });
}

/** @throws INVALID_ARGUMENT */
export function checkInteger(call: string, name: string, value: unknown, range: readonly [number, number]): void {
  const expected = `an integer from ${String(range[0])} to ${String(range[1])}`;
  if (typeof value !== 'number') {
    refuse(call, name, value, expected);
  }
  if (!Number.isInteger(value) || value < range[0] || value > range[1]) {
    throw doorError('INVALID_ARGUMENT', `${call}: ${name} is ${String(value)}; expected ${expected}`, name);
  }
}

/** @throws INVALID_ARGUMENT */
export function checkFunctionOrNull(call: string, name: string, value: unknown): void {
  if (value !== null && typeof value !== 'function') {
    refuse(call, name, value, 'a function or null');
  }
}
