// Frames between the worker and a child process: what goes over the private channel, file descriptor 3 of the child.
//
// A frame is a header of 12 bytes and a body in UTF-8:
//
//   0   magic, 0x54
//   1   kind, one of FrameKind
//   2   two bytes, zero
//   4   number of the step, unsigned, little-endian; 0 when the frame is about no step
//   8   length of the body, the same
//
// The child speaks first (hello), the worker answers (start), the child reports (loading…, ready), then steps go both ways.
// Whatever breaks the form ends the channel: nothing behind a broken frame can be trusted.
import { Buffer } from 'node:buffer';

/** Version of the frames and of what is in them. Both ends name theirs, and end when they differ. */
export const PROTOCOL_VERSION = 1;

/** What stands in a hello besides the version, so that another program is not taken for a child. */
export const PROTOCOL_NAME = 'tasker-child';

export const FrameKind = {
  /** Child: `Hello`. */
  HELLO: 1,
  /** Worker: `Start`. */
  START: 2,
  /** Child: callable of the handler whose module is being loaded now. */
  LOADING: 3,
  /** Child: its start is over, `Ready`; the first steps may come. */
  READY: 4,
  /** Worker: a step event. */
  RUN: 5,
  /** Worker: the reason for which the step is to stop. */
  ABORT: 6,
  /** Child: the step's result document, of a success. */
  RESULT: 7,
  /** Child: the step's checkpoint document. */
  CHECKPOINT: 8,
  /** Child: `Fault`; the child ends after it. */
  FAULT: 9,
  /** Worker: no more steps come; the child ends when its last one has. */
  STOP: 10,
  /** Child: the step's result document, of a failure. */
  FAILURE: 11,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** A frame as it came. */
export interface Frame {
  readonly kind: FrameKind;
  readonly step: number;
  readonly body: string;
}

/** Body of the child's first frame. */
export interface Hello {
  readonly protocol: typeof PROTOCOL_NAME;
  readonly version: number;
  readonly pid: number;
}

/** Body of the worker's first frame. */
export interface Start {
  readonly version: number;
  /** Handlers by module and export. */
  readonly handlers: readonly { readonly callable: string; readonly url: string; readonly exportName: string | null }[];
  /** Callables whose modules are loaded when a step asks for them, and not before. */
  readonly loadLater: readonly string[];
  /** Bytes that a result document may have. */
  readonly resultBytesMax: number;
}

/** Body of the child's report that its start is over. */
export interface Ready {
  /** Handlers whose module could not be loaded, and why. */
  readonly failed: readonly { readonly callable: string; readonly message: string }[];
}

/** Body of the child's last words: an error that no handler's promise carries. */
export interface Fault {
  readonly type: 'unhandled_rejection' | 'uncaught_exception';
  readonly message: string;
  readonly backtrace: readonly string[] | null;
  /** Numbers of the steps that ran; one that the child has not begun is not to blame. */
  readonly steps: readonly number[];
}

const magic = 0x54;
export const FRAME_HEADER_BYTES = 12;
const kindMax = Math.max(...Object.values(FrameKind));
/** Bytes of a body at most, whatever the ends agree on. */
export const FRAME_BODY_BYTES_MAX = 1_073_741_824;

/** Why the bytes of a channel are no frames. */
export class FrameError extends Error {
  override readonly name: string = 'FrameError';
}

/**
 * The bytes of one frame.
 *
 * @param step number of the step, 0 to 4 294 967 295
 * @throws {FrameError} when the body is longer than a frame may be
 */
export function encodeFrame(kind: FrameKind, step: number, body = ''): Buffer {
  const length = Buffer.byteLength(body);
  if (length > FRAME_BODY_BYTES_MAX) {
    throw new FrameError(`a body of ${length} bytes, expected ${FRAME_BODY_BYTES_MAX} at most`);
  }
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  bytes[0] = magic;
  bytes[1] = kind;
  bytes.writeUInt16LE(0, 2);
  bytes.writeUInt32LE(step, 4);
  bytes.writeUInt32LE(length, 8);
  bytes.write(body, FRAME_HEADER_BYTES);
  return bytes;
}

/** Puts frames together from the pieces in which they arrive. */
export class FrameReader {
  private readonly bodyBytesMax: number;
  private readonly onFrame: (frame: Frame) => void;
  private pieces: Buffer[] = [];
  private have = 0;
  private need = FRAME_HEADER_BYTES;
  private head: { kind: FrameKind; step: number } | null = null;

  /**
   * @param bodyBytesMax longest body that is taken, in bytes
   * @param onFrame called with each whole frame, in order, from inside `push`
   */
  constructor(bodyBytesMax: number, onFrame: (frame: Frame) => void) {
    this.bodyBytesMax = bodyBytesMax;
    this.onFrame = onFrame;
  }

  /** Whether a frame has begun and not ended: the channel may not end here. */
  get isTorn(): boolean {
    return this.have > 0 || this.head !== null;
  }

  /** @throws {FrameError} when the bytes are no frame, or one that is too long; the reader is of no use afterwards */
  push(piece: Uint8Array): void {
    this.pieces.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    this.have += piece.byteLength;
    while (this.have >= this.need) {
      const bytes = this.take(this.need);
      if (this.head === null) {
        this.readHeader(bytes);
      } else {
        const { head } = this;
        this.head = null;
        this.need = FRAME_HEADER_BYTES;
        this.onFrame({ ...head, body: bytes.toString('utf8') });
      }
    }
  }

  private readHeader(bytes: Buffer): void {
    const kind = bytes.readUInt8(1);
    const length = bytes.readUInt32LE(8);
    if (bytes[0] !== magic || kind === 0 || kind > kindMax || bytes.readUInt16LE(2) !== 0) {
      throw new FrameError(`no frame begins with ${bytes.subarray(0, 4).toString('hex')}`);
    }
    if (length > this.bodyBytesMax) {
      throw new FrameError(`a body of ${length} bytes, expected ${this.bodyBytesMax} at most`);
    }
    this.head = { kind: kind as FrameKind, step: bytes.readUInt32LE(4) };
    this.need = length;
  }

  /** The first `length` bytes of what has arrived. */
  private take(length: number): Buffer {
    this.have -= length;
    const [first] = this.pieces;
    if (first !== undefined && first.length >= length) {
      if (first.length === length) {
        this.pieces.shift();
      } else {
        this.pieces[0] = first.subarray(length);
      }
      return first.subarray(0, length);
    }
    const all = Buffer.concat(this.pieces);
    this.pieces = all.length === length ? [] : [all.subarray(length)];
    return all.subarray(0, length);
  }
}

/**
 * The body of a frame that has to be a JSON object.
 *
 * @throws {FrameError} when it is anything else
 */
export function readBody(frame: Frame): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(frame.body);
  } catch {
    value = null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FrameError(`the body of frame kind ${frame.kind} is no JSON object`);
  }
  return value as Record<string, unknown>;
}
