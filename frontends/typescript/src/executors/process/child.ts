// The program of a child process: loads handler modules, runs the steps that the worker sends, and ends with the worker.
//
// It is started by tasker-launcher, which ties its life to the worker's, and knows nothing of stores or doors.
import { Buffer } from 'node:buffer';

import { toError } from '../../errors/convert.js';
import { HandlerResultError } from '../../errors/handler-errors.js';
import { failureOfThrown, smallFailure } from '../../events/result-document.js';
import type { AbortReason } from '../../events/event-map.js';
import { loadHandlerModule, HandlerModuleError, type ModuleAddress } from '../../handlers/handler-module.js';
import { HandlerRegistry } from '../../handlers/handler-registry.js';
import { StepContext } from '../../handlers/step-context.js';
import type { FfiStepEvent } from '../../native/types.js';
import { failedOutcome, runStep, type StepOutcome } from '../step-runner.js';
import { ChildChannel } from './child-channel.js';
import { ChildExit } from './child-exit.js';
import {
  FrameError,
  FrameKind,
  PROTOCOL_NAME,
  PROTOCOL_VERSION,
  readBody,
  type Fault,
  type Frame,
  type Hello,
  type Ready,
  type Start,
} from './frames.js';

const frameKinds = {
  completed: FrameKind.RESULT,
  failed: FrameKind.FAILURE,
  checkpoint: FrameKind.CHECKPOINT,
} as const satisfies Record<StepOutcome['kind'], FrameKind>;

class Child {
  private readonly channel: ChildChannel;
  private readonly registry = new HandlerRegistry();
  private readonly addresses = new Map<string, ModuleAddress>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly running = new Map<number, StepContext>();
  private resultBytesMax = 0;
  private stopping = false;

  constructor() {
    this.channel = new ChildChannel(
      (frame) => {
        this.take(frame);
      },
      () => {
        // tidy: allow(process-exit) this is the program of the process, and nobody is left to work for
        process.exit(ChildExit.CHANNEL_LOST);
      },
    );
    process.on('uncaughtException', (error: unknown) => {
      this.fail('uncaught_exception', error);
    });
    process.on('unhandledRejection', (reason: unknown) => {
      this.fail('unhandled_rejection', reason);
    });
    const hello: Hello = { protocol: PROTOCOL_NAME, version: PROTOCOL_VERSION, pid: process.pid };
    this.channel.send(FrameKind.HELLO, 0, JSON.stringify(hello));
  }

  private take(frame: Frame): void {
    switch (frame.kind) {
      case FrameKind.START:
        void this.start(readBody(frame) as unknown as Start);
        return;
      case FrameKind.RUN:
        void this.run(frame.step, JSON.parse(frame.body) as FfiStepEvent);
        return;
      case FrameKind.ABORT:
        this.running.get(frame.step)?.abort(frame.body as AbortReason);
        return;
      case FrameKind.STOP:
        this.stopping = true;
        this.endWhenIdle();
        return;
      case FrameKind.HELLO:
      case FrameKind.LOADING:
      case FrameKind.READY:
      case FrameKind.RESULT:
      case FrameKind.FAILURE:
      case FrameKind.CHECKPOINT:
      case FrameKind.FAULT:
        throw new FrameError(`frame kind ${frame.kind} goes the other way`);
    }
  }

  private async start({ version, handlers, loadLater, resultBytesMax }: Start): Promise<void> {
    if (version !== PROTOCOL_VERSION) {
      // tidy: allow(process-exit) this is the program of the process
      process.exit(ChildExit.OTHER_VERSION);
    }
    this.resultBytesMax = resultBytesMax;
    for (const address of handlers) {
      this.addresses.set(address.callable, address);
    }
    const failed: { callable: string; message: string }[] = [];
    for (const { callable } of handlers) {
      if (loadLater.includes(callable)) {
        continue;
      }
      try {
        await this.load(callable);
      } catch (error) {
        failed.push({ callable, message: toError(error).message });
      }
    }
    const ready: Ready = { failed };
    this.channel.send(FrameKind.READY, 0, JSON.stringify(ready));
  }

  /** Loads a handler's module once; a load that failed is tried again when it is next asked for. */
  private load(callable: string): Promise<void> {
    const known = this.loading.get(callable);
    if (known !== undefined) {
      return known;
    }
    const address = this.addresses.get(callable);
    if (address === undefined) {
      return Promise.reject(new HandlerModuleError(`${callable}: this child knows no module for it`));
    }
    const load = this.loadFrom(address).then(
      (handler) => {
        this.registry.register(callable, handler);
        this.channel.send(FrameKind.LOADING, 0);
      },
      (error: unknown) => {
        this.loading.delete(callable);
        this.channel.send(FrameKind.LOADING, 0);
        throw error;
      },
    );
    this.loading.set(callable, load);
    return load;
  }

  /** The worker hears of a load before it begins: a module may take the process with it. */
  private async loadFrom(address: ModuleAddress): ReturnType<typeof loadHandlerModule> {
    await new Promise<void>((resolve) => {
      this.channel.send(FrameKind.LOADING, 0, address.callable, resolve);
    });
    return await loadHandlerModule(address);
  }

  private async run(step: number, event: FfiStepEvent): Promise<void> {
    const { callable } = event.step_definition.handler;
    const context = new StepContext(event, callable);
    this.running.set(step, context);
    let outcome: StepOutcome;
    try {
      if (!this.registry.isRegistered(callable)) {
        await this.load(callable);
      }
      outcome = this.bounded(context, await runStep(this.registry, context));
    } catch (error) {
      outcome = failedOutcome(context.stepUuid, 0, failureOfThrown(error));
    }
    this.running.delete(step);
    this.channel.send(frameKinds[outcome.kind], step, outcome.text, () => {
      this.endWhenIdle();
    });
  }

  /** What is too long for the core is not sent at all. */
  private bounded({ stepUuid }: StepContext, outcome: StepOutcome): StepOutcome {
    const bytes = Buffer.byteLength(outcome.text);
    if (bytes <= this.resultBytesMax) {
      return outcome;
    }
    const reason = `result: a document of ${bytes} bytes, expected ${this.resultBytesMax} at most`;
    const failure = failureOfThrown(new HandlerResultError('result_too_large', reason));
    return failedOutcome(stepUuid, outcome.executionTimeMs, smallFailure(failure));
  }

  /** An error that no handler's promise carries: nobody knows what it has left behind, so the child ends. */
  private fail(type: Fault['type'], thrown: unknown): void {
    const { error, backtrace } = failureOfThrown(thrown);
    const fault: Fault = { type, message: error.message, backtrace, steps: [...this.running.keys()] };
    this.channel.send(FrameKind.FAULT, 0, JSON.stringify(fault), () => {
      // tidy: allow(process-exit) this is the program of the process
      process.exit(ChildExit.FAULT);
    });
  }

  private endWhenIdle(): void {
    if (this.stopping && this.running.size === 0) {
      // tidy: allow(process-exit) this is the program of the process
      process.exit(ChildExit.STOPPED);
    }
  }
}

new Child();
