// The memory through which an FFI door talks to the library: texts in, a batch of events out, a few words.
//
// One for each thread and library: calls are synchronous, so nobody else uses it before its content was read. What a large
// text made grow is given back afterwards.
import { Buffer } from 'node:buffer';

import { doorError } from './arguments.js';
import type { FfiLibrary, FfiValue } from './library.js';

const smallBytes = 64 * 1024;
const eventsBytes = 256 * 1024;
/** What is kept for the next call at most. */
const keptBytes = 4 * 1024 * 1024;
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const bytesPerUnit = 3;
/** Where the second text begins when the first is short, as an event's id is. */
const shortUnits = 64;
const secondOffset = shortUnits * bytesPerUnit;

/** Bytes that a text takes at most; counted exactly when that is much. */
function roomFor(text: string): number {
  const most = text.length * bytesPerUnit;
  return most <= keptBytes ? most : Buffer.byteLength(text);
}

/** A block of memory and its address. */
interface Block {
  readonly bytes: Buffer;
  readonly address: FfiValue;
}

/** Words that the library writes; the names are their places. */
export const WORDS = { error: 0, buffer: 2, bufferSize: 4, size: 6, request: 8, handle: 10, count: 12 } as const;
type Word = keyof typeof WORDS;

export class FfiMemory {
  /** Address of the place for an error. */
  readonly error: FfiValue;
  readonly buffer: FfiValue;
  readonly sizeOut: FfiValue;
  readonly requestOut: FfiValue;
  readonly handleOut: FfiValue;
  readonly countOut: FfiValue;
  /** Address and size of the texts that were written last. */
  first: FfiValue;
  firstSize: FfiValue;
  second: FfiValue;
  secondSize: FfiValue;
  private readonly library: FfiLibrary;
  private readonly words = new Uint32Array(new ArrayBuffer(128));
  private readonly small: Block;
  private readonly smallSecond: FfiValue;
  private large: Block | null = null;
  private eventsBlock: Block;
  private eventsSize: FfiValue;

  constructor(library: FfiLibrary) {
    this.library = library;
    const place = (word: Word): FfiValue =>
      library.address(new Uint8Array(this.words.buffer), WORDS[word] * Uint32Array.BYTES_PER_ELEMENT);
    this.error = place('error');
    this.buffer = place('buffer');
    this.sizeOut = place('size');
    this.requestOut = place('request');
    this.handleOut = place('handle');
    this.countOut = place('count');
    this.small = this.makeBlock(smallBytes);
    this.smallSecond = library.address(this.small.bytes, secondOffset);
    this.first = this.second = this.small.address;
    this.firstSize = this.secondSize = library.size(0);
    this.eventsBlock = this.makeBlock(eventsBytes);
    this.eventsSize = library.size(eventsBytes);
  }

  /** A word of 64 bits that is a number below 2^53. */
  number(word: Word): number {
    return (this.words[WORDS[word] + 1] ?? 0) * 2 ** 32 + (this.words[WORDS[word]] ?? 0);
  }

  /** A count of 32 bits that the library wrote. */
  count(): number {
    return this.words[WORDS.count] ?? 0;
  }

  /** A handle that the library wrote. */
  takeHandle(word: Word): FfiValue {
    return this.library.handle(this.words[WORDS[word]] ?? 0, this.words[WORDS[word] + 1] ?? 0);
  }

  /** Text of a buffer that the library filled; the buffer is released. Null for an empty one. */
  takeBuffer(): string | null {
    const bytes = this.number('bufferSize');
    if (bytes === 0) {
      return null;
    }
    try {
      return this.library.readForeign(this.words[WORDS.buffer] ?? 0, this.words[WORDS.buffer + 1] ?? 0, bytes);
    } finally {
      this.library.call.tasker_buffer_destroy(this.buffer);
    }
  }

  /** Puts a text where `first` and `firstSize` say. */
  put(text: string): void {
    const { bytes, address } = this.blockFor(roomFor(text));
    this.first = address;
    this.firstSize = this.library.size(this.library.write(text, bytes, 0));
  }

  /** Puts two texts. */
  putTwo(first: string, second: string): void {
    if (
      this.large === null &&
      first.length <= shortUnits &&
      second.length * bytesPerUnit <= smallBytes - secondOffset
    ) {
      const { bytes } = this.small;
      this.first = this.small.address;
      this.firstSize = this.library.size(this.library.write(first, bytes, 0));
      this.second = this.smallSecond;
      this.secondSize = this.library.size(this.library.write(second, bytes, secondOffset));
      return;
    }
    const { bytes, address } = this.blockFor(roomFor(first) + roomFor(second));
    const offset = this.library.write(first, bytes, 0);
    this.first = address;
    this.firstSize = this.library.size(offset);
    this.second = this.library.address(bytes, offset);
    this.secondSize = this.library.size(this.library.write(second, bytes, offset));
  }

  /** Memory for a batch of events, and its size. */
  get events(): FfiValue {
    return this.eventsBlock.address;
  }

  get eventsCapacity(): FfiValue {
    return this.eventsSize;
  }

  /** Makes room for a batch of `bytes` bytes. */
  growEvents(bytes: number): void {
    this.eventsBlock = this.makeBlock(bytes);
    this.eventsSize = this.library.size(bytes);
  }

  /** The first `bytes` bytes of the batch as text. */
  readEvents(bytes: number): string {
    const text = this.library.read(this.eventsBlock.bytes, bytes);
    if (this.eventsBlock.bytes.length > keptBytes) {
      this.growEvents(eventsBytes);
    }
    return text;
  }

  private blockFor(bytes: number): Block {
    if (bytes <= smallBytes) {
      this.large = null;
      return this.small;
    }
    if (this.large === null || this.large.bytes.length < bytes || this.large.bytes.length > keptBytes) {
      this.large = this.makeBlock(bytes);
    }
    return this.large;
  }

  private makeBlock(bytes: number): Block {
    let memory: Buffer;
    try {
      memory = Buffer.from(new ArrayBuffer(bytes));
    } catch {
      throw doorError('TOO_LARGE', `a text that may take ${String(bytes)} bytes does not fit into memory`);
    }
    return { bytes: memory, address: this.library.address(memory) };
  }
}
