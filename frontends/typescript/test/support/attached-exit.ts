// A process that calls process.exit while threads are attached: one polls without a pause, one is blocked in its
// handler.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { loadDoor, type DoorName } from 'tasker-worker/native';

import { template } from './store.js';

interface Given {
  readonly door: DoorName;
  readonly token: string;
  readonly blocks: boolean;
}

function run(door: DoorName, storePath: string): void {
  const native = loadDoor({ door }).native;
  const worker = native.openWorker(
    JSON.stringify({ store_path: storePath, durability: 'normal', log_level: 'off', threads_room: 4 }),
  );
  worker.putTemplate(template('single', [{ name: 'only', callable: 'only' }]).yaml);
  worker.registerHandlers([{ name: 'only', executor: 'threads' }]);
  worker.start();
  let waited = 2;
  for (const blocks of [true, false]) {
    const thread = new Worker(new URL(import.meta.url), {
      workerData: { door, token: worker.attachToken(), blocks } satisfies Given,
    });
    thread.on('message', () => {
      waited -= 1;
      if (waited === 0) {
        worker.checkStarvationWarnings(); // who is not used any more would be collected, and closed
        process.exit(5);
      }
    });
  }
  void worker.createTasks(JSON.stringify(Array.from({ length: 2 }, () => ({ name: 'single', namespace: 'demo' }))));
}

function attach({ door, token, blocks }: Given): void {
  const native = loadDoor({ door }).native;
  const attachment = native.attach(token, 'threads', 'thread');
  let told = false;
  const take = (): void => {
    if (!told && attachment.pollStepEvents(1) !== null) {
      told = true;
      parentPort?.postMessage('running');
      while (blocks);
    }
    attachment.pollNotices(1);
    setImmediate(take);
  };
  attachment.setWakeup(() => undefined);
  take();
}

if (isMainThread) {
  const [door = 'addon', storePath = ''] = process.argv.slice(2);
  run(door as DoorName, storePath);
} else {
  attach(workerData as Given);
}
