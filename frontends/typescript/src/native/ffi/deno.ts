// The FFI door on Deno: Deno.dlopen. A callback from another thread holds that thread up until this one has run it.
import type { FfiCallback, FfiCalls, FfiLibrary, FfiValue } from './library.js';
import { APART, bindAll, type ApartName, type FfiType } from './symbols.js';

/** What is used of the global `Deno`. */
interface DenoFfi {
  dlopen(
    path: string,
    symbols: Record<string, { name?: string; parameters: readonly string[]; result: string; nonblocking?: boolean }>,
  ): { readonly symbols: Record<string, (...values: FfiValue[]) => never> };
  readonly UnsafePointer: {
    create(address: bigint): object | null;
    of(memory: Uint8Array): object;
    offset(pointer: object, bytes: number): object;
  };
  readonly UnsafePointerView: {
    getCString(pointer: object): string;
    getArrayBuffer(pointer: object, bytes: number): ArrayBuffer;
  };
  readonly UnsafeCallback: {
    threadSafe(
      type: { parameters: readonly string[]; result: string },
      callback: () => void,
    ): { readonly pointer: object; unref(): number; close(): void };
  };
}

// Pointers and what has their width: with u64 and usize in its parameters, a function misses Deno's fast calls.
const types: Readonly<Record<FfiType, string>> = {
  handle: 'pointer',
  address: 'pointer',
  callback: 'function',
  size: 'pointer',
  u32: 'u32',
  i32: 'i32',
  text: 'pointer',
  void: 'void',
};

/** Sizes below this are made once. */
const keptSizes = 8192;

class DenoLibrary implements FfiLibrary {
  readonly call: FfiCalls;
  readonly none = null;
  private readonly deno: DenoFfi;
  private readonly apart: Readonly<Record<ApartName, (...values: FfiValue[]) => Promise<number>>>;
  private readonly sizes: (object | null)[] = [];
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private readonly encoder = new TextEncoder();

  constructor(path: string) {
    this.deno = (globalThis as unknown as { Deno: DenoFfi }).Deno;
    const symbols = bindAll(types, (name, parameters, result) => ({ name, parameters, result }));
    this.call = this.deno.dlopen(path, symbols).symbols as unknown as FfiCalls;
    const apart = APART.map((name) => [name, { ...symbols[name], nonblocking: true }] as const);
    this.apart = this.deno.dlopen(path, Object.fromEntries(apart)).symbols as unknown as typeof this.apart;
  }

  callApart(name: ApartName, ...values: FfiValue[]): Promise<number> {
    return this.apart[name](...values);
  }

  address(memory: Uint8Array, offset = 0): FfiValue {
    const start = this.deno.UnsafePointer.of(memory);
    return offset === 0 ? start : this.deno.UnsafePointer.offset(start, offset);
  }

  handle(low: number, high: number): FfiValue {
    return this.deno.UnsafePointer.create((BigInt(high) << 32n) | BigInt(low));
  }

  size(bytes: number): FfiValue {
    if (bytes >= keptSizes) {
      return this.deno.UnsafePointer.create(BigInt(bytes));
    }
    const kept = this.sizes[bytes];
    return kept === undefined ? (this.sizes[bytes] = this.deno.UnsafePointer.create(BigInt(bytes))) : kept;
  }

  read(memory: Uint8Array, bytes: number): string {
    return this.decoder.decode(memory.subarray(0, bytes));
  }

  write(text: string, memory: Uint8Array, offset: number): number {
    return this.encoder.encodeInto(text, offset === 0 ? memory : memory.subarray(offset)).written;
  }

  readForeign(low: number, high: number, bytes: number): string {
    const pointer = this.handle(low, high) as object | null;
    return pointer === null || bytes === 0
      ? ''
      : this.decoder.decode(this.deno.UnsafePointerView.getArrayBuffer(pointer, bytes));
  }

  readText(returned: unknown): string {
    return this.deno.UnsafePointerView.getCString(returned as object);
  }

  makeCallback(onCall: () => void): FfiCallback {
    const callback = this.deno.UnsafeCallback.threadSafe({ parameters: ['pointer'], result: 'void' }, onCall);
    // What keeps the loop alive is decided by the door, the same on every runtime.
    callback.unref();
    return {
      value: callback.pointer,
      dispose() {
        callback.close();
      },
    };
  }
}

/** @throws {Error} when the file can not be loaded, lacks a function, or --allow-ffi was not given */
export function openDenoLibrary(path: string): FfiLibrary {
  return new DenoLibrary(path);
}
