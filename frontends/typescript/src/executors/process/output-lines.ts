// Splits what a child writes to stdout or stderr into lines, within bounds.
import { StringDecoder } from 'node:string_decoder';

/** Characters of a line at most; the rest of it makes further lines. */
const lineLengthMax = 8192;

/** Lines of one second at most, for each child; further ones are counted and dropped. */
export const LINES_PER_SECOND_MAX = 1000;

export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private readonly onLine: (line: string) => void;
  private rest = '';

  /** @param onLine called with each line, without its end, from inside `push` and `end` */
  constructor(onLine: (line: string) => void) {
    this.onLine = onLine;
  }

  push(piece: Uint8Array): void {
    const text = this.rest + this.decoder.write(piece);
    let from = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      this.cut(text.slice(from, text.charAt(at - 1) === '\r' && at > from ? at - 1 : at));
      from = at + 1;
    }
    this.rest = text.slice(from);
    while (this.rest.length > lineLengthMax) {
      this.onLine(this.rest.slice(0, lineLengthMax));
      this.rest = this.rest.slice(lineLengthMax);
    }
  }

  /** What is left without an end of line is a line too. */
  end(): void {
    const last = this.rest + this.decoder.end();
    this.rest = '';
    if (last !== '') {
      this.cut(last);
    }
  }

  private cut(line: string): void {
    for (let from = 0; from < Math.max(line.length, 1); from += lineLengthMax) {
      this.onLine(line.slice(from, from + lineLengthMax));
    }
  }
}

/** Lets so many through in each second, and counts the others. */
export class LineBudget {
  private readonly perSecond: number;
  private readonly now: () => number;
  private windowStart = Number.NEGATIVE_INFINITY;
  private used = 0;
  private droppedCount = 0;

  /** @param now milliseconds of a clock that never goes back */
  constructor(perSecond: number, now: () => number) {
    this.perSecond = perSecond;
    this.now = now;
  }

  /** Whether one more may pass. */
  take(): boolean {
    const now = this.now();
    if (now - this.windowStart >= 1000) {
      this.windowStart = now;
      this.used = 0;
    }
    this.used += 1;
    if (this.used > this.perSecond) {
      this.droppedCount += 1;
      return false;
    }
    return true;
  }

  /** How many were dropped since the last question. */
  takeDropped(): number {
    const dropped = this.droppedCount;
    this.droppedCount = 0;
    return dropped;
  }
}
