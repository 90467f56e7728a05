// The FFI door on Node: koffi. A callback from another thread holds that thread up until this one has run it.
import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';

import type { FfiCallback, FfiCalls, FfiLibrary, FfiValue } from './library.js';
import { NumberLibrary } from './number-library.js';
import { bindAll, type ApartName, type FfiType } from './symbols.js';

type Settled = (error: Error | null, status: number) => void;

/** What is used of koffi. */
interface Koffi {
  load(
    path: string,
    options: { deep: boolean },
  ): {
    func(
      name: string,
      result: string,
      parameters: readonly string[],
    ): ((...values: FfiValue[]) => number) & {
      async(...values: (FfiValue | Settled)[]): void;
    };
  };
  address(memory: Uint8Array): bigint;
  view(address: bigint, bytes: number): ArrayBuffer;
  proto(result: string, parameters: readonly string[]): object;
  pointer(type: object): object;
  register(callback: () => void, type: object): bigint;
  unregister(callback: bigint): void;
}

// Addresses are numbers, which cross faster than typed arrays; what the library returns as text, koffi reads itself.
const types: Readonly<Record<FfiType, string>> = {
  handle: 'uintptr_t',
  address: 'uintptr_t',
  callback: 'void *',
  size: 'size_t',
  u32: 'uint32_t',
  i32: 'int32_t',
  text: 'str',
  void: 'void',
};

class KoffiLibrary extends NumberLibrary implements FfiLibrary {
  readonly call: FfiCalls;
  readonly none = 0;
  private readonly koffi: Koffi;
  private readonly callbackType: object;

  constructor(path: string) {
    super();
    this.koffi = createRequire(import.meta.url)('koffi') as Koffi;
    this.callbackType = this.koffi.pointer(this.koffi.proto('void', ['void *']));
    // Node exports a simdjson and an SQLite of its own: the library has to find its own first.
    const library = this.koffi.load(path, { deep: true });
    this.call = bindAll(types, (name, parameters, result) => library.func(name, result, parameters));
  }

  /** A call on another thread. */
  callApart(name: ApartName, ...values: FfiValue[]): Promise<number> {
    const apart = this.call[name] as unknown as { async(...values: (FfiValue | Settled)[]): void };
    return new Promise((resolve, reject) => {
      const settled: Settled = (failure, status) => {
        if (failure === null) {
          resolve(status);
        } else {
          reject(failure);
        }
      };
      apart.async(...values, settled);
    });
  }

  address(memory: Uint8Array, offset = 0): number {
    return Number(this.koffi.address(memory)) + offset;
  }

  readForeign(low: number, high: number, bytes: number): string {
    return bytes === 0 ? '' : Buffer.from(this.koffi.view((BigInt(high) << 32n) | BigInt(low), bytes)).toString('utf8');
  }

  readText(returned: unknown): string {
    return returned as string;
  }

  makeCallback(onCall: () => void): FfiCallback {
    const value = this.koffi.register(onCall, this.callbackType);
    return {
      value,
      dispose: () => {
        this.koffi.unregister(value);
      },
    };
  }
}

/** @throws {Error} when koffi is not installed, or the file can not be loaded or lacks a function */
export function openKoffiLibrary(path: string): FfiLibrary {
  return new KoffiLibrary(path);
}
