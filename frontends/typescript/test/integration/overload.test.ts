// Ten times what is handled, for a second or for as many as TASKER_OVERLOAD_SECONDS says: a channel and a bridge's queues
// hold what their capacity is, and what they lose is what they count. Growth of memory is clear in a run of a minute.
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import type { EventBridge } from 'tasker-worker';
import { Channel } from 'tasker-worker/events';

import { deadlineMs, withScene } from '../support/store.js';

const seconds = Number(process.env['TASKER_OVERLOAD_SECONDS'] ?? 1);
const handledPerSecond = 200;
const producers = 4;
const offeredPerSecond = handledPerSecond * 10;
const capacity = 50;
const itemBytes = 32_768;
const growthBytesMax = 128 << 20;

interface Item {
  readonly producer: number;
  readonly number: number;
  readonly text: string;
}

/** So many calls a second, a few together; who was held up makes up for it. */
function pace(perSecond: number): () => Promise<void> {
  const start = performance.now();
  let steps = 0;
  return async () => {
    steps += 1;
    const early = start + (steps * 1000) / perSecond - performance.now();
    if (early > 10) {
      await sleep(early);
    } else if (early < 0) {
      await turn(); // an await that does not wait leaves the loop to nobody
    }
  };
}

/** The slow side: takes its time over each item, and looks whether each producer's come in order. */
function slowHandler(gapsAllowed: boolean): { handle: (item: Item) => Promise<void>; books: { handled: number } } {
  const step = pace(handledPerSecond);
  const last = new Map<number, number>();
  const books = { handled: 0 };
  return {
    books,
    async handle({ producer, number }) {
      const before = last.get(producer) ?? 0;
      assert.ok(gapsAllowed ? number > before : number === before + 1, `${number} after ${before}`);
      last.set(producer, number);
      books.handled += 1;
      await step();
    },
  };
}

/** Calls `offer` from all producers until the time is over. @returns how often that was */
async function overload(context: TestContext, offer: (item: Item) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const samples: number[] = [];
  let offered = 0;
  const produce = async (producer: number): Promise<void> => {
    const step = pace(offeredPerSecond / producers);
    for (let number = 1; performance.now() < start + seconds * 1000; number += 1) {
      await offer({ producer, number, text: String(number).padStart(itemBytes, 'x') });
      offered += 1;
      await step();
    }
  };
  const watch = async (): Promise<void> => {
    for (let sample = 5; sample <= 20; sample += 1) {
      await sleep(Math.max(start + seconds * 50 * sample - performance.now(), 0));
      samples.push(process.memoryUsage().rss);
    }
  };
  await Promise.all([watch(), ...Array.from({ length: producers }, (_, producer) => produce(producer))]);
  const warm = samples[0] ?? 0;
  const most = Math.max(...samples);
  context.diagnostic(`${seconds} s, ${offered} offered, resident ${warm >> 20} MiB, at most ${most >> 20} MiB later`);
  assert.ok(most < warm + growthBytesMax, `resident ${warm} bytes became ${most}`);
  return offered;
}

/** What was lost by the counters has to be what was not handled. */
function check(context: TestContext, waits: boolean, counts: { offered: number; handled: number; lost: number }): void {
  const { offered, handled, lost } = counts;
  context.diagnostic(`handled ${handled}, lost ${lost}`);
  assert.equal(handled + lost, offered);
  assert.ok(waits ? lost === 0 : lost > 0);
}

suite('ten times the load', () => {
  for (const full of ['wait', 'refuse', 'drop-oldest'] as const) {
    test(`of a channel, ${full}`, async (context) => {
      const channel = new Channel<Item>({ capacity, full });
      const { handle, books } = slowHandler(full !== 'wait');
      const receiver = (async () => {
        for await (const item of channel) {
          await handle(item);
        }
      })();
      const offered = await overload(context, (item) =>
        channel.send(item).catch((error: unknown) => {
          assert.equal((error as { code?: string }).code, 'FULL');
        }),
      );
      channel.closeSending();
      await receiver;
      const { dropped, refused, depthMax } = channel.counters();
      check(context, full === 'wait', { offered, handled: books.handled, lost: dropped + refused });
      assert.equal(depthMax, capacity);
    });
  }

  for (const policy of ['wait', 'refuse', 'drop_oldest'] as const) {
    test(`of a bridge's queue, ${policy}; another subscriber gets everything`, (context) =>
      withScene(async ({ start }) => {
        const bridge: EventBridge<{ 'page.printed': Item }> = (await start()).getEventBridge();
        bridge.registerEvent('page.printed');
        const { handle, books } = slowHandler(policy !== 'wait');
        const slow = bridge.subscribe('page.*', ({ payload }) => handle(payload), { capacity, policy });
        const quick = bridge.subscribe('page.printed', () => undefined);
        const offered = await overload(context, (item) => bridge.publish('page.printed', item));
        const given = (subscription: typeof slow): number =>
          subscription.counters().delivered + subscription.counters().lost;
        for (const end = Date.now() + deadlineMs; given(slow) < offered || given(quick) < offered;) {
          assert.ok(Date.now() < end, 'what waits was not handled');
          await sleep(5);
        }
        check(context, policy === 'wait', { offered, handled: books.handled, lost: slow.counters().lost });
        assert.deepEqual([slow.counters().failures, quick.counters().lost], [0, 0]);
      }));
  }
});
