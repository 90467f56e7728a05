// Compiled with the tests: a claim about a type that does not hold, or an expected error that is gone, fails the build.
import { EventEmitter, once } from 'node:events';

import { TaskerEventEmitter, TypedEventEmitter } from 'tasker-worker/events';
import type { TaskerEventMap, TaskerEventName, TypedEmitterOptions } from 'tasker-worker/events';

type IsAny<T> = 0 extends 1 & T ? true : false;
type Equal<A, B> = IsAny<A> extends IsAny<B> ? ([A, B] extends [B, A] ? true : false) : false;

/** Compiles when the value's type is `Expected`, neither wider nor narrower. */
function exactly<Expected>(): <Actual>(value: Actual, same: Equal<Actual, Expected>) => void {
  return () => undefined;
}

interface Printed {
  readonly sheets: number;
}
const jammed: unique symbol = Symbol('jammed');
interface PrinterEvents {
  'page.printed': Printed;
  'paper.empty': undefined;
  'lid.opened': string | undefined;
  [jammed]: { readonly tray: number };
}

/** Never run: only the compiler reads it. */
export async function claims(emitter: TypedEventEmitter<PrinterEvents>, worker: TaskerEventEmitter): Promise<void> {
  // Listeners know their payload, by each way to add one.
  emitter.on('page.printed', (payload) => {
    exactly<Printed>()(payload, true);
  });
  emitter.addListener('page.printed', ({ sheets }) => sheets);
  emitter.once(jammed, ({ tray }) => {
    exactly<number>()(tray, true);
  });
  emitter.prependListener('lid.opened', (who) => {
    exactly<string | undefined>()(who, true);
  });
  emitter.prependOnceListener('paper.empty', () => undefined, { signal: new AbortController().signal });
  worker.on('worker.error', ({ error }) => {
    exactly<Error>()(error, true);
  });
  // @ts-expect-error no event has this name
  emitter.on('page.folded', () => undefined);
  // @ts-expect-error no event has this name
  emitter.once('page.folded', () => undefined);
  // @ts-expect-error no event has this name
  emitter.prependListener('page.folded', () => undefined);
  // @ts-expect-error no event has this name
  emitter.off('page.folded', () => undefined);
  // @ts-expect-error no event has this name
  emitter.listenerCount('page.folded');
  // @ts-expect-error no event has this name
  worker.on('step.execution.recieved', () => undefined);
  // @ts-expect-error the payload has no such member
  emitter.on('page.printed', ({ pages }) => pages as unknown);
  // @ts-expect-error the payload is no text
  emitter.on('page.printed', (payload: string) => payload);
  // @ts-expect-error an event of the map has one payload
  emitter.on('page.printed', (payload, second: number) => second);
  // @ts-expect-error a signal is an AbortSignal
  emitter.on('page.printed', () => undefined, { signal: true });

  // What is emitted fits the map.
  emitter.emit('page.printed', { sheets: 1 });
  emitter.emit('paper.empty');
  emitter.emit('lid.opened', 'operator');
  emitter.emit(jammed, { tray: 2 });
  // @ts-expect-error no event has this name
  emitter.emit('page.folded', { sheets: 1 });
  // @ts-expect-error the payload is missing
  emitter.emit('page.printed');
  // @ts-expect-error the payload lacks its member
  emitter.emit('page.printed', {});
  // @ts-expect-error the member has another type
  emitter.emit(jammed, { tray: 'upper' });
  // @ts-expect-error there is one payload
  emitter.emit('page.printed', { sheets: 1 }, 2);
  // @ts-expect-error the payload lacks most of its members
  worker.publish('step.execution.completed', { eventId: 'e' });
  // @ts-expect-error no event has this name
  worker.publish('step.execution.done', { timestamp: new Date() });
  // @ts-expect-error the helper's payload is that of its event
  worker.emitStepStarted({ eventId: 1 });

  // What every emitter has besides.
  emitter.on('error', (error) => {
    exactly<unknown>()(error, true);
  });
  emitter.on('newListener', (name, listener) => {
    exactly<string | symbol>()(name, true);
    exactly<(...args: never[]) => unknown>()(listener, true);
  });
  emitter.on(EventEmitter.errorMonitor, () => undefined);
  emitter.emit('error', new Error('jam'));

  // The static side.
  for await (const [payload] of TypedEventEmitter.on(emitter, 'page.printed', { close: ['paper.empty'] })) {
    exactly<Printed>()(payload, true);
  }
  for await (const [payload] of TaskerEventEmitter.on(worker, 'worker.ready')) {
    exactly<TaskerEventMap['worker.ready']>()(payload, true);
  }
  const [{ error }] = await TaskerEventEmitter.once(worker, 'worker.error');
  exactly<Error>()(error, true);
  // @ts-expect-error no event has this name
  await TypedEventEmitter.once(emitter, 'page.folded');
  // @ts-expect-error no event has this name
  TypedEventEmitter.on(emitter, 'page.printed', { close: ['page.folded'] });

  // It is one of Node's emitters, also to the compiler.
  const asNode: EventEmitter = worker;
  await once(asNode, 'worker.ready');
  await once(emitter, 'page.printed');

  // @ts-expect-error backings have names
  const wrong: TypedEmitterOptions = { emitter: 'mitt' };
  new TypedEventEmitter<PrinterEvents>(wrong);
}

/** Code that is written for every event of a map compiles too. */
export function forEach<Name extends TaskerEventName>(
  worker: TaskerEventEmitter,
  name: Name,
  listener: (payload: TaskerEventMap[Name]) => void,
): void {
  worker.on(name, listener).off(name, listener);
  worker.once(name, (payload) => {
    listener(payload);
  });
}
