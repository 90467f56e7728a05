// The limit: a bare thread or child from its start to its first result, one after the other.
import { finish } from '../../lib/doors/open.mjs';
import { readArguments } from '../../lib/pools/drive.mjs';
import { makeEvents, seqOf } from '../../lib/pools/events.mjs';
import { openHandWritten } from '../../lib/pools/hand-written.mjs';

const { kind, count } = readArguments();
const texts = makeEvents();
const samples_us = [];
let checksum = 0;
for (let turn = 0; turn < count; turn += 1) {
  const start = performance.now();
  const pool = openHandWritten({ workers: 1, children: kind === 'children' });
  const text = await pool.run('answer', texts[turn]);
  samples_us.push((performance.now() - start) * 1000);
  checksum += seqOf(/** @type {string} */ (text));
  await pool.close();
}
finish({ samples_us, work: { tasks: count, steps: count, checksum } });
