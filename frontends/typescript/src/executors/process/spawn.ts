// Starts a child process with a private channel, in the way of each runtime.
//
// The channel is a socket pair, the child's end file descriptor 3: nothing on disk, no address that another process could
// connect to. Bun opens it by `Bun.spawn`, Node by `child_process`. `Deno.Command` knows no descriptor beyond stderr;
// Deno's `node:child_process` does, so Deno starts children through that.
import { spawn, type ChildProcess } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { toError } from '../../errors/convert.js';

/** What is to be started. */
export interface SpawnRequest {
  readonly program: string;
  readonly arguments: readonly string[];
  /** All variables that the child sees. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** How a process ended: by exit code, or by signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export type OutputStream = 'stdout' | 'stderr';

/** What a spawned process reports. */
export interface SpawnEvents {
  onOutput(stream: OutputStream, piece: Uint8Array): void;
  /** Both output streams have ended. */
  onOutputEnd(): void;
  onChannelData(piece: Buffer): void;
  /** The channel is closed or broken. */
  onChannelEnd(reason: string): void;
  /** The process is gone; called exactly once, unless spawning threw. */
  onExit(end: ProcessEnd): void;
}

/** A process that was started. */
export interface SpawnedProcess {
  readonly pid: number;
  /** @returns whether more should be sent now */
  send(bytes: Uint8Array): boolean;
  closeChannel(): void;
  /** SIGKILL to the process and all that it started and that stayed in its group. */
  kill(): void;
}

/** What is used of Bun. */
interface BunSubprocess {
  readonly pid: number;
  readonly stdio: readonly unknown[];
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
}
interface BunGlobal {
  spawn(
    command: readonly string[],
    options: {
      cwd: string;
      env: Readonly<Record<string, string>>;
      stdio: readonly string[];
      onExit: (process: unknown, code: number | null, signal: number | string | null) => void;
    },
  ): BunSubprocess;
}

/** Sends SIGKILL to a process and its group. Nothing happens when they are gone. */
function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It is gone already, or it has not come to have a group yet.
    }
  }
}

function listen(channel: Duplex, events: SpawnEvents): void {
  let ended = false;
  const end = (reason: string): void => {
    if (!ended) {
      ended = true;
      events.onChannelEnd(reason);
    }
  };
  channel.on('data', (piece: Buffer) => {
    if (!ended) {
      events.onChannelData(piece);
    }
  });
  channel.on('error', (error: Error) => {
    end(error.message);
  });
  channel.on('end', () => {
    end('the channel was closed');
  });
  channel.on('close', () => {
    end('the channel was closed');
  });
}

function spawned(pid: number, channel: Duplex, events: SpawnEvents): SpawnedProcess {
  listen(channel, events);
  return {
    pid,
    send: (bytes) => !channel.destroyed && channel.write(bytes),
    closeChannel: () => {
      channel.destroy();
    },
    kill: () => {
      killGroup(pid);
    },
  };
}

function spawnByNode(request: SpawnRequest, events: SpawnEvents): SpawnedProcess {
  const child: ChildProcess = spawn(request.program, request.arguments, {
    cwd: request.folder,
    env: request.environment,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const { pid, stdout, stderr } = child;
  const channel = child.stdio[3] as Duplex | null | undefined;
  if (pid === undefined || stdout === null || stderr === null || channel === null || channel === undefined) {
    // Node tells the reason in an event that nobody may miss.
    child.on('error', () => undefined);
    throw new Error(`${request.program} can not be started in ${request.folder}`);
  }
  child.on('exit', (code, signal) => {
    events.onExit({ code, signal });
  });
  child.on('error', () => undefined);
  let open = 2;
  for (const [stream, pipe] of [
    ['stdout', stdout],
    ['stderr', stderr],
  ] as const) {
    pipe.on('data', (piece: Buffer) => {
      events.onOutput(stream, piece);
    });
    pipe.on('error', () => undefined);
    pipe.on('close', () => {
      open -= 1;
      if (open === 0) {
        events.onOutputEnd();
      }
    });
  }
  return spawned(pid, channel, events);
}

function spawnByBun(bun: BunGlobal, request: SpawnRequest, events: SpawnEvents): SpawnedProcess {
  const child = bun.spawn([request.program, ...request.arguments], {
    cwd: request.folder,
    env: request.environment,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    onExit: (_, code, signal) => {
      events.onExit({ code: signal === null ? code : null, signal: signal === null ? null : signalName(signal) });
    },
  });
  const read = async (stream: OutputStream): Promise<void> => {
    for await (const piece of child[stream]) {
      events.onOutput(stream, piece);
    }
  };
  void Promise.allSettled([read('stdout'), read('stderr')]).then(() => {
    events.onOutputEnd();
  });
  const channel: Socket = connect({ fd: child.stdio[3] } as unknown as { path: string });
  return spawned(child.pid, channel, events);
}

const signalNumbers: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};

function signalName(signal: number | string): string {
  return typeof signal === 'string' ? signal : (signalNumbers[signal] ?? `signal ${signal}`);
}

/**
 * Starts a process.
 *
 * @throws {Error} when it can not be started; no event comes then
 */
export function spawnProcess(request: SpawnRequest, events: SpawnEvents): SpawnedProcess {
  const bun = (globalThis as { Bun?: BunGlobal }).Bun;
  try {
    return bun === undefined ? spawnByNode(request, events) : spawnByBun(bun, request, events);
  } catch (error) {
    throw new Error(`${request.program} can not be started: ${toError(error).message}`, { cause: error });
  }
}
