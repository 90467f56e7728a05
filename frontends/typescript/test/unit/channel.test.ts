import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

import { Channel, type ChannelCounters } from 'tasker-worker/events';

/** How a promise stands: its value, its error's code or name, or that it is pending. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  const settled = promise.then(
    (value) => `value ${String(value)}`,
    (error: unknown) => {
      const { code, name } = error as { code?: unknown; name?: unknown };
      return `error ${String(code ?? name)}`;
    },
  );
  return Promise.race([settled, turn('pending')]);
}

const statesOf = (promises: readonly Promise<unknown>[]): Promise<string[]> => Promise.all(promises.map(stateOf));

function checkBooks(counters: ChannelCounters): void {
  const { sent, received, dropped, returned, depth } = counters;
  assert.equal(sent, received + dropped + returned + depth);
}

suite('Channel', () => {
  test('items leave in the order in which they came, past the end of the ring and while it grows', async () => {
    const channel = new Channel<number>(40);
    let sent = 0;
    let received = 0;
    for (let round = 0; round < 200; round += 1) {
      for (let count = 0; count < (round * 7) % 31 && channel.trySend(sent); count += 1) {
        sent += 1;
      }
      for (let count = 0; count < (round * 5) % 29 && received < sent; count += 1) {
        assert.equal(await channel.recv(), received);
        received += 1;
      }
    }
    assert.ok(received > 1000);
    checkBooks(channel.counters());
  });

  test('a send waits while the channel is full, and the first who waited is the first to go on', async () => {
    const channel = new Channel<number>({ capacity: 2 });
    const sends = [1, 2, 3, 4, 5].map((item) => channel.send(item));
    assert.deepEqual(await statesOf(sends), ['value undefined', 'value undefined', 'pending', 'pending', 'pending']);
    assert.equal(channel.trySend(6), false);
    assert.equal(channel.tryRecv(), 1);
    assert.deepEqual((await statesOf(sends)).slice(2), ['value undefined', 'pending', 'pending']);
    assert.deepEqual([await channel.recv(), await channel.recv(), await channel.recv()], [2, 3, 4]);
    assert.deepEqual((await statesOf(sends)).slice(3), ['value undefined', 'value undefined']);
    assert.equal(channel.tryRecv(), 5);
    assert.equal(channel.tryRecv(), undefined);
    const { depthMax, sendWaits, refused } = channel.counters();
    assert.deepEqual({ depthMax, sendWaits, refused }, { depthMax: 2, sendWaits: 3, refused: 1 });
  });

  test('waiting receivers are served first come, first served; nobody overtakes them', async () => {
    const channel = new Channel<string>();
    const order: string[] = [];
    const receivers = ['first', 'second', 'third'].map((who) =>
      channel.recv().then((item) => order.push(`${who} ${item}`)),
    );
    assert.equal(channel.counters().receiversWaiting, 3);
    assert.ok(channel.trySend('a'));
    assert.equal(channel.tryRecv(), undefined);
    await channel.send('b');
    await channel.send('c');
    await Promise.all(receivers);
    assert.deepEqual(order, ['first a', 'second b', 'third c']);
    assert.equal(channel.counters().depthMax, 0);
  });

  test('undefined, null and promises are items like others', async () => {
    const channel = new Channel<unknown>(8);
    const promise = Promise.resolve(3);
    for (const item of [undefined, null, promise, promise]) {
      await channel.send(item);
    }
    channel.close();
    assert.equal(await channel.recv(), undefined);
    const items: unknown[] = [];
    for await (const item of channel) {
      items.push(item);
    }
    assert.deepEqual(items, [null, promise, promise]);
  });

  test('a hand-over makes no timer, and takes no turn of the event loop', async () => {
    const made: unknown[] = [];
    const { setTimeout: realTimeout, setInterval: realInterval, setImmediate: realImmediate } = globalThis;
    const spy = (...args: unknown[]): never => {
      made.push(args);
      throw new Error('no timer is needed');
    };
    Object.assign(globalThis, { setTimeout: spy, setInterval: spy, setImmediate: spy });
    try {
      const channel = new Channel<number>(1);
      const { signal } = new AbortController();
      const received = channel.recv({ signal });
      await channel.send(1);
      await channel.send(2);
      const waiting = channel.send(3, { signal });
      assert.deepEqual([await received, await channel.recv()], [1, 2]);
      await waiting;
      assert.equal(await channel.recv(), 3);
    } finally {
      Object.assign(globalThis, { setTimeout: realTimeout, setInterval: realInterval, setImmediate: realImmediate });
    }
    assert.deepEqual(made, []);
  });
});

suite('Channel, closing', () => {
  test('closeSending: what is inside is received, waiting senders are refused, and so is what comes later', async () => {
    const channel = new Channel<number>(2);
    const sends = [1, 2, 3, 4].map((item) => channel.send(item));
    channel.closeSending();
    assert.deepEqual((await statesOf(sends)).slice(2), ['error CLOSED', 'error CLOSED']);
    assert.equal(await stateOf(channel.send(5)), 'error CLOSED');
    assert.equal(channel.trySend(6), false);
    assert.deepEqual([channel.closed, await channel.recv(), channel.tryRecv()], [true, 1, 2]);
    assert.equal(await stateOf(channel.recv()), 'error CLOSED');
    assert.equal(channel.tryRecv(), undefined);
    channel.close();
    assert.deepEqual(channel.closeReceiving(), []);
    checkBooks(channel.counters());
  });

  test('closeSending ends all who wait for an item', async () => {
    const channel = new Channel<number>();
    const receivers = [channel.recv(), channel.recv()];
    const loop = (async () => {
      for await (const item of channel) {
        assert.fail(String(item));
      }
      return 'ended';
    })();
    await turn();
    channel.closeSending();
    assert.deepEqual(await statesOf([...receivers, loop]), ['error CLOSED', 'error CLOSED', 'value ended']);
  });

  test('closeReceiving gives back what is inside, and refuses both sides', async () => {
    const channel = new Channel<number>(2);
    const sends = [1, 2, 3].map((item) => channel.send(item));
    assert.deepEqual(channel.closeReceiving(), [1, 2]);
    assert.equal(await stateOf(sends[2] ?? assert.fail()), 'error CLOSED');
    assert.deepEqual(await statesOf([channel.recv(), channel.send(4)]), ['error CLOSED', 'error CLOSED']);
    assert.equal(channel.counters().returned, 2);
    channel.closeSending();
    checkBooks(channel.counters());
  });

  test('leaving a loop early closes nothing and loses nothing', async () => {
    const channel = new Channel<number>();
    await channel.send(1);
    await channel.send(2);
    for await (const item of channel) {
      assert.equal(item, 1);
      break;
    }
    const iterator = channel.values();
    assert.deepEqual(await iterator.next(), { done: false, value: 2 });
    const next = iterator.next();
    assert.deepEqual(await iterator.return?.(), { done: true, value: undefined });
    assert.deepEqual(await next, { done: true, value: undefined });
    await channel.send(3);
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    assert.equal(await channel.recv(), 3);
  });
});

suite('Channel, full', () => {
  test('refuse: a send is refused at once', async () => {
    const channel = new Channel<number>({ capacity: 1, full: 'refuse' });
    await channel.send(1);
    assert.equal(await stateOf(channel.send(2)), 'error FULL');
    assert.equal(channel.trySend(3), false);
    assert.deepEqual([await channel.recv(), channel.counters().refused], [1, 2]);
  });

  test('drop-oldest: the newest are inside, the others are counted', async () => {
    const channel = new Channel<number>({ capacity: 3, full: 'drop-oldest' });
    for (let item = 1; item <= 10; item += 1) {
      await channel.send(item);
    }
    assert.ok(channel.trySend(11));
    assert.deepEqual([channel.counters().dropped, channel.closeReceiving()], [8, [9, 10, 11]]);
    checkBooks(channel.counters());
  });
});

suite('Channel, giving up', () => {
  test('a waiter at any place leaves with its signal or its time, and the others keep their order', async () => {
    for (const side of ['send', 'recv'] as const) {
      for (let place = 0; place < 3; place += 1) {
        for (const how of ['signal', 'timeoutMs'] as const) {
          const channel = new Channel<number>(1);
          const controller = new AbortController();
          if (side === 'send') {
            await channel.send(-1);
          }
          const waits = [0, 1, 2].map((index) => {
            const own = index === place ? { [how]: how === 'signal' ? controller.signal : 1 } : undefined;
            return side === 'send' ? channel.send(index, own) : channel.recv(own);
          });
          controller.abort();
          const expected = { code: how === 'signal' ? 20 : 'TIMED_OUT' };
          await assert.rejects(waits[place] ?? assert.fail(), expected);
          const others = [0, 1, 2].filter((index) => index !== place);
          const items: unknown[] = [];
          if (side === 'send') {
            assert.equal(channel.tryRecv(), -1);
            items.push(await channel.recv(), await channel.recv());
            assert.deepEqual(items, others);
          } else {
            others.forEach((item) => {
              assert.ok(channel.trySend(item));
            });
            assert.deepEqual(await Promise.all(others.map((index) => waits[index] ?? assert.fail())), others);
          }
          const { sendersWaiting, receiversWaiting, depth } = channel.counters();
          assert.deepEqual([sendersWaiting, receiversWaiting, depth], [0, 0, 0]);
          assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
        }
      }
    }
  });

  test('all who wait with one signal leave together, and it is heard once for a thousand of them', async () => {
    const channel = new Channel<number>(1);
    const controller = new AbortController();
    const { signal } = controller;
    const waits = Array.from({ length: 1000 }, () => channel.recv({ signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    const reason = new RangeError('enough');
    controller.abort(reason);
    assert.ok((await Promise.allSettled(waits)).every((end) => end.status === 'rejected' && end.reason === reason));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('what a signal and a time refuse is the wait, not a call that needs none', async () => {
    const channel = new Channel<number>(1);
    const signal = AbortSignal.abort(new RangeError('before'));
    await channel.send(1, { signal, timeoutMs: 0 });
    assert.equal(await stateOf(channel.send(2, { signal })), 'error RangeError');
    assert.equal(await stateOf(channel.send(2, { timeoutMs: 0 })), 'error TIMED_OUT');
    assert.equal(await channel.recv({ signal, timeoutMs: 0 }), 1);
    assert.equal(await stateOf(channel.recv({ signal })), 'error RangeError');
    assert.equal(await stateOf(channel.recv({ timeoutMs: 0 })), 'error TIMED_OUT');
    await assert.rejects(channel.values({ signal }).next(), RangeError);
    const waiting = channel.values({ timeoutMs: 1 });
    await assert.rejects(waiting.next(), { code: 'TIMED_OUT' });
    assert.deepEqual(await waiting.next(), { done: true, value: undefined });
    assert.deepEqual(channel.counters().receiversWaiting, 0);
  });

  test('an item that was handed over before the abort is not lost', async () => {
    const channel = new Channel<number>(1);
    const controller = new AbortController();
    const received = channel.recv({ signal: controller.signal });
    assert.ok(channel.trySend(1));
    controller.abort();
    assert.equal(await received, 1);
  });

  test('options that are none are refused with field, value and what was expected', async () => {
    for (const capacity of [0, -1, 1.5, 2 ** 24 + 1, Number.NaN, '8' as unknown as number]) {
      assert.throws(() => new Channel({ capacity }), { code: 'INVALID_ARGUMENT', field: 'options.capacity' });
    }
    assert.throws(() => new Channel({ full: 'drop' as 'wait' }), { code: 'INVALID_ARGUMENT', field: 'options.full' });
    assert.throws(() => new Channel({ capasity: 1 } as object), /options\.capasity: .*did you mean capacity/);
    assert.equal(new Channel({ capacity: 2 ** 24 }).capacity, 2 ** 24);
    const channel = new Channel<number>(1);
    const wrong: readonly [object, string][] = [
      [{ timeoutMs: -1 }, 'options.timeoutMs'],
      [{ timeoutMs: 2 ** 31 }, 'options.timeoutMs'],
      [{ signal: 'abort' }, 'options.signal'],
      [{ timeout: 1 }, 'options.timeout'],
    ];
    for (const [options, field] of wrong) {
      await assert.rejects(channel.send(1, options), { code: 'INVALID_ARGUMENT', field });
      await assert.rejects(channel.recv(options), { code: 'INVALID_ARGUMENT', field });
      assert.throws(() => channel.values(options), { code: 'INVALID_ARGUMENT', field });
    }
    assert.equal(channel.counters().depth, 0);
  });
});
