// What crosses between the main thread and a worker thread: messages, and a small piece of shared memory for what has to be
// known of a thread that can not answer.
import type { AbortReason } from '../../events/event-map.js';
import type { ModuleAddress } from '../../handlers/handler-module.js';
import type { DoorName } from '../../native/native-door.js';
import type { FfiStepEvent, LogFields, LogLevel } from '../../native/types.js';
import type { CrashRetry } from '../../errors/crash-types.js';
import type { StepOutcome } from '../step-runner.js';
import type { StepFacts } from '../step-settler.js';

/** A handler as a thread has to know it. */
export interface ThreadModule extends ModuleAddress {
  /** Which of its crashes are worth another attempt. */
  readonly retry: CrashRetry;
}

/** How a thread reaches the core by itself. */
export interface DirectWay {
  readonly door: DoorName;
  /** File of the door that the main thread has loaded. */
  readonly path: string;
  readonly token: string;
}

/** What a thread is told at its start. */
export interface ThreadData {
  readonly taskerThread: true;
  readonly name: string;
  readonly modules: readonly ThreadModule[];
  /** Handlers whose modules ended threads while they were loaded: not loaded again. */
  readonly failed: readonly string[];
  /** Null: steps come by messages. */
  readonly direct: DirectWay | null;
  /** Steps that it holds at once. */
  readonly concurrency: number;
  readonly shared: SharedArrayBuffer;
}

/** From the main thread to a worker thread. */
export type ToThread =
  | { readonly type: 'step'; readonly event: FfiStepEvent }
  | { readonly type: 'abort'; readonly eventId: string; readonly reason: AbortReason }
  | { readonly type: 'load'; readonly module: ThreadModule }
  | { readonly type: 'stop' };

/** From a worker thread to the main thread. */
export type FromThread =
  /** It takes steps now. `attachment`: its id in direct mode; else `reason` says why it can not attach. */
  | { readonly type: 'ready'; readonly attachment: number | null; readonly reason: string | null }
  /** Outcome of a step that came by message. */
  | { readonly type: 'outcome'; readonly eventId: string; readonly outcome: StepOutcome }
  /** News for the bus, when somebody listens. */
  /** A handler that was registered later is known. */
  | { readonly type: 'registered'; readonly callable: string }
  | { readonly type: 'received'; readonly event: FfiStepEvent }
  | { readonly type: 'started'; readonly facts: StepFacts }
  | { readonly type: 'taken'; readonly facts: StepFacts; readonly outcome: StepOutcome; readonly sent: boolean }
  | { readonly type: 'late'; readonly facts: StepFacts }
  /** A handler of a step that it took by itself was told to stop, and runs on. */
  | { readonly type: 'aborting'; readonly facts: StepFacts; readonly reason: AbortReason }
  /** The handler of such a step has ended. */
  | { readonly type: 'ended'; readonly eventId: string }
  /** The handler called `process.exit`; the last word of the thread. */
  | { readonly type: 'exiting'; readonly facts: StepFacts | null; readonly exitCode: number }
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: LogFields };

/** Numbers in the shared memory, each 32 bits wide. */
export const Cell = {
  /** Attempts that ended. */
  PROCESSED: 0,
  /** Attempts that failed. */
  FAILED: 1,
  /** Steps that it holds. */
  ACTIVE: 2,
  /** Written by the main thread: which news somebody listens to, bits of `Hears`. */
  HEARS: 3,
  /** Place in `modules` of the module being loaded, or -1. */
  LOADING: 4,
  /** 1 while a handler is on the stack. */
  BUSY: 5,
  /** Bytes of the handler's name below. */
  NAME_BYTES: 6,
} as const;

/** Bits of `Cell.HEARS`. */
export const Hears = { STARTED: 1, TAKEN: 2, RECEIVED: 4 } as const;

const cells = 8;
const idBytes = 36;
const idsOffset = cells * 4;
const nameOffset = idsOffset + 3 * idBytes;
const nameBytesMax = 512;
/** Bytes of the shared memory of one thread. */
export const sharedBytes = nameOffset + nameBytesMax;

/**
 * The shared memory of one thread: counts, and the step whose handler was entered last. Names and ids are written as Latin-1,
 * which is exact for ids; a name that is not is looked up by its event.
 */
export class SharedState {
  readonly cells: Int32Array;
  private readonly bytes: Uint8Array;

  constructor(shared: SharedArrayBuffer) {
    this.cells = new Int32Array(shared, 0, cells);
    this.bytes = new Uint8Array(shared);
  }

  /** The handler of this step is entered. Called by its thread alone. */
  enter(eventId: string, stepUuid: string, taskUuid: string, handlerName: string): void {
    this.write(eventId, idsOffset, idBytes);
    this.write(stepUuid, idsOffset + idBytes, idBytes);
    this.write(taskUuid, idsOffset + 2 * idBytes, idBytes);
    this.cells[Cell.NAME_BYTES] = this.write(handlerName, nameOffset, nameBytesMax);
    Atomics.store(this.cells, Cell.BUSY, 1);
  }

  /** The handler has returned; its promise may still be open. */
  leave(): void {
    Atomics.store(this.cells, Cell.BUSY, 0);
  }

  /** The step whose handler was entered last; null before the first. Its thread may be writing: ids are to be checked. */
  entered(): StepFacts | null {
    const eventId = this.read(idsOffset, idBytes);
    if (eventId.startsWith('\0')) {
      return null;
    }
    return {
      eventId,
      stepUuid: this.read(idsOffset + idBytes, idBytes),
      taskUuid: this.read(idsOffset + 2 * idBytes, idBytes),
      handlerName: this.read(nameOffset, Math.min(Atomics.load(this.cells, Cell.NAME_BYTES), nameBytesMax)),
    };
  }

  isBusy(): boolean {
    return Atomics.load(this.cells, Cell.BUSY) === 1;
  }

  private write(text: string, offset: number, max: number): number {
    const length = text.length < max ? text.length : max;
    const { bytes } = this;
    for (let index = 0; index < length; index += 1) {
      bytes[offset + index] = text.charCodeAt(index);
    }
    return length;
  }

  private read(offset: number, length: number): string {
    return String.fromCharCode(...this.bytes.slice(offset, offset + length));
  }
}

/** Buffers of all binary members of a message: they are moved, not copied. */
export function binariesOf(value: unknown, found: ArrayBuffer[] = [], depth = 0): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null || depth > 64) {
    return found;
  }
  if (ArrayBuffer.isView(value)) {
    const { buffer } = value;
    // A view of a part, such as of a pooled Buffer, is not the only user of its memory.
    if (buffer instanceof ArrayBuffer && buffer.byteLength === value.byteLength && !found.includes(buffer)) {
      found.push(buffer);
    }
    return found;
  }
  for (const member of Object.values(value)) {
    binariesOf(member, found, depth + 1);
  }
  return found;
}
