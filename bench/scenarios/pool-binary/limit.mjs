// The limit: a payload copied once, and its first and last byte looked at.
import { finish } from '../../lib/doors/open.mjs';
import { readArguments } from '../../lib/pools/drive.mjs';
import { makePayload, keptPayload } from '../../lib/pools/payloads.mjs';
import { weigh } from '../../lib/pools/workers/functions.mjs';

const { count, warmup } = readArguments();
const target = makePayload(0);
let checksum = 0;
let start = 0;
for (let call = 0; call < warmup + count; call += 1) {
  if (call === warmup) {
    start = performance.now();
    checksum = 0;
  }
  target.set(keptPayload(call));
  checksum += weigh(target);
}
finish({ elapsed_s: (performance.now() - start) / 1000, work: { tasks: count, steps: count, checksum } });
