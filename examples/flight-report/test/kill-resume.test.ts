// The demo as a user runs it: killed with SIGKILL at random moments and started again until it is done.
// TASKER_SEED=<n> repeats the random choices of a run.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { NativeRuntime, type StepAuditEntry, type StepResponse } from 'tasker-worker';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const STEPS = [
  'load_flights',
  'delay_statistics',
  'delays_by_hour',
  'airport_summary',
  'image_statistics',
  'render_report',
];
const ROUNDS = 10;
const KILLS_PER_ROUND_MAX = 4;
/** A run prints an opening line and two for each step, then the table. */
const PROGRESS_LINES = 1 + 2 * STEPS.length;
const DELAY_MS_MAX = 40;
const RUN_TIMEOUT_MS = 120_000;

const seed = Number(process.env['TASKER_SEED'] ?? Date.now() % 1_000_000_007);
const random = randomFrom(seed);
const folder = await mkdtemp(join(tmpdir(), 'flight-kill-'));
after(() => rm(folder, { recursive: true }));

const reference = join(folder, 'reference');

test('a run that nobody disturbs completes all six steps at the first attempt', async () => {
  const { code, stdout } = await run(reference);
  assert.equal(code, 0);
  const summary = parseSummary(stdout);
  assert.deepEqual([summary.status, summary.continued], ['complete', false]);
  assert.deepEqual(
    summary.steps.map(({ step, state, attempts }) => ({ step, state, attempts })),
    STEPS.map((step) => ({ step, state: 'complete', attempts: 1 })),
  );
});

test(`killed at random moments, the demo ends with the same report (TASKER_SEED=${seed})`, async (context) => {
  let resumed = 0;
  let kills = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const outcome = await killAndResume(join(folder, `round-${round}`));
    kills += outcome.kills;
    resumed += outcome.resumed;
  }
  context.diagnostic(`TASKER_SEED=${seed}: ${kills} kills, ${resumed} resumptions with steps complete already`);
  assert.ok(resumed > 0, 'no kill fell between the first and the last step');
});

test('a later run is a new task with the same report', async () => {
  const before = await readReport(reference);
  const { code, stdout } = await run(reference);
  assert.equal(code, 0);
  assert.equal(parseSummary(stdout).continued, false);
  assert.deepEqual(await readReport(reference), before);
});

test('starting over gives up the unfinished task', async () => {
  const outputDir = join(folder, 'fresh');
  await run(outputDir, [], { line: 3, delayMs: 0 });
  const [unfinished] = await inspect(outputDir);
  assert.ok(unfinished !== undefined && unfinished.status !== 'complete');
  const { code, stdout } = await run(outputDir, ['--fresh']);
  assert.equal(code, 0);
  assert.notEqual(parseSummary(stdout).task_uuid, unfinished.uuid);
  const tasks = await inspect(outputDir);
  assert.deepEqual(tasks.map(({ status }) => status).sort(), ['cancelled', 'complete']);
  assert.deepEqual(await readReport(outputDir), await readReport(reference));
});

test('a step that fails is named with its reason, and goes on once the cause is mended', async () => {
  const outputDir = join(folder, 'blocked');
  const obstacle = join(outputDir, 'report.html');
  await mkdir(obstacle, { recursive: true });
  const failed = await run(outputDir);
  assert.equal(failed.code, 1);
  assert.equal(parseSummary(failed.stdout).status, 'blocked_by_failures');
  assert.match(failed.stderr, /^render_report failed: .*report\.html cannot be written: /m);
  assert.ok(!existsSync(join(outputDir, 'summary.json')), 'a failed run counts as one that is over');
  await rm(obstacle, { recursive: true });
  const { code, stdout, stderr, started } = await run(outputDir);
  assert.equal(code, 0);
  assert.match(stderr, /^continuing task [-0-9a-f]+: 5 of 6 steps are complete already$/m);
  assert.deepEqual(started, ['render_report']);
  assert.equal(parseSummary(stdout).continued, true);
  assert.deepEqual(await readReport(outputDir), await readReport(reference));
});

test('the first SIGTERM hands back what runs, and the next run goes on', async () => {
  const outputDir = join(folder, 'stopped');
  const { code, stderr } = await run(outputDir, [], { line: 3, delayMs: 0, signal: 'SIGTERM' });
  assert.equal(code, 128 + 15);
  assert.match(stderr, /^SIGTERM: stopping\./m);
  const next = await run(outputDir);
  assert.equal(next.code, 0);
  assert.equal(parseSummary(next.stdout).continued, true);
  assert.deepEqual(await readReport(outputDir), await readReport(reference));
});

test('wrong usage ends with exit code 2 and a hint, and touches nothing', async () => {
  const { code, stderr } = await run(join(folder, 'usage'), ['--frehs']);
  assert.equal(code, 2);
  assert.match(stderr, /^flight-report: unknown option --frehs; known are --fresh/);
  assert.ok(!existsSync(join(folder, 'usage')));
});

test('a store that cannot be opened ends with exit code 1 and the reason', async () => {
  const { code, stderr } = await run(join(folder, 'no-store'), ['--store', folder]);
  assert.equal(code, 1);
  assert.match(stderr, /^flight-report: .+$/m);
});

/** Kills a demo up to a few times, lets it end, and checks the books after each process. */
async function killAndResume(outputDir: string): Promise<{ kills: number; resumed: number }> {
  const planned = 1 + random(KILLS_PER_ROUND_MAX);
  let complete = new Map<string, StepResponse>();
  let resumed = 0;
  for (let kills = 0; ; kills += 1) {
    const moment = kills < planned ? { line: random(PROGRESS_LINES), delayMs: random(DELAY_MS_MAX) } : undefined;
    const { code, stdout, started } = await run(outputDir, [], moment);
    resumed += complete.size > 0 ? 1 : 0;
    assert.deepEqual(
      started.filter((step) => complete.has(step)),
      [],
      'a completed step ran a second time',
    );
    // Killed after its last act, a run is over like one that ended by itself.
    if (code === 0 || existsSync(join(outputDir, 'summary.json'))) {
      assert.equal(parseSummary(stdout).status, 'complete');
      await checkBooks(outputDir, complete);
      return { kills, resumed };
    }
    assert.ok(kills < planned, `the run that was left alone ended with ${code}`);
    complete = await completeSteps(outputDir, complete);
  }
}

/** Reads which steps are complete; those that were so before have to be unchanged. */
async function completeSteps(outputDir: string, before: Map<string, StepResponse>): Promise<Map<string, StepResponse>> {
  const tasks = await inspect(outputDir);
  assert.ok(tasks.length <= 1, 'a killed run left more than one task');
  const steps = tasks[0]?.steps ?? [];
  const complete = new Map(steps.filter((step) => step.current_state === 'complete').map((step) => [step.name, step]));
  for (const [name, step] of before) {
    assert.deepEqual(complete.get(name), step);
  }
  return complete;
}

async function checkBooks(outputDir: string, complete: Map<string, StepResponse>): Promise<void> {
  const tasks = await inspect(outputDir);
  assert.deepEqual(
    tasks.map(({ status }) => status),
    ['complete'],
  );
  const steps = tasks[0]?.steps ?? [];
  assert.deepEqual(
    steps.map(({ name, current_state: state }) => `${name} ${state}`),
    STEPS.map((step) => `${step} complete`),
  );
  for (const step of steps) {
    const history = tasks[0]?.history.get(step.name) ?? [];
    assert.equal(history.length, step.attempts, `${step.name}: an attempt is not in the books`);
    assert.equal(history.filter(({ success }) => success).length, 1, `${step.name}: not one result`);
    assert.deepEqual(complete.get(step.name) ?? step, step);
  }
  assert.deepEqual(await readReport(outputDir), await readReport(reference));
}

interface TaskOnRecord {
  uuid: string;
  status: string;
  steps: StepResponse[];
  /** By step name. */
  history: Map<string, StepAuditEntry[]>;
}

/** What the store says, read by a worker that claims nothing. */
async function inspect(outputDir: string): Promise<TaskOnRecord[]> {
  const storePath = join(outputDir, 'tasker.db');
  if (!existsSync(storePath)) {
    return [];
  }
  const runtime = new NativeRuntime();
  runtime.load();
  runtime.openWorker({ store_path: storePath, log_level: 'error' });
  try {
    return runtime.listTasks().tasks.map(({ task_uuid: uuid, status }) => {
      const steps = runtime.listTaskSteps(uuid);
      const history = new Map(steps.map((step) => [step.name, runtime.getStepAuditHistory(uuid, step.step_uuid)]));
      return { uuid, status, steps, history };
    });
  } finally {
    runtime.stopWorker();
    await runtime.closed();
  }
}

/** When to signal: so long after so many lines of progress. */
interface Moment {
  line: number;
  delayMs: number;
  signal?: NodeJS.Signals;
}

interface RunOutcome {
  /** Null when killed. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** Names of the steps that began to run, from the progress lines. */
  started: string[];
}

function run(outputDir: string, options: readonly string[] = [], moment?: Moment): Promise<RunOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, '--json', '--out', outputDir, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const lines: string[] = [];
    const killAt = (line: number): void => {
      if (line === moment?.line) {
        setTimeout(() => child.kill(moment.signal ?? 'SIGKILL'), moment.delayMs);
      }
    };
    killAt(0);
    createInterface(child.stderr).on('line', (line) => {
      lines.push(line);
      killAt(lines.length);
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part));
    child.on('error', reject);
    child.on('close', (code) => {
      const started = lines.flatMap((line) => /^ {2}(\w+) +started /.exec(line)?.[1] ?? []);
      resolve({ code, stdout, stderr: lines.join('\n'), started });
    });
  });
}

interface Summary {
  task_uuid: string;
  status: string;
  continued: boolean;
  steps: { step: string; state: string; attempts: number }[];
}

function parseSummary(stdout: string): Summary {
  return JSON.parse(stdout) as Summary;
}

/** Both files as text: they are compared byte for byte. */
async function readReport(outputDir: string): Promise<string[]> {
  return Promise.all(['report.json', 'report.html'].map((name) => readFile(join(outputDir, name), 'utf8')));
}

/** Whole numbers from 0 to below a bound, always the same ones for a seed (mulberry32). */
function randomFrom(start: number): (bound: number) => number {
  let state = start >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}
