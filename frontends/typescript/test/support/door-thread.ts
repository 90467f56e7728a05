// A worker in a thread of its own, on a store of its own: runs 20 tasks and says how many came to their end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

import { WorkerServer, defineHandler } from 'tasker-worker';
import type { DoorName } from 'tasker-worker/native';

import { deadlineMs, template } from './store.js';

const { door } = workerData as { door: DoorName };
const folder = mkdtempSync(join(tmpdir(), 'tasker-thread-'));
try {
  const server = new WorkerServer({
    door,
    storePath: join(folder, 'thread.db'),
    durability: 'normal',
    logLevel: 'error',
    handlers: [defineHandler({ name: 'only', run: () => ({ ok: true }) })],
    templates: [template('single', [{ name: 'only', callable: 'only' }])],
  });
  await server.start();
  const created = await server.createTasks(Array.from({ length: 20 }, () => ({ name: 'single', namespace: 'demo' })));
  let done = 0;
  for (const outcome of created) {
    if ('taskUuid' in outcome) {
      const { status } = await server.waitForTask(outcome.taskUuid, { timeoutMs: deadlineMs });
      done += status === 'complete' ? 1 : 0;
    }
  }
  await server.shutdown();
  parentPort?.postMessage({ done });
} catch (error) {
  parentPort?.postMessage({ done: -1, error: String(error) });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
