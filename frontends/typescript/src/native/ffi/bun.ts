// The FFI door on Bun: bun:ffi. Pointers are numbers, callbacks from other threads are queued and do not hold them up.
import { createRequire } from 'node:module';

import type { FfiCallback, FfiCalls, FfiLibrary, FfiValue } from './library.js';
import { NumberLibrary } from './number-library.js';
import { bindAll, type ApartName, type FfiType } from './symbols.js';

/** What is used of the module `bun:ffi`. */
interface BunFfi {
  dlopen(
    path: string,
    symbols: Record<string, { args: readonly string[]; returns: string }>,
  ): { readonly symbols: Record<string, (...values: FfiValue[]) => number> };
  ptr(memory: Uint8Array): number;
  CString: new (address: number, offset?: number, bytes?: number) => { toString(): string };
  JSCallback: new (
    callback: () => void,
    type: { args: readonly string[]; returns: string; threadsafe: boolean },
  ) => { readonly ptr: number | null; close(): void };
}

const types: Readonly<Record<FfiType, string>> = {
  handle: 'ptr',
  address: 'ptr',
  callback: 'ptr',
  // Takes numbers up to 2^53 and has the width of size_t.
  size: 'ptr',
  u32: 'u32',
  i32: 'i32',
  text: 'ptr',
  void: 'void',
};

/** A call on its way may still be in the loop's queue when the library has let go of the callback. */
const disposeAfterMs = 1000;

class BunLibrary extends NumberLibrary implements FfiLibrary {
  readonly call: FfiCalls;
  readonly none = null;
  private readonly ffi: BunFfi;

  constructor(path: string) {
    super();
    this.ffi = createRequire(import.meta.url)('bun:ffi') as BunFfi;
    this.call = this.ffi.dlopen(
      path,
      bindAll(types, (_, args, returns) => ({ args, returns })),
    ).symbols as FfiCalls;
  }

  callApart(name: ApartName, ...values: FfiValue[]): number {
    return this.call[name](...values);
  }

  address(memory: Uint8Array, offset = 0): number {
    return this.ffi.ptr(memory) + offset;
  }

  readForeign(low: number, high: number, bytes: number): string {
    return bytes === 0 ? '' : new this.ffi.CString(this.handle(low, high), 0, bytes).toString();
  }

  readText(returned: unknown): string {
    return new this.ffi.CString(returned as number).toString();
  }

  makeCallback(onCall: () => void): FfiCallback | null {
    const callback = new this.ffi.JSCallback(onCall, { args: ['ptr'], returns: 'void', threadsafe: true });
    if (callback.ptr === null) {
      return null;
    }
    return {
      value: callback.ptr,
      dispose() {
        setTimeout(() => {
          callback.close();
        }, disposeAfterMs).unref();
      },
    };
  }
}

/** @throws {Error} when the file can not be loaded or lacks a function */
export function openBunLibrary(path: string): FfiLibrary {
  return new BunLibrary(path);
}
