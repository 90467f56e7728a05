// Options and counters of a channel; the words are those of the core's channel.

/** What a send does when the channel is full: wait its turn, be refused at once, or push out the oldest item inside. */
export type FullPolicy = 'wait' | 'refuse' | 'drop-oldest';

export interface ChannelOptions {
  /** Items that it holds, 1 to 16 777 216. @default 1024 */
  readonly capacity?: number;
  /** @default 'wait' */
  readonly full?: FullPolicy;
}

/** How long a wait may last. Without a `timeoutMs` no timer is made. */
export interface ChannelWaitOptions {
  /** Ends the wait: the promise rejects with the signal's reason. A call that need not wait does not look at it. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, 0 to 2 147 483 647; 0 does not wait at all. @default no limit */
  readonly timeoutMs?: number | undefined;
}

/**
 * A moment's view. Every item that was sent is received, dropped, returned or still inside:
 * sent = received + dropped + returned + depth.
 */
export interface ChannelCounters {
  /** Items inside. */
  readonly depth: number;
  /** The most there ever were. */
  readonly depthMax: number;
  readonly sendersWaiting: number;
  readonly receiversWaiting: number;
  /** Accepted: put inside or handed to a receiver. */
  readonly sent: number;
  readonly received: number;
  /** Pushed out by newer ones (`drop-oldest`). */
  readonly dropped: number;
  /** Sends and tries that found no room. */
  readonly refused: number;
  /** Given back by `closeReceiving`. */
  readonly returned: number;
  /** Sends and receives that had to wait. */
  readonly sendWaits: number;
  readonly receiveWaits: number;
}
