// Step round trips through one door: poll, JSON.parse, JSON.stringify, complete; one by one or in batches.
import { finish, loadBareAddon, openBare, openReal, readArguments } from '../../lib/doors/open.mjs';

/** More than a commit's worth of steps, so that none is ever waited for. */
const CONCURRENCY = 4096;
const FILLING = 'x'.repeat(72);

/** @typedef {{ event_id: string, step_uuid: string, task: { context: { seq: string } } }} StepEvent */

const { behind, door: name, path, count, warmup, batch, form } = readArguments();
const door = behind === 'nothing' ? await openBare(name) : await openReal(name, path, CONCURRENCY);
const { completeMany } = door;
let completed = 0;
let checksum = 0;
let sentBytes = 0;
let emptyPolls = 0;

/**
 * A result document of 284 bytes.
 *
 * @param {string} stepUuid
 * @param {string | number} seq
 */
function resultOf(stepUuid, seq) {
  return {
    step_uuid: stepUuid,
    success: true,
    result: { seq, note: FILLING },
    metadata: { execution_time_ms: 1, handler_name: 'bench.door' },
    status: 'completed',
    execution_time_ms: 1,
  };
}

/**
 * @param {number} max
 * @returns {StepEvent[]}
 */
function pollEvents(max) {
  for (;;) {
    const text = door.poll(max);
    if (text !== null) return JSON.parse(text);
    emptyPolls += 1;
  }
}

/**
 * @param {string} eventId
 * @param {string} text
 */
function complete(eventId, text) {
  sentBytes += text.length;
  door.complete(eventId, text);
}

/** @param {number} max */
function tripByText(max) {
  for (const { event_id, step_uuid, task } of pollEvents(max)) {
    checksum += Number(task.context.seq);
    complete(event_id, JSON.stringify(resultOf(step_uuid, task.context.seq)));
    completed += 1;
  }
}

/** @param {number} max */
function tripInBatches(max) {
  const completions = [];
  for (const { event_id, step_uuid, task } of pollEvents(max)) {
    checksum += Number(task.context.seq);
    completions.push({ event_id, result: resultOf(step_uuid, task.context.seq) });
  }
  const text = JSON.stringify(completions);
  sentBytes += text.length;
  completeMany?.(text);
  completed += completions.length;
}

function makeTripByObjects() {
  const { pollObjects } = loadBareAddon();
  return (/** @type {number} */ max) => {
    for (const { event_id, step_uuid, seq } of pollObjects(max)) {
      checksum += seq;
      complete(event_id, JSON.stringify(resultOf(step_uuid, seq)));
      completed += 1;
    }
  };
}

const tripByTextOrBatch = batch > 1 && completeMany !== null ? tripInBatches : tripByText;
const trip = form === 'objects' ? makeTripByObjects() : tripByTextOrBatch;

/** @param {number} steps */
function run(steps) {
  const end = completed + steps;
  while (completed < end) trip(Math.min(batch, end - completed));
}

run(warmup);
const before = { completed, checksum, counted: door.count(completed, sentBytes) };
const start = performance.now();
run(count);
const elapsed_s = (performance.now() - start) / 1000;
finish({
  elapsed_s,
  values: { empty_polls: emptyPolls },
  work: {
    tasks: door.count(completed, sentBytes) - before.counted,
    steps: completed - before.completed,
    checksum: checksum - before.checksum,
  },
});
