// From the native side's wake-up to JavaScript: steps that come one at a time, 3 to 13 ms apart, and callbacks without a
// worker at the same pace. Both stamps are of one clock, CLOCK_MONOTONIC, read by native code.
import { finish, loadBareAddon, openWorker, readArguments } from '../../lib/doors/open.mjs';

const POLL_MS = 10;

const { behind, door, path, count, warmup, news } = readArguments();
const { nowUs, wakeups } = loadBareAddon();
/** @type {number[]} */
const latencies_us = [];
let checksum = 0;
let isDone = false;

/**
 * @param {number} latency_us
 * @param {number} seq
 * @param {() => Promise<void>} end called after the last one
 */
function add(latency_us, seq, end) {
  if (isDone) return;
  latencies_us.push(latency_us);
  if (latencies_us.length > warmup) checksum += seq;
  isDone = latencies_us.length === warmup + count;
  if (!isDone) return;
  void end().then(() =>
    finish({
      samples_us: latencies_us.slice(warmup),
      work: { tasks: count, steps: latencies_us.length - warmup, checksum },
    }),
  );
}

function measureBare() {
  wakeups(warmup + count, (stampUs) => {
    add(nowUs() - stampUs, latencies_us.length + 1, async () => {});
  });
}

async function measureDoor() {
  const { worker } = await openWorker(door, path, 10);
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const close = () => {
    clearInterval(timer);
    return worker.close();
  };
  const lookForStep = () => {
    // Until it finds nothing, as a wake-up is not repeated before; on a busy machine the next step may be there already.
    while (latencies_us.length < warmup + count) {
      const nowAt = nowUs();
      const text = worker.pollStepEvents(1);
      if (text === null) return;
      const [{ event_id, task }] = JSON.parse(text);
      worker.completeStepEvent(event_id, '{"success":true,"result":null}');
      add(nowAt - Number(task.context.stamp_us), Number(task.context.seq), close);
    }
  };
  if (news === 'push') worker.setWakeup(lookForStep);
  else timer = setInterval(lookForStep, POLL_MS);
}

if (behind === 'nothing') measureBare();
else await measureDoor();
