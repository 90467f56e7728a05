// Exit codes by which a child that ends of its own accord says why.

export const ChildExit = {
  /** It was told to stop. */
  STOPPED: 0,
  /** It has sent a fault before. */
  FAULT: 70,
  /** The channel broke or was closed. */
  CHANNEL_LOST: 71,
  /** The worker speaks another version of the protocol. */
  OTHER_VERSION: 72,
  /** Set by tasker-launcher: a setting was refused. */
  NOT_PREPARED: 126,
  /** Set by tasker-launcher: the program can not be run. */
  NOT_RUN: 127,
} as const;
