// Seeded trials: senders, receivers, an abort and a close in every order, and what must hold when all of them are done.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

import { Channel } from 'tasker-worker/events';

import { makeRandom } from '../support/emitter-programs.js';

const trials = 100_000;
const itemsEach = 3;

/** One trial: who takes part, and what became of each item. */
class Trial {
  readonly channel: Channel<number>;
  readonly accepted: number[] = [];
  readonly refused: number[] = [];
  readonly returned: number[] = [];
  /** One list for each receiver. */
  readonly received: number[][] = [];
  private readonly random: (limit: number) => number;
  private readonly controller = new AbortController();

  constructor(seed: number) {
    this.random = makeRandom(seed);
    this.channel = new Channel(1 + this.random(3));
  }

  async run(): Promise<void> {
    const { random } = this;
    const parts: Promise<void>[] = [];
    const senders = 1 + random(3);
    const receivers = random(4);
    for (let part = 0; part < Math.max(senders, receivers); part += 1) {
      if (part < senders) {
        parts.push(this.send(part));
      }
      if (part < receivers) {
        parts.push(this.receive());
      }
    }
    parts.push(this.close());
    if (random(3) === 0) {
      parts.push(this.abort());
    }
    await Promise.all(parts);
  }

  /** What holds at the end, however it went. */
  check(): void {
    const left: number[] = [];
    for (let item = this.channel.tryRecv(); item !== undefined; item = this.channel.tryRecv()) {
      left.push(item);
    }
    for (const list of [...this.received, left, this.returned]) {
      assertInOrder(list);
    }
    const found = [...this.received.flat(), ...left, ...this.returned];
    // Text, since a hundred thousand deep comparisons would take most of the test's time.
    assert.equal(found.sort(ascending).join(), [...this.accepted].sort(ascending).join());
    assert.ok(this.refused.every((item) => !this.accepted.includes(item)));
    const counters = this.channel.counters();
    assert.equal(counters.sent, this.accepted.length);
    assert.equal(counters.sent, counters.received + counters.returned);
    assert.ok(counters.depthMax <= this.channel.capacity);
    assert.equal(counters.depth + counters.sendersWaiting + counters.receiversWaiting, 0);
    assert.equal(getEventListeners(this.controller.signal, 'abort').length, 0);
  }

  private async pause(): Promise<void> {
    for (let turns = this.random(5); turns > 0; turns -= 1) {
      await Promise.resolve();
    }
  }

  private async send(sender: number): Promise<void> {
    for (let index = 0; index < itemsEach; index += 1) {
      const item = sender * itemsEach + index;
      await this.pause();
      if (this.random(4) === 0) {
        (this.channel.trySend(item) ? this.accepted : this.refused).push(item);
        continue;
      }
      const signal = this.random(3) === 0 ? this.controller.signal : undefined;
      await this.channel.send(item, { signal }).then(
        () => this.accepted.push(item),
        () => this.refused.push(item),
      );
    }
  }

  private async receive(): Promise<void> {
    const list: number[] = [];
    this.received.push(list);
    const signal = this.random(3) === 0 ? this.controller.signal : undefined;
    try {
      if (this.random(2) === 0) {
        for await (const item of this.channel.values({ signal })) {
          list.push(item);
          await this.pause();
          if (this.random(8) === 0) {
            break;
          }
        }
      } else {
        for (;;) {
          const item = this.random(4) === 0 ? this.channel.tryRecv() : await this.channel.recv({ signal });
          if (item !== undefined) {
            list.push(item);
          }
          await this.pause();
        }
      }
    } catch {
      // The close or the abort ended it.
    }
  }

  private async close(): Promise<void> {
    for (let turns = this.random(30); turns > 0; turns -= 1) {
      await Promise.resolve();
    }
    if (this.random(2) === 0) {
      this.channel.closeSending();
    } else {
      this.returned.push(...this.channel.closeReceiving());
    }
  }

  private async abort(): Promise<void> {
    for (let turns = this.random(20); turns > 0; turns -= 1) {
      await Promise.resolve();
    }
    this.controller.abort();
  }
}

const ascending = (left: number, right: number): number => left - right;

/** Of each sender, later items come later. */
function assertInOrder(items: readonly number[]): void {
  const last = new Map<number, number>();
  for (const item of items) {
    const sender = Math.floor(item / itemsEach);
    assert.ok(item > (last.get(sender) ?? -1), `${items.join()} is out of order`);
    last.set(sender, item);
  }
}

suite('Channel, races', () => {
  const first = Number(process.env['TASKER_SEED'] ?? Math.floor(Math.random() * 1e9));

  test(`${trials} trials from TASKER_SEED=${first} on lose nothing, double nothing and leave nobody waiting`, async () => {
    const seen = { lateItems: 0, refused: 0, returned: 0 };
    for (let seed = first; seed < first + trials; seed += 1) {
      const trial = new Trial(seed);
      try {
        await trial.run();
        trial.check();
      } catch (error) {
        throw new Error(`TASKER_SEED=${seed}`, { cause: error });
      }
      seen.lateItems += trial.received.flat().length < trial.accepted.length ? 1 : 0;
      seen.refused += trial.refused.length > 0 ? 1 : 0;
      seen.returned += trial.returned.length > 0 ? 1 : 0;
      if (seed % 1000 === 0) {
        await turn();
      }
    }
    // Each kind of end has to have been seen, or the trials try nothing.
    assert.ok(
      Object.values(seen).every((count) => count > trials / 100),
      JSON.stringify(seen),
    );
  });

  test('a million items from eight senders to three receivers: order kept, nothing lost, nothing twice', async () => {
    const senders = 8;
    const each = 125_000;
    const channel = new Channel<number>(100);
    const next = new Array<number>(senders).fill(0);
    let received = 0;
    const receive = async (): Promise<void> => {
      for await (const item of channel) {
        const sender = Math.floor(item / each);
        assert.equal(item % each, next[sender]);
        next[sender] = (next[sender] ?? 0) + 1;
        received += 1;
      }
    };
    const receivers = [receive(), receive(), receive()];
    await Promise.all(
      next.map(async (_, sender) => {
        for (let index = 0; index < each; index += 1) {
          await channel.send(sender * each + index);
        }
      }),
    );
    channel.close();
    await Promise.all(receivers);
    assert.equal(received, senders * each);
    assert.equal(channel.counters().depthMax, 100);
  });

  test('under ten times the load that is taken, what is held stays at the capacity', async () => {
    const channel = new Channel<{ bytes: Uint8Array }>({ capacity: 64 });
    const dropping = new Channel<{ bytes: Uint8Array }>({ capacity: 64, full: 'drop-oldest' });
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const rounds = 2000;
    const senders = Array.from({ length: 10 }, async () => {
      for (let round = 0; round < rounds; round += 1) {
        await channel.send({ bytes: new Uint8Array(16_384) });
        await dropping.send({ bytes: new Uint8Array(16_384) });
      }
    });
    const taker = (async () => {
      for (let taken = 0; taken < rounds * 10; taken += 1) {
        await channel.recv();
        if (taken % 10 === 0) {
          await dropping.recv();
          await turn();
          most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        }
      }
    })();
    await Promise.all([...senders, taker]);
    const { sendersWaiting, depthMax } = channel.counters();
    assert.deepEqual([sendersWaiting, depthMax], [0, 64]);
    const { sent, dropped, received, depth } = dropping.counters();
    assert.deepEqual([sent, dropped + received + depth], [rounds * 10, rounds * 10]);
    assert.ok(dropped > rounds * 8);
    // All that was sent is 655 MB; what is not yet collected is a multiple of what is held, and no more.
    assert.ok(most < 200_000_000, `${most} bytes`);
  });
});
