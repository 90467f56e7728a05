import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { deadlineMs, withScene, type Scene } from '../support/store.js';

const program = fileURLToPath(new URL('../support/worker-program.js', import.meta.url));

class Program {
  readonly lines: string[] = [];
  private readonly child: ChildProcess;
  private readonly exited: Promise<[number | null, NodeJS.Signals | null]>;
  private waiters: (() => void)[] = [];

  constructor(storePath: string, behaviour: string) {
    this.child = spawn(process.execPath, [program, storePath, behaviour], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
    });
    this.exited = once(this.child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    if (this.child.stdout === null) {
      throw new Error('no stdout');
    }
    createInterface(this.child.stdout).on('line', (line) => {
      this.lines.push(line);
      this.waiters.forEach((waiter) => {
        waiter();
      });
    });
  }

  signal(name: NodeJS.Signals): void {
    // Not child.kill: on Deno it makes every later exit look like one by the signal.
    process.kill(this.child.pid ?? 0, name);
  }

  /** Exit code once the process is gone. */
  async end(): Promise<number | null> {
    const [code] = await this.exited;
    return code;
  }

  async said(line: string): Promise<void> {
    while (!this.lines.includes(line)) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.waiters.push(resolve);
        }),
        this.exited.then(() => {
          if (!this.lines.includes(line)) {
            throw new Error(`the program ended without saying "${line}"; it said: ${this.lines.join(', ')}`);
          }
        }),
      ]);
    }
  }
}

/** A program whose one step has begun, and the task's id. */
async function running(scene: Scene, behaviour: string): Promise<{ child: Program; taskUuid: string }> {
  const child = new Program(scene.storePath, behaviour);
  await child.said('worker.ready');
  const server = await scene.start();
  const { taskUuid } = await server.createTask({ name: 'single', namespace: 'demo' });
  await child.said('begun');
  return { child, taskUuid };
}

suite('a worker program', () => {
  test('finishes its running step after SIGTERM, records it and exits with 0', () =>
    withScene(async (scene) => {
      const { child, taskUuid } = await running(scene, 'finishes');
      child.signal('SIGTERM');
      assert.equal(await child.end(), 0);
      assert.deepEqual(child.lines.slice(-3), ['worker.shutdown.started', 'worker.stopped', 'listeners 0 0']);
      const server = await scene.start({ workerId: 'reader' });
      assert.equal((await server.waitForTask(taskUuid, { timeoutMs: deadlineMs })).status, 'complete');
      assert.equal(server.listTaskSteps(taskUuid)[0]?.attempts, 1);
    }));

  test('hands a step back that does not end in time, without costing an attempt', () =>
    withScene(async (scene) => {
      const { child, taskUuid } = await running(scene, 'heeds');
      child.signal('SIGINT');
      assert.equal(await child.end(), 0);
      assert.ok(child.lines.includes('aborted shutdown'));
      const server = await scene.start({ workerId: 'reader' });
      const [step] = server.listTaskSteps(taskUuid);
      assert.equal(step?.current_state, 'enqueued');
      assert.equal(step.attempts, 0);
    }));

  for (const [signal, exitCode] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    test(`ends at once on a second ${signal}, with exit code ${exitCode}`, () =>
      withScene(async (scene) => {
        const { child } = await running(scene, 'hangs');
        child.signal('SIGTERM');
        await child.said('worker.shutdown.started');
        child.signal(signal);
        assert.equal(await child.end(), exitCode);
        assert.equal(child.lines.includes('worker.stopped'), false);
      }));
  }
});
