// A pool of one worker whose worker ends itself: from then to the next result, several times.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { finish } from '../../lib/doors/open.mjs';
import { loadContender } from '../../lib/pools/contenders.mjs';
import { readArguments } from '../../lib/pools/drive.mjs';
import { makeEvents, seqOf } from '../../lib/pools/events.mjs';

const { kind, pool: name, count, path } = readArguments();
const open = await loadContender(kind, name);
const texts = makeEvents();
const stamps = join(dirname(path), 'stamps');
const pool = open(1);
const samples_us = [];
let checksum = 0;
await pool.run('answer', texts[0]);
for (let turn = 0; turn < count; turn += 1) {
  await pool.run('exit', stamps).catch(() => {});
  checksum += seqOf(/** @type {string} */ (await pool.run('answer', texts[turn])));
  const now = process.hrtime.bigint();
  const ended = BigInt(readFileSync(stamps, 'utf8').trim().split('\n')[turn] ?? 0);
  samples_us.push(Number(now - ended) / 1000);
}
finish({ samples_us, work: { tasks: count, steps: count, checksum } });
