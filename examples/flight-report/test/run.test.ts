// Taking up a task, following its steps, summing it up: without a store.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { TaskerEventEmitter, type StepResponse, type TaskResponse } from 'tasker-worker';

import { closeRun, readLastRun } from '../run/closing.js';
import { Progress } from '../run/progress.js';
import { summarizeTask } from '../run/summary.js';
import { takeUpTask, type TaskStore, type Wish } from '../run/take-up.js';
import { Printer } from '../terminal/printer.js';
import { printClosing, printOpening } from '../terminal/texts.js';

test('without an unfinished task a new one is created for the output folder', async () => {
  const { store, calls } = fakeStore([]);
  assert.deepEqual(await takeUpTask(store, wish()), { taskUuid: 'new', continued: null });
  assert.deepEqual(calls, ['create flight_report {"output_dir":"/out"}']);
});

test('the newest unfinished task is continued as it is', async () => {
  const { store, calls } = fakeStore([task('b'), task('a')]);
  const takenUp = await takeUpTask(store, wish());
  assert.equal(takenUp.taskUuid, 'b');
  assert.equal(takenUp.continued?.completed_steps, 3);
  assert.deepEqual(calls, []);
});

test('a blocked task is continued with new attempts', async () => {
  const { store, calls } = fakeStore([task('a', { status: 'blocked_by_failures' })]);
  assert.equal((await takeUpTask(store, wish())).taskUuid, 'a');
  assert.deepEqual(calls, ['retry a']);
});

test('tasks that are complete, of another template or for another folder are left alone', async () => {
  const others = [
    task('closed', { status: 'complete' }),
    task('older', { status: 'complete' }),
    task('b', { name: 'other' }),
    task('c', { context: { output_dir: '/elsewhere' } }),
  ];
  for (const fresh of [false, true]) {
    const { store, calls } = fakeStore(others);
    assert.equal((await takeUpTask(store, wish({ fresh }))).taskUuid, 'new');
    assert.equal(calls.length, 1);
  }
});

test('a complete task whose run was killed before its end is shown again, unless its report is gone', async () => {
  const complete = [task('unclosed', { status: 'complete' }), task('closed', { status: 'complete' })];
  const { store, calls } = fakeStore(complete);
  assert.equal((await takeUpTask(store, wish())).taskUuid, 'unclosed');
  assert.deepEqual(calls, []);
  const last = { closedTask: 'closed', hasReport: false };
  assert.equal((await takeUpTask(store, wish({ last }))).taskUuid, 'new');
});

test('an unfinished task goes before a complete one', async () => {
  const { store } = fakeStore([task('unclosed', { status: 'complete' }), task('unfinished')]);
  assert.equal((await takeUpTask(store, wish())).taskUuid, 'unfinished');
});

test('starting over cancels every unfinished task first, on every page of the list', async () => {
  const many = Array.from({ length: 205 }, (_, index) => task(String(index)));
  const { store, calls } = fakeStore([...many, task('blocked', { status: 'blocked_by_failures' })]);
  assert.deepEqual(await takeUpTask(store, wish({ fresh: true })), { taskUuid: 'new', continued: null });
  assert.equal(calls.length, 207);
  assert.equal(calls[205], 'cancel blocked');
  assert.match(calls[206] ?? '', /^create /);
});

test('only the steps of the followed task are printed, those that started before too', () => {
  const emitter = new TaskerEventEmitter();
  const { printer, text } = recorder();
  const progress = new Progress(emitter, printer);
  const step = (taskUuid: string, handlerName: string) => ({
    eventId: handlerName,
    stepUuid: handlerName,
    taskUuid,
    handlerName,
  });
  emitter.emitStepStarted({ ...step('mine', 'load'), startedAt: new Date(0) });
  emitter.emitStepStarted({ ...step('other', 'load'), startedAt: new Date(0) });
  assert.equal(text(), '');
  progress.follow('mine');
  emitter.emitStepFailed({
    ...step('mine', 'load'),
    error: new Error('no luck'),
    errorType: 'handler_error',
    retryable: true,
    executionTimeMs: 4,
    failedAt: new Date(0),
  });
  emitter.emitStepCompleted({ ...step('mine', 'go'), result: {}, executionTimeMs: 7, completedAt: new Date(0) });
  emitter.emitStepCompleted({ ...step('other', 'go'), result: {}, executionTimeMs: 8, completedAt: new Date(0) });
  assert.deepEqual(text().split('\n'), [
    '  load  started    attempt 1',
    '  load  failed     attempt 1  4 ms  no luck',
    '  go    completed  attempt 1  7 ms',
    '',
  ]);
});

test('a complete task is summed up with the time and the result of each step', () => {
  const results = { success: true, result: { rows: 2 }, metadata: { execution_time_ms: 31 } };
  const summary = summarizeTask({ taskUuid: 'u', continued: null }, '/out', 'complete', [stepRecord({ results })]);
  assert.deepEqual(summary, {
    task_uuid: 'u',
    status: 'complete',
    continued: false,
    steps: [{ step: 'load', state: 'complete', attempts: 2, time_ms: 31, result: { rows: 2 }, error: null }],
    report: { html: '/out/report.html', json: '/out/report.json' },
  });
});

test('a run that came to its end is known by its summary', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'flight-run-'));
  context.after(() => rm(folder, { recursive: true }));
  assert.deepEqual(await readLastRun(folder), { closedTask: null, hasReport: false });
  await closeRun(folder, summarizeTask({ taskUuid: 'u', continued: null }, folder, 'complete', []));
  assert.deepEqual(await readLastRun(folder), { closedTask: 'u', hasReport: false });
  await writeFile(join(folder, 'report.html'), '');
  await writeFile(join(folder, 'report.json'), '');
  await writeFile(join(folder, 'summary.json'), '[null]');
  assert.deepEqual(await readLastRun(folder), { closedTask: null, hasReport: true });
});

test('a failed task names the step, the error and what to do next', () => {
  const results = { success: false, result: {}, metadata: {}, error: { message: 'disk full' } };
  const failed = stepRecord({ name: 'go', current_state: 'error', attempts: 1, results });
  const waiting = stepRecord({ name: 'end', current_state: 'pending', attempts: 0, results: null });
  const takenUp = { taskUuid: 'u', continued: task('u') };
  const summary = summarizeTask(takenUp, '/out', 'blocked_by_failures', [failed, waiting]);
  assert.equal(summary.report, null);
  const { printer, text } = recorder();
  printOpening(printer, takenUp);
  printClosing(printer, summary);
  assert.deepEqual(text().split('\n'), [
    'continuing task u: 3 of 6 steps are complete already',
    '',
    'step  attempts  time  result',
    '----  --------  ----  -------',
    'go           1     -  error',
    'end          0     -  pending',
    '',
    'go failed: disk full',
    'The task is blocked_by_failures. Mend the cause and run again: complete steps stay complete.',
    'Or start over with --fresh.',
    '',
  ]);
});

function recorder(): { printer: Printer; text: () => string } {
  let text = '';
  const output = { write: (part: string) => (text += part) };
  return { printer: new Printer(output, {}, ['load', 'go']), text: () => text };
}

function wish(members: Partial<Wish> = {}): Wish {
  return { outputDir: '/out', fresh: false, last: { closedTask: 'closed', hasReport: true }, ...members };
}

/** A store of tasks that writes down what is asked of it. */
function fakeStore(tasks: readonly TaskResponse[]): { store: TaskStore; calls: string[] } {
  const calls: string[] = [];
  const store: TaskStore = {
    listTasks: ({ status, limit = 50, offset = 0 } = {}) => {
      const matching = tasks.filter((each) => each.status === status);
      const page = matching.slice(offset, offset + limit);
      return { tasks: page, pagination: { ...pagination, has_next: offset + page.length < matching.length } };
    },
    cancelTask: (taskUuid) => {
      calls.push(`cancel ${taskUuid}`);
    },
    retryTask: (taskUuid) => calls.push(`retry ${taskUuid}`),
    createTask: ({ name, context }) => {
      calls.push(`create ${name} ${JSON.stringify(context)}`);
      return Promise.resolve({ taskUuid: 'new', duplicate: false });
    },
  };
  return { store, calls };
}

const pagination = {
  page: 1,
  per_page: 100,
  total_count: 0,
  total_pages: 1,
  has_next: false,
  has_previous: false,
};

function task(uuid: string, members: Partial<TaskResponse> = {}): TaskResponse {
  return {
    task_uuid: uuid,
    name: 'flight_report',
    namespace: 'examples',
    version: '1.0.0',
    status: 'steps_in_process',
    created_at: '',
    updated_at: '',
    completed_at: null,
    context: { output_dir: '/out' },
    initiator: '',
    source_system: '',
    reason: '',
    priority: 0,
    tags: null,
    correlation_id: '',
    parent_correlation_id: null,
    total_steps: 6,
    pending_steps: 3,
    in_progress_steps: 0,
    completed_steps: 3,
    failed_steps: 0,
    ready_steps: 0,
    execution_status: 'processing',
    recommended_action: 'none',
    completion_percentage: 50,
    health_status: 'healthy',
    steps: [],
    ...members,
  };
}

function stepRecord(members: Partial<StepResponse>): StepResponse {
  return {
    step_uuid: '',
    task_uuid: 'u',
    name: 'load',
    created_at: '',
    updated_at: '',
    completed_at: null,
    results: null,
    current_state: 'complete',
    dependencies_satisfied: true,
    retry_eligible: false,
    ready_for_execution: false,
    total_parents: 0,
    completed_parents: 0,
    attempts: 2,
    max_attempts: 100,
    last_failure_at: null,
    next_retry_at: null,
    last_attempted_at: null,
    ...members,
  };
}
