// Runtime, registry and event system over the fake native side, started.
import {
  EventSystem,
  HandlerRegistry,
  NativeRuntime,
  defineHandler,
  type EventSystemConfig,
  type TaskerEventMap,
  type TaskerEventName,
} from 'tasker-worker';

import { FakeDoor, type Completion, type FakeWorker } from './fake-door.js';
import { makeStepEvent, type StepEventParts } from './step-event.js';

export interface Rig {
  readonly addon: FakeDoor;
  readonly native: FakeWorker;
  readonly runtime: NativeRuntime;
  readonly registry: HandlerRegistry;
  readonly system: EventSystem;
  /** Runs one step of a function handler; resolves with its completion. */
  run(handler: (given: { context: { signal: AbortSignal } }) => unknown, parts?: StepEventParts): Promise<Completion>;
  /** The payloads of an event from now on. */
  heard<Name extends TaskerEventName>(name: Name): TaskerEventMap[Name][];
}

export function makeRig(config: EventSystemConfig = {}): Rig {
  const addon = new FakeDoor();
  const runtime = new NativeRuntime({ native: addon });
  runtime.openWorker({});
  const native = addon.worker;
  const registry = new HandlerRegistry();
  const system = new EventSystem(runtime, registry, config);
  system.start();
  return {
    addon,
    native,
    runtime,
    registry,
    system,
    async run(handler, parts = {}) {
      registry.register(defineHandler('demo.Greet', {}, handler));
      const before = native.completions.length;
      native.push(makeStepEvent(parts));
      await native.completed(before + 1);
      const completion = native.completions[before];
      if (completion === undefined) {
        throw new Error('no completion');
      }
      return completion;
    },
    heard(name) {
      const payloads: TaskerEventMap[typeof name][] = [];
      system.getEmitter().on(name, (payload) => payloads.push(payload));
      return payloads;
    },
  };
}

/** A promise and its ends. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (e: unknown) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
