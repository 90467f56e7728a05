// A worker thread from its start to its end: loads the handlers' modules ahead, attaches to the native worker where it can,
// says that it is ready, and runs steps until it is told to stop.
import { parentPort, workerData } from 'node:worker_threads';

import { toError } from '../../errors/convert.js';
import { HandlerModule, HandlerModuleError } from '../../handlers/handler-module.js';
import { HandlerRegistry } from '../../handlers/handler-registry.js';
import { loadDoor } from '../../native/select.js';
import type { NativeAttachment } from '../../native/native-door.js';
import { CrashErrorType } from '../../errors/crash-types.js';
import { DirectLoop } from './direct-loop.js';
import { Cell, SharedState, type FromThread, type ThreadData, type ThreadModule, type ToThread } from './protocol.js';
import { RelayLoop } from './relay-loop.js';
import { ThreadSteps } from './thread-steps.js';

const data = workerData as ThreadData;
const port = parentPort;
const shared = new SharedState(data.shared);
const registry = new HandlerRegistry();
const steps = new ThreadSteps(registry, shared);

function post(message: FromThread, moved: ArrayBuffer[] = []): void {
  port?.postMessage(message, moved);
}

/** Adds a handler by its module, loaded when it is first asked for, or never when its module ends threads. */
function register({ callable, url, exportName, retry }: ThreadModule): void {
  steps.retries.set(callable, retry);
  if (data.failed.includes(callable)) {
    registry.register(callable, () => {
      throw new HandlerModuleError(`${callable}: ${url} ended the threads that loaded it`);
    });
    return;
  }
  const execution = exportName === null ? { module: url } : { module: url, export: exportName };
  registry.register(callable, new HandlerModule(callable, execution));
}

async function load(callable: string): Promise<void> {
  await registry.load(callable).catch((error: unknown) => {
    // Each of its steps fails with the same; here it is said once.
    const fields = { handler: callable, reason: toError(error).message };
    post({ type: 'log', level: 'error', message: 'a handler can not be loaded', fields });
  });
}

/** What handlers do outside their own promises. */
function watchStrayErrors(): void {
  process.on('uncaughtException', (error) => {
    stray(error, CrashErrorType.UNCAUGHT_EXCEPTION);
  });
  process.on('unhandledRejection', (error) => {
    stray(error, CrashErrorType.UNHANDLED_REJECTION);
  });
  process.on('exit', (exitCode) => {
    post({ type: 'exiting', facts: steps.culprit()?.facts ?? null, exitCode });
  });
}

function stray(thrown: unknown, type: CrashErrorType): void {
  if (!steps.blame(thrown, type)) {
    const fields = { thread: data.name, error_type: type, reason: toError(thrown).message };
    post({ type: 'log', level: 'error', message: 'an error that no step can be blamed for', fields });
  }
}

function attach(): { attachment: NativeAttachment | null; reason: string | null } {
  if (data.direct === null) {
    return { attachment: null, reason: null };
  }
  const { door, path, token } = data.direct;
  try {
    const { native } = loadDoor({ door, path });
    return { attachment: native.attach(token, 'threads', data.name), reason: null };
  } catch (error) {
    return { attachment: null, reason: toError(error).message };
  }
}

/** Ends when all handlers have: with nothing left to wait for, the thread exits by itself. */
function stop(attachment: NativeAttachment | null, direct: DirectLoop | null): void {
  direct?.stop();
  for (const { facts, relayed } of steps.abortAll('shutdown')) {
    if (!relayed) {
      post({ type: 'aborting', facts, reason: 'shutdown' });
    }
  }
  const timer = setInterval(() => {
    if (steps.active === 0) {
      clearInterval(timer);
      attachment?.detach();
      // tidy: allow(process-exit) ends this thread alone, also when a handler has left a timer behind
      process.exit(0);
    }
  }, 1);
}

async function main(): Promise<void> {
  watchStrayErrors();
  for (const module of data.modules) {
    register(module);
  }
  for (const [index, { callable }] of data.modules.entries()) {
    Atomics.store(shared.cells, Cell.LOADING, index);
    if (!data.failed.includes(callable)) {
      await load(callable);
    }
  }
  Atomics.store(shared.cells, Cell.LOADING, -1);
  const relay = new RelayLoop(steps, post);
  const { attachment, reason } = attach();
  const direct =
    attachment === null ? null : new DirectLoop({ attachment, steps, shared, post, concurrency: data.concurrency });
  port?.on('message', (message: ToThread) => {
    switch (message.type) {
      case 'step':
        relay.take(message.event);
        return;
      case 'abort':
        steps.abort(message.eventId, message.reason);
        return;
      case 'load':
        register(message.module);
        post({ type: 'registered', callable: message.module.callable });
        void load(message.module.callable);
        return;
      case 'stop':
        stop(attachment, direct);
    }
  });
  post({ type: 'ready', attachment: attachment?.id ?? null, reason });
  direct?.start();
}

await main();
