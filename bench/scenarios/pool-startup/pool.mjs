// A pool: from making it to its first result, then the memory of each idle worker more. The library and the events have
// been loaded before.
import { finish } from '../../lib/doors/open.mjs';
import { loadContender } from '../../lib/pools/contenders.mjs';
import { readArguments } from '../../lib/pools/drive.mjs';
import { makeEvents, seqOf } from '../../lib/pools/events.mjs';
import { descendantsKiB, residentKiB, settledKiB } from '../../lib/pools/memory.mjs';

const { kind, pool: name, workers, count } = readArguments();
const open = await loadContender(kind, name);
const texts = makeEvents();
const read = kind === 'threads' ? residentKiB : descendantsKiB;

const start = performance.now();
const first = open(workers);
const checksum = seqOf(await first.run('answer', texts[0]));
const first_result = performance.now() - start;
const before = await settledKiB(read);

const more = open(count);
// Enough for every worker to have had one.
const answers = await Promise.all(texts.slice(0, 4 * count).map((text) => more.run('answer', text)));
const after = await settledKiB(read);
const work = { tasks: 1 + answers.length, steps: 1 + answers.length, checksum };
finish({ values: { first_result, memory_per_worker: (after - before) / count }, work });
