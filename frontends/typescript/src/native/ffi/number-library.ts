// What FFIs have in common in which handles, addresses and sizes are numbers.
import type { Buffer } from 'node:buffer';

/** Part of an `FfiLibrary`. */
export abstract class NumberLibrary {
  handle(low: number, high: number): number {
    return high * 2 ** 32 + low;
  }

  size(bytes: number): number {
    return bytes;
  }

  read(memory: Buffer, bytes: number): string {
    return memory.toString('utf8', 0, bytes);
  }

  write(text: string, memory: Buffer, offset: number): number {
    return memory.write(text, offset);
  }
}
