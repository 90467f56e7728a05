// One child process of the pool: its handshake, its frames, its output, its end.
//
// States: starting ─▶ ready ─▶ stopping; any ─▶ gone. A child is gone when its exit was seen, never before; what it has sent
// until then still counts.
import { StringDecoder } from 'node:string_decoder';

import { toError } from '../../errors/convert.js';
import { CrashErrorType } from '../../errors/crash-types.js';
import type { StepOutcome } from '../step-runner.js';
import { endingOf, readFault, type Ending, type LastWords } from './endings.js';
import {
  encodeFrame,
  FrameError,
  FrameKind,
  FrameReader,
  PROTOCOL_NAME,
  PROTOCOL_VERSION,
  readBody,
  type Fault,
  type Frame,
  type Ready,
  type Start,
} from './frames.js';
import { LineBudget, LINES_PER_SECOND_MAX, LineSplitter } from './output-lines.js';
import { spawnProcess, type OutputStream, type ProcessEnd, type SpawnedProcess, type SpawnRequest } from './spawn.js';

/** How a child is started. */
export interface ChildStart {
  readonly spawn: SpawnRequest;
  readonly start: Start;
  /** Milliseconds from start to the report that it is ready. */
  readonly startTimeoutMs: number;
  /** Longest body of a frame that is taken from it, in bytes. */
  readonly bodyBytesMax: number;
}

/** What a child reports to its pool. */
export interface ChildEvents {
  onReady(child: PooledChild, failed: Ready['failed']): void;
  /** A step has ended, or yields. */
  onDocument(child: PooledChild, step: number, kind: StepOutcome['kind'], text: string): void;
  onLine(child: PooledChild, stream: OutputStream, line: string): void;
  /** Lines that were dropped, because there were too many. */
  onLinesDropped(child: PooledChild, count: number): void;
  /** The process is gone. Its output may still be on the way: `onEnded` follows. */
  onExit(child: PooledChild): void;
  /** Nothing more comes from it. @param ending why, for the steps that it had */
  onEnded(child: PooledChild, ending: Ending, end: ProcessEnd): void;
}

export type ChildState = 'starting' | 'ready' | 'stopping' | 'gone';

/** How long output of a process that is gone may take to arrive. */
const lastOutputMs = 250;
/** How long a child that has closed its channel, or has sent its fault, may take to end. */
const endGraceMs = 1000;
const stderrTailLength = 16_384;

export class PooledChild {
  readonly pid: number;
  /** Numbers of the steps that it has. */
  readonly steps = new Set<number>();
  /** Steps that it was given in all. */
  served = 0;
  /** Handler whose module it is loading. */
  loading: string | null = null;
  fault: Fault | null = null;
  /** Whether it has ever been ready. */
  wasReady = false;
  /** Whether it was told to end. */
  wasTold = false;
  private currentState: ChildState = 'starting';
  private readonly process: SpawnedProcess;
  private readonly startsWith: Start;
  private readonly events: ChildEvents;
  private readonly reader: FrameReader;
  private readonly splitters: Readonly<Record<OutputStream, LineSplitter>>;
  private readonly budget = new LineBudget(LINES_PER_SECOND_MAX, () => performance.now());
  private readonly timers = new Set<NodeJS.Timeout>();
  private greeted = false;
  private verdict: Ending | null = null;
  private end: ProcessEnd | null = null;
  private outputEnded = false;
  private channelClosed = false;
  private reported = false;
  private stderrTail = '';
  private readonly stderrDecoder = new StringDecoder('utf8');

  /** @throws {Error} when the process can not be started */
  constructor(start: ChildStart, events: ChildEvents) {
    this.events = events;
    this.startsWith = start.start;
    this.reader = new FrameReader(start.bodyBytesMax, (frame) => {
      this.take(frame);
    });
    this.splitters = { stdout: this.splitter('stdout'), stderr: this.splitter('stderr') };
    this.process = spawnProcess(start.spawn, {
      onOutput: (stream, piece) => {
        this.output(stream, piece);
      },
      onOutputEnd: () => {
        this.outputEnded = true;
        this.report();
      },
      onChannelData: (piece) => {
        this.receive(piece);
      },
      onChannelEnd: (reason) => {
        this.channelEnded(reason);
      },
      onExit: (end) => {
        this.exited(end);
      },
    });
    this.pid = this.process.pid;
    this.after(start.startTimeoutMs, () => {
      if (this.currentState === 'starting') {
        this.kill(lost(`the process was not ready within ${start.startTimeoutMs} ms`));
      }
    });
  }

  get state(): ChildState {
    return this.currentState;
  }

  /** Whether this side has killed it. */
  get isDoomed(): boolean {
    return this.verdict !== null || this.fault !== null;
  }

  run(step: number, event: string): void {
    this.steps.add(step);
    this.served += 1;
    this.process.send(encodeFrame(FrameKind.RUN, step, event));
  }

  abort(step: number, reason: string): void {
    this.process.send(encodeFrame(FrameKind.ABORT, step, reason));
  }

  /** Takes no more steps, and ends when it has none. */
  stop(): void {
    if (this.currentState === 'ready' || this.currentState === 'starting') {
      this.currentState = 'stopping';
      this.wasTold = true;
      this.process.send(encodeFrame(FrameKind.STOP, 0));
    }
  }

  /** Ends it and its group at once. @param verdict why, for the steps that it has; the first one counts */
  kill(verdict: Ending): void {
    if (this.currentState !== 'gone') {
      this.verdict ??= verdict;
      this.process.kill();
    }
  }

  private splitter(stream: OutputStream): LineSplitter {
    return new LineSplitter((line) => {
      if (this.budget.take()) {
        const dropped = this.budget.takeDropped();
        if (dropped > 0) {
          this.events.onLinesDropped(this, dropped);
        }
        this.events.onLine(this, stream, line);
      }
    });
  }

  private output(stream: OutputStream, piece: Uint8Array): void {
    if (stream === 'stderr') {
      this.stderrTail = (this.stderrTail + this.stderrDecoder.write(piece)).slice(-stderrTailLength);
    }
    this.splitters[stream].push(piece);
  }

  private receive(piece: Buffer): void {
    if (this.isDoomed) {
      return;
    }
    try {
      this.reader.push(piece);
    } catch (error) {
      this.kill(lost(`the process broke the protocol: ${toError(error).message}`));
    }
  }

  private take(frame: Frame): void {
    if (this.isDoomed) {
      return;
    }
    if (!this.greeted) {
      this.greet(frame);
      return;
    }
    switch (frame.kind) {
      case FrameKind.LOADING:
        this.loading = frame.body === '' ? null : frame.body;
        return;
      case FrameKind.READY:
        this.becomeReady(frame);
        return;
      case FrameKind.RESULT:
        this.ended(frame, 'completed');
        return;
      case FrameKind.FAILURE:
        this.ended(frame, 'failed');
        return;
      case FrameKind.CHECKPOINT:
        this.ended(frame, 'checkpoint');
        return;
      case FrameKind.FAULT:
        this.fault = readFault(frame);
        this.after(endGraceMs, () => {
          this.kill(lost('the process outlived its fault'));
        });
        return;
      case FrameKind.HELLO:
      case FrameKind.START:
      case FrameKind.RUN:
      case FrameKind.ABORT:
      case FrameKind.STOP:
        throw new FrameError(`frame kind ${frame.kind}, which no child sends now`);
    }
  }

  private ended({ step, body }: Frame, kind: StepOutcome['kind']): void {
    if (!this.steps.delete(step)) {
      throw new FrameError(`an outcome of step ${step}, which it does not have`);
    }
    this.events.onDocument(this, step, kind, body);
  }

  private greet(frame: Frame): void {
    const { protocol, version, pid } = frame.kind === FrameKind.HELLO ? readBody(frame) : {};
    if (protocol !== PROTOCOL_NAME || pid !== this.pid) {
      throw new FrameError('its first frame is no hello');
    }
    if (version !== PROTOCOL_VERSION) {
      throw new FrameError(`it speaks version ${String(version)}, expected ${PROTOCOL_VERSION}`);
    }
    this.greeted = true;
    this.process.send(encodeFrame(FrameKind.START, 0, JSON.stringify(this.startsWith)));
  }

  private becomeReady(frame: Frame): void {
    const { failed } = readBody(frame);
    if (!Array.isArray(failed)) {
      throw new FrameError('a ready without the list of what failed');
    }
    if (this.currentState === 'starting') {
      this.currentState = 'ready';
      this.wasReady = true;
      this.events.onReady(this, failed as Ready['failed']);
    }
  }

  private channelEnded(reason: string): void {
    this.channelClosed = true;
    if (this.currentState === 'gone') {
      this.report();
      return;
    }
    // The usual case: the process is about to be seen gone. One that lives on can not be reached any more.
    const torn = this.reader.isTorn ? ', in the middle of a frame' : '';
    this.after(endGraceMs, () => {
      this.kill(lost(`the process can not be reached: ${reason}${torn}`));
    });
  }

  private exited(end: ProcessEnd): void {
    this.currentState = 'gone';
    this.end = end;
    // What it started and left behind in its group goes with it.
    this.process.kill();
    this.events.onExit(this);
    this.after(lastOutputMs, () => {
      this.outputEnded = true;
      this.channelClosed = true;
      this.report();
    });
    this.report();
  }

  private report(): void {
    if (this.end === null || !this.outputEnded || !this.channelClosed || this.reported) {
      return;
    }
    this.reported = true;
    this.process.closeChannel();
    for (const timer of this.timers) {
      clearTimeout(timer);
    }
    this.splitters.stdout.end();
    this.splitters.stderr.end();
    const dropped = this.budget.takeDropped();
    if (dropped > 0) {
      this.events.onLinesDropped(this, dropped);
    }
    const { end, fault, verdict, loading, stderrTail } = this;
    const words: LastWords = { end, fault, verdict, loading, stderrTail };
    this.events.onEnded(this, endingOf(words), end);
  }

  private after(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, delayMs);
    this.timers.add(timer);
  }
}

function lost(message: string): Ending {
  return { errorType: CrashErrorType.EXECUTOR_LOST, message, backtrace: null };
}
