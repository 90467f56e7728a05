// What goes over several turns of the loop, written down: iteration, promises, signals. The same on every runtime.
import { setImmediate as turn } from 'node:timers/promises';

import { TypedEventEmitter, type TypedEmitterOptions } from '#dist/events/typed-emitter.js';

interface Events {
  item: number;
  end: undefined;
}

const described = (error: unknown): string => {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return `${String(name)} ${String(code)}`;
};

async function iterate(options: TypedEmitterOptions): Promise<string[]> {
  const emitter = new TypedEventEmitter<Events>(options);
  const lines: string[] = [];
  const taken = (async () => {
    for await (const [item] of TypedEventEmitter.on(emitter, 'item', { close: ['end'] })) {
      lines.push(`item ${item}`);
    }
    lines.push('ended');
  })();
  for (let item = 0; item < 5; item += 1) {
    emitter.emit('item', item);
  }
  await turn();
  emitter.emit('item', 5);
  emitter.emit('end');
  await taken;
  lines.push(`left ${emitter.eventNames().length}`);
  return lines;
}

async function iterateUntilFailure(options: TypedEmitterOptions): Promise<string[]> {
  const lines: string[] = [];
  for (const how of ['error', 'signal', 'aborted']) {
    const emitter = new TypedEventEmitter<Events>(options);
    const controller = new AbortController();
    if (how === 'aborted') {
      controller.abort(new Error('before'));
    }
    try {
      const iterator = TypedEventEmitter.on(emitter, 'item', { signal: controller.signal });
      emitter.emit('item', 1);
      lines.push(`${how} first ${String((await iterator.next()).value)}`);
      const next = iterator.next();
      if (how === 'error') {
        emitter.emit('error', new RangeError('given'));
      } else {
        controller.abort(new Error('no longer'));
      }
      await next;
      lines.push('not reached');
    } catch (error) {
      lines.push(`${how} ${described(error)} left ${emitter.eventNames().length}`);
    }
  }
  return lines;
}

async function pauseAndResume(options: TypedEmitterOptions): Promise<string[]> {
  const lines: string[] = [];
  const emitter = Object.assign(new TypedEventEmitter<Events>(options), {
    pause: () => lines.push('pause'),
    resume: () => lines.push('resume'),
  });
  const iterator = TypedEventEmitter.on(emitter, 'item', { highWaterMark: 3, lowWaterMark: 1 });
  for (let item = 0; item < 5; item += 1) {
    emitter.emit('item', item);
  }
  for (let item = 0; item < 5; item += 1) {
    lines.push(`took ${String((await iterator.next()).value)}`);
  }
  await iterator.return?.();
  lines.push(`left ${emitter.eventNames().length} ${String((await iterator.next()).done)}`);
  return lines;
}

async function waitOnce(options: TypedEmitterOptions): Promise<string[]> {
  const emitter = new TypedEventEmitter<Events>(options);
  const controller = new AbortController();
  const lines: string[] = [];
  const item = TypedEventEmitter.once(emitter, 'item');
  const failed = TypedEventEmitter.once(emitter, 'item', { signal: AbortSignal.abort() });
  emitter.emit('item', 7);
  lines.push(`once ${String(await item)} left ${emitter.eventNames().length}`);
  await failed.catch((error: unknown) => lines.push(described(error)));
  const rejected = TypedEventEmitter.once(emitter, 'item');
  emitter.emit('error', new RangeError('given'));
  await rejected.catch((error: unknown) => lines.push(String(error)));
  const aborted = TypedEventEmitter.once(emitter, 'item', { signal: controller.signal });
  controller.abort(new Error('no longer'));
  await aborted.catch((error: unknown) => lines.push(described(error)));
  const error = TypedEventEmitter.once(emitter, 'error');
  emitter.emit('error', 'waited for');
  lines.push(`error ${String(await error)} left ${emitter.eventNames().length}`);
  return lines;
}

function subscribe(options: TypedEmitterOptions): string[] {
  const emitter = new TypedEventEmitter<Events>(options);
  const lines: string[] = [];
  const controller = new AbortController();
  const { signal } = controller;
  const same = (item: number): unknown => lines.push(`same ${item}`);
  emitter.on('removeListener', (name) => lines.push(`removed ${String(name)}`));
  emitter.on('item', same);
  emitter.on('item', same, { signal });
  emitter.prependListener('item', (item) => lines.push(`first ${item}`), { signal });
  emitter.once('item', (item) => lines.push(`once ${item}`), { signal });
  emitter.prependOnceListener('item', (item) => lines.push(`very first ${item}`), { signal });
  emitter.addListener('item', (item) => lines.push(`never ${item}`), { signal: AbortSignal.abort() });
  emitter.on(
    'item',
    function (this: unknown, item) {
      lines.push(`self ${String(this === emitter)} ${item}`);
      controller.abort();
    },
    { signal },
  );
  emitter.emit('item', 1);
  emitter.emit('item', 2);
  lines.push(`left ${emitter.listenerCount('item')}`);
  return lines;
}

/** What happens in all of them, line by line. */
export async function traceScenarios(options: TypedEmitterOptions): Promise<string[]> {
  return [
    ...(await iterate(options)),
    ...(await iterateUntilFailure(options)),
    ...(await pauseAndResume(options)),
    ...(await waitOnce(options)),
    ...subscribe(options),
  ];
}
