// What the FFI door needs of a runtime's FFI; one small binding for each runtime provides it.
import type { ApartName, FfiName } from './symbols.js';

/**
 * A value as the binding passes it: a number, or what the runtime has in its place for handles, addresses, callbacks
 * and sizes. Only the binding that made one can read it.
 */
export type FfiValue = number | bigint | object | null;

/** Functions of the library by name; each returns its status, or what its symbol says. */
export type FfiCalls = Readonly<Record<FfiName, (...values: FfiValue[]) => number>>;

/** A function of JavaScript's that the library may call from its own threads. */
export interface FfiCallback {
  readonly value: FfiValue;
  /** Frees it. Only when the library does not call it any more. */
  dispose(): void;
}

/** The library through one runtime's FFI. Not to be shared between threads. */
export interface FfiLibrary {
  readonly call: FfiCalls;
  /** NULL, for an address. */
  readonly none: FfiValue;
  /** A call without holding up this thread, where a callback on its way needs it to go on. */
  callApart(name: ApartName, ...values: FfiValue[]): Promise<number> | number;
  /** Address of `memory`, plus `offset` bytes; good for as long as the caller keeps `memory`. */
  address(memory: Uint8Array, offset?: number): FfiValue;
  /** A handle that the library wrote as two words, the low one first. */
  handle(low: number, high: number): FfiValue;
  size(bytes: number): FfiValue;
  /** The first `bytes` bytes of the caller's memory as text; what is not UTF-8 becomes U+FFFD. */
  read(memory: Uint8Array, bytes: number): string;
  /**
   * Writes `text` as UTF-8 at `offset`, lone surrogates as U+FFFD. The caller has seen to it that there is room for three
   * bytes for each unit of the text.
   *
   * @returns bytes written
   */
  write(text: string, memory: Uint8Array, offset: number): number;
  /** Text of the library's at an address that it wrote as two words. */
  readForeign(low: number, high: number, bytes: number): string;
  /** What a function with the result `text` returned. */
  readText(returned: unknown): string;
  /** Makes a callback that runs `onCall` on this thread, soon after the library has called it; null when it can not. */
  makeCallback(onCall: () => void): FfiCallback | null;
}
