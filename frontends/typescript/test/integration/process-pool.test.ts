import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { isAlive, patienceMs, PoolRig, withPool, type Settled } from '../support/process-rig.js';

const isBun = 'Bun' in globalThis;

function errorOf({ document }: Settled): { message: string; error_type: string; retryable: boolean } {
  assert.ok(document.error !== undefined, `no failure: ${JSON.stringify(document)}`);
  return document.error;
}

/** Waits until a process is gone. */
async function gone(pid: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (isAlive(pid)) {
    assert.ok(performance.now() < deadline, `process ${pid} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

suite('child processes', () => {
  test('run steps, and their results, failures and checkpoints come back', () =>
    withPool(
      ['proc.Echo', 'proc.Throws', 'proc.Rejects', 'proc.NotJson', 'proc.Large', 'proc.Yields'],
      {},
      async (rig) => {
        const { document } = await rig.run('proc.Echo', { word: 'grüß' });
        assert.deepEqual(document.result?.['input'], { word: 'grüß' });
        assert.notEqual(document.result['pid'], process.pid);
        const thrown = errorOf(await rig.run('proc.Throws'));
        assert.deepEqual([thrown.error_type, thrown.retryable], ['permanent_error', false]);
        assert.match(errorOf(await rig.run('proc.Rejects')).message, /rejected on purpose/);
        assert.equal(errorOf(await rig.run('proc.NotJson')).error_type, 'invalid_result');
        assert.equal(errorOf(await rig.run('proc.Large', { n: 1_100_000 })).error_type, 'result_too_large');
        const whole = await rig.run('proc.Large', { n: 1_000_000 });
        assert.equal((whole.document.result?.['text'] as string).length, 1_000_000);
        const yielded = await rig.run('proc.Yields');
        assert.deepEqual([yielded.kind, yielded.document['cursor']], ['checkpoint', 'here']);
        assert.deepEqual([rig.counts.processed, rig.counts.failed, rig.counts.crashed], [7, 4, 0]);
      },
    ));

  test('see the folder, the variables and the priority that they are given, and no core file', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tasker-child-')));
    try {
      const options = { poolSize: 1, workingFolder: folder, environment: { GIVEN: 'yes' }, niceness: 3 };
      await withPool(['proc.Surroundings'], options, async (rig) => {
        const { result = {} } = (await rig.run('proc.Surroundings')).document;
        assert.equal(result['folder'], folder);
        const environment = result['environment'] as Record<string, string>;
        assert.equal(environment['GIVEN'], 'yes');
        assert.deepEqual(
          Object.keys(environment).filter((name) => name.startsWith('TASKER_')),
          [],
        );
        assert.match(String(result['limits']), /Max core file size +0 +0 /);
        assert.equal(Number(result['nice']), Math.min(getPriority() + 3, 19));
        assert.equal(result['session'], String(rig.pool.pids[0]));
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('write to the log line by line, with the ids of the step', () =>
    withPool(['proc.Talk', 'proc.Echo'], { poolSize: 1 }, async (rig) => {
      const { document } = await rig.run('proc.Talk', { word: 'hello' });
      await rig.until(() => rig.lines.filter(({ fields }) => 'stream' in fields).length === 2, 'two lines');
      await rig.run('proc.Echo');
      await rig.pool.stop(0);
      const written = rig.lines.filter(({ fields }) => 'stream' in fields);
      assert.deepEqual(written.map(({ level, message, fields }) => [level, message, fields['stream']]).sort(), [
        ['info', 'half a line', 'stdout'],
        ['info', 'out hello', 'stdout'],
        ['warn', 'err hello', 'stderr'],
      ]);
      // stderr had no end of line: it came when the child ended, after another step.
      for (const { fields } of written.filter(({ level }) => level === 'info')) {
        assert.deepEqual([fields['step_id'], fields['handler']], [document['step_uuid'], 'proc.Talk']);
      }
    }));

  test('stop by the signal, and live on', () =>
    withPool(['proc.Obedient', 'proc.Echo'], { poolSize: 1, graceMs: patienceMs }, async (rig) => {
      const [pid] = rig.pool.pids;
      const eventId = rig.give('proc.Obedient');
      rig.abort(eventId, 'cancel');
      assert.match(errorOf(await rig.outcome(eventId)).message, /cancel/);
      assert.equal((await rig.run('proc.Echo')).document.result?.['pid'], pid);
      assert.deepEqual([rig.counts.aborted, rig.counts.graceExpired, rig.counts.terminated], [1, 0, 0]);
    }));

  test('that do not stop are killed after their grace, with all that they started', () =>
    withPool(['proc.Endless', 'proc.Deaf', 'proc.LeavesProcess'], { poolSize: 1 }, async (rig) => {
      const left = Number((await rig.run('proc.LeavesProcess')).document.result?.['pid']);
      assert.ok(isAlive(left));
      const [pid = 0] = rig.pool.pids;
      const eventId = rig.give('proc.Endless');
      const heard: string[] = [];
      for (const name of ['step.execution.aborted', 'step.grace.expired', 'executor.runner.terminated'] as const) {
        rig.emitter.on(name, () => heard.push(name));
      }
      rig.abort(eventId);
      assert.equal(errorOf(await rig.outcome(eventId)).error_type, 'timeout');
      assert.equal(isAlive(pid), false, 'the place was free before the child was gone');
      await gone(left);
      assert.deepEqual(heard, ['step.execution.aborted', 'step.grace.expired', 'executor.runner.terminated']);
      const deaf = rig.give('proc.Deaf');
      await rig.until(() => rig.pool.free === 0 && rig.pool.readyCount === 1, 'the next child');
      rig.abort(deaf, 'shutdown');
      assert.equal((await rig.outcome(deaf)).kind, 'result');
      assert.equal(rig.counts.terminated, 2);
    }));
});

suite('a crash of a child', () => {
  const classes: [string, string, RegExp][] = [
    ['proc.Exits', 'process_exit', /exit code 3/],
    ['proc.UnhandledRejection', 'unhandled_rejection', /rejected unheard/],
    ['proc.UncaughtException', 'uncaught_exception', /thrown in a timer/],
    ['proc.Aborts', 'process_abort', /SIGABRT/],
    ['proc.Segfaults', 'fatal_signal', /SIGSEGV/],
    ['proc.FillsHeap', isBun ? 'out_of_memory' : 'heap_limit', isBun ? /MiB/ : /heap/],
    ['proc.FillsMemory', 'out_of_memory', /MiB/],
    ['proc.ModuleExits', 'module_load_failed', /exit code 9/],
    ['proc.ModuleThrows', 'module_load_failed', /throws at its load/],
  ];
  const names = classes.map(([name]) => name);
  // Far apart: which of the two limits is met first must not depend on when garbage is collected.
  const options = { poolSize: 2, heapLimitMb: 64, memoryLimitMb: 768 };

  test('fails its step with its class; the others end, the pool is whole again, nothing is lost or twice', () =>
    withPool([...names, 'proc.Pause'], options, async (rig) => {
      for (const [name, errorType, message] of classes) {
        const neighbours = Array.from({ length: 4 }, () => rig.give('proc.Pause', { ms: 5 }));
        const culprit = rig.give(name);
        const later = Array.from({ length: 4 }, () => rig.give('proc.Pause', { ms: 5 }));
        const error = errorOf(await rig.outcome(culprit));
        assert.deepEqual([name, error.error_type, error.retryable], [name, errorType, true]);
        assert.match(error.message, message);
        for (const eventId of [...neighbours, ...later]) {
          assert.equal((await rig.outcome(eventId)).document.success, true);
        }
        await rig.until(() => rig.pool.readyCount === 2, `a whole pool after ${name}`);
      }
      assert.equal(rig.pool.active, 0);
      assert.ok([...rig.outcomes().values()].every((all) => all.length === 1));
      assert.equal(rig.outcomes().size, classes.length * 9);
    }));

  test('by SIGKILL from outside names the signal', () =>
    withPool(['proc.Deaf', 'proc.Echo'], { poolSize: 1 }, async (rig) => {
      const [pid = 0] = rig.pool.pids;
      const eventId = rig.give('proc.Deaf');
      process.kill(pid, 'SIGKILL');
      const error = errorOf(await rig.outcome(eventId));
      assert.deepEqual([error.error_type, error.message.includes('SIGKILL')], ['fatal_signal', true]);
      assert.equal((await rig.run('proc.Echo')).document.success, true);
    }));

  test('after the end of a step is not blamed on the next one', () =>
    withPool(['proc.LateThrow', 'proc.Echo'], { poolSize: 1 }, async (rig) => {
      for (let round = 0; round < 5; round += 1) {
        const late = rig.give('proc.LateThrow');
        const next = [rig.give('proc.Echo'), rig.give('proc.Echo')];
        assert.equal((await rig.outcome(late)).document.success, true);
        for (const eventId of next) {
          const { kind, document } = await rig.outcome(eventId);
          assert.ok(kind === 'back' || document.success === true, JSON.stringify(document));
        }
        await rig.until(() => rig.counts.crashed === round + 1 && rig.pool.readyCount === 1, 'the replacement');
      }
    }));

  test('of a child with several steps, killed for one of them, hands the others back', () =>
    withPool(['proc.Deaf', 'proc.Obedient'], { poolSize: 1, stepsPerChild: 3 }, async (rig) => {
      const [culprit, ...others] = [rig.give('proc.Deaf'), rig.give('proc.Obedient'), rig.give('proc.Deaf')];
      rig.abort(culprit);
      assert.equal(errorOf(await rig.outcome(culprit)).error_type, 'timeout');
      for (const eventId of others) {
        assert.equal((await rig.outcome(eventId)).kind, 'back');
      }
      assert.deepEqual([rig.counts.handedBack, rig.counts.processed], [2, 1]);
    }));
});

suite('the pool of children', () => {
  test('replaces a child after its number of steps, and above its size', () =>
    withPool(['proc.Echo'], { poolSize: 1, recycleAfterSteps: 3 }, async (rig) => {
      const pids: unknown[] = [];
      for (let step = 0; step < 9; step += 1) {
        pids.push((await rig.run('proc.Echo')).document.result?.['pid']);
      }
      assert.equal(new Set(pids).size, 3);
      assert.equal(rig.counts.crashed, 0);
    }).then(() =>
      withPool(['proc.Pause'], { poolSize: 1, recycleAboveMb: 16 }, async (rig) => {
        const pids = [await rig.run('proc.Pause', { ms: 400 }), await rig.run('proc.Pause')].map(
          ({ document }) => document.result?.['pid'],
        );
        assert.notEqual(pids[0], pids[1]);
        assert.equal(rig.counts.crashed, 0);
      }),
    ));

  test('kills a child whose step uses too much processor time', () =>
    withPool(['proc.Endless', 'proc.Pause'], { poolSize: 1, cpuLimitMs: 100 }, async (rig) => {
      assert.equal((await rig.run('proc.Pause', { ms: 300 })).document.success, true);
      assert.match(errorOf(await rig.run('proc.Endless')).message, /processor time/);
    }));

  test('says at its start why no child can be started', async () => {
    const folder = join(tmpdir(), 'tasker-no-such-folder');
    const rig = new PoolRig(['proc.Echo'], { workingFolder: folder });
    await assert.rejects(rig.pool.start(), { code: 'INVALID_STATE' });
    await rig.pool.stop(0);
    const other = new PoolRig(['proc.Echo'], { runtimeArguments: ['-e', 'process.exit(1)'] });
    await assert.rejects(other.pool.start(), { code: 'INVALID_STATE' });
    await other.pool.stop(0);
  });

  test('hands back at its stop what has not ended, and leaves no process', async () => {
    const rig = new PoolRig(['proc.Deaf', 'proc.Echo'], { poolSize: 2 });
    await rig.pool.start();
    await rig.until(() => rig.pool.readyCount === 2, 'two children');
    const { pids } = rig.pool;
    const eventIds = Array.from({ length: 5 }, () => rig.give('proc.Deaf'));
    assert.equal(await rig.pool.stop(20), false);
    for (const eventId of eventIds) {
      assert.equal((await rig.outcome(eventId)).kind, 'back');
    }
    assert.deepEqual(pids.filter(isAlive), []);
    assert.deepEqual([rig.pool.active, rig.pool.pids], [0, []]);
  });

  test('takes its children along when its process is killed, also those in an endless loop', async () => {
    const program = fileURLToPath(new URL('../support/process-parent.js', import.meta.url));
    const run = 'Deno' in globalThis ? ['run', '--allow-all', program] : [program];
    const parent = spawn(process.execPath, run, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const pid = await new Promise<number>((resolve, reject) => {
        parent.stdout.once('data', (piece: Buffer) => {
          resolve(Number(piece.toString()));
        });
        parent.once('exit', () => {
          reject(new Error('the program ended without a word'));
        });
      });
      assert.ok(isAlive(pid));
      parent.kill('SIGKILL');
      await gone(pid);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  // The whole number is for a quiet machine: TASKER_CYCLES=10000.
  const cycles = Number(process.env['TASKER_CYCLES'] ?? 30);
  test('survives cycles of start, abort and kill with work in flight', () =>
    withPool(['proc.Endless', 'proc.Obedient', 'proc.Exits', 'proc.Echo'], { poolSize: 2, graceMs: 1 }, async (rig) => {
      let given = 0;
      for (let cycle = 0; cycle < cycles; cycle += 1) {
        const victim = rig.give(['proc.Endless', 'proc.Obedient', 'proc.Exits'][cycle % 3] ?? '');
        const others = [rig.give('proc.Echo'), rig.give('proc.Echo')];
        given += 3;
        rig.abort(victim);
        for (const eventId of [victim, ...others]) {
          await rig.outcome(eventId);
        }
      }
      assert.equal(rig.outcomes().size, given);
      assert.ok([...rig.outcomes().values()].every((all) => all.length === 1));
      assert.equal(rig.pool.active, 0);
      await rig.until(() => rig.pool.readyCount === 2, 'a whole pool');
      assert.ok(rig.pool.pids.length <= 3);
    }));
});
