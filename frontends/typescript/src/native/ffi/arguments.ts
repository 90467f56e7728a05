// Checks of what JavaScript gives to the FFI door, with the words of the addon: no binding sees a wrong type.
import type { ExecutorName } from '../native-executors.js';

/** In the order of the library's numbers, TASKER_EXECUTOR_…. */
const executors: readonly ExecutorName[] = ['main', 'threads', 'process'];

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
export function checkArray(call: string, name: string, value: unknown): asserts value is unknown[] {
  if (!Array.isArray(value)) {
    refuse(call, name, value, 'an array');
  }
}

/** @throws INVALID_ARGUMENT */
export function checkTexts(call: string, name: string, value: unknown): asserts value is string[] {
  checkArray(call, name, value);
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

/** The library's number of an executor. @throws INVALID_ARGUMENT */
export function executorNumber(call: string, value: unknown): number {
  const number = (executors as readonly unknown[]).indexOf(value);
  if (number < 0) {
    const given = typeof value === 'string' ? `"${value.slice(0, 80)}"` : typeName(value);
    throw doorError('INVALID_ARGUMENT', `${call}: executor is ${given}; expected ${executors.join(', ')}`, 'executor');
  }
  return number;
}
