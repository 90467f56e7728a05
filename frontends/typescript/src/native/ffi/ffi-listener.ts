// What has a wake-up of its own behind an FFI door. The library keeps one from the opening to the end. A timer that does
// nothing keeps the event loop alive while somebody listens.
import { toError } from '../../errors/convert.js';
import type { Delivery } from '../native-door.js';
import { checkFunctionOrNull, doorError } from './arguments.js';
import { STATUS, type FfiContext } from './context.js';
import type { FfiCallback, FfiValue } from './library.js';

/** Longest delay of a timer. */
const keepAliveMs = 2_147_483_647;

export abstract class FfiListener {
  abstract readonly delivery: Delivery;
  protected readonly context: FfiContext;
  protected onWakeup: (() => void) | null = null;
  /** News came when nobody wanted to hear of it, and no poll has been answered with nothing since. */
  protected missed = false;
  protected ended = false;
  private readonly what: string;
  private timer: NodeJS.Timeout | null = null;

  /** @param what its name in messages */
  protected constructor(context: FfiContext, what: string) {
    this.context = context;
    this.what = what;
  }

  setWakeup(onWakeup: (() => void) | null): void {
    this.alive();
    checkFunctionOrNull('setWakeup', 'onWakeup', onWakeup);
    this.onWakeup = onWakeup;
    this.keepAlive();
    if (onWakeup !== null && this.missed) {
      setImmediate(() => {
        if (this.onWakeup === onWakeup) {
          this.missed = false;
          onWakeup();
        }
      });
    }
  }

  protected alive(): void {
    if (this.ended) {
      throw doorError('CLOSED', `the ${this.what} is closed`);
    }
  }

  /**
   * Sets the library's wake-up by `set`, which gives its status; null where callbacks can not be made or set.
   */
  protected listen(set: (callback: FfiValue) => number): FfiCallback | null {
    const callback = this.context.library.makeCallback(() => {
      try {
        this.onNews();
      } catch (error) {
        // Not through the library's thread that called.
        setImmediate(() => {
          throw toError(error);
        });
      }
    });
    if (callback === null || set(callback.value) === STATUS.OK) {
      return callback;
    }
    this.context.dropError();
    callback.dispose();
    return null;
  }

  protected onNews(): void {
    if (this.onWakeup === null) {
      this.missed = true;
    } else {
      this.onWakeup();
    }
  }

  /** Whether the event loop is to be held. */
  protected isWanted(): boolean {
    return this.onWakeup !== null;
  }

  /** What the timer does, and how often. */
  protected beat(): { readonly run: () => void; readonly everyMs: number } {
    return { run: () => undefined, everyMs: keepAliveMs };
  }

  /** Holds the event loop while somebody waits for news. */
  protected keepAlive(): void {
    const wanted = this.isWanted();
    if (!wanted && this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    } else if (wanted && this.timer === null) {
      const { run, everyMs } = this.beat();
      this.timer = setInterval(run, everyMs);
    }
  }
}
