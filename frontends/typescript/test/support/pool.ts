// What the tests of the executor `threads` share: workers with a pool, tasks of `pool-handlers.ts`, waiting.
import assert from 'node:assert/strict';

import type { ExecutorSnapshot, TaskerEventMap, TaskerWorkerOptions, WorkerServer } from 'tasker-worker';

import { ending, hasty } from './pool-handlers.js';
import { deadlineMs, template, type Scene } from './store.js';

const templates = [
  template('ending', [{ name: 'end', callable: 'pool.Ending', maxAttempts: 1 }]),
  template('hasty', [{ name: 'end', callable: 'pool.Hasty', maxAttempts: 1 }]),
];

export const isBun = 'Bun' in globalThis;
export const isNode = !('Bun' in globalThis) && !('Deno' in globalThis);

export function start(
  scene: Scene,
  mode: 'direct' | 'relay',
  options: TaskerWorkerOptions = {},
): Promise<WorkerServer> {
  const { workerThreads, ...others } = options;
  return scene.start({
    handlers: [ending, hasty],
    templates,
    stopGraceMs: 200,
    workerThreads: { poolSize: 2, mode, ...workerThreads },
    ...others,
  });
}

export async function create(worker: WorkerServer, behaviour: string, name = 'ending'): Promise<string> {
  const { taskUuid } = await worker.createTask({ name, namespace: 'demo', context: { behaviour } });
  return taskUuid;
}

/** The error type of the one step of a task that has failed; null when it has not. */
export async function errorTypeOf(worker: WorkerServer, taskUuid: string): Promise<string | null> {
  const { status } = await worker.waitForTask(taskUuid, { timeoutMs: deadlineMs });
  const [step] = worker.listTaskSteps(taskUuid);
  assert.ok(step !== undefined);
  const results = step.results as { error?: { error_type?: string } } | null;
  return status === 'complete' ? null : (results?.error?.error_type ?? 'none');
}

/** Resolves when `condition` holds; looks again with each turn. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    assert.ok(performance.now() < end, `${what} did not come to be`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function threadsOf(worker: WorkerServer): ExecutorSnapshot {
  const [threads] = worker.status().executors;
  assert.ok(threads !== undefined);
  return threads;
}

export function heard<Name extends keyof TaskerEventMap>(worker: WorkerServer, name: Name): TaskerEventMap[Name][] {
  const payloads: TaskerEventMap[Name][] = [];
  worker.getEmitter().on(name, (payload) => payloads.push(payload));
  return payloads;
}
