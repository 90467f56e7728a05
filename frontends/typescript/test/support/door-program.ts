// A program with one worker, for tests of how a process ends: argv is the door, and `close` or `exit`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { WorkerServer, defineHandler } from 'tasker-worker';
import type { DoorName } from 'tasker-worker/native';

import { template } from './store.js';

const [, , door, end] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'tasker-program-'));
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
const server = new WorkerServer({
  door: door as DoorName,
  storePath: join(folder, 'program.db'),
  durability: 'normal',
  logLevel: 'error',
  handlers: [
    defineHandler({
      name: 'only',
      run: () => {
        process.stdout.write('ran\n', () => {
          if (end === 'exit') {
            process.exit(7);
          }
          void server.shutdown().then(() => {
            process.stdout.write('closed\n');
          });
        });
      },
    }),
  ],
  templates: [template('single', [{ name: 'only', callable: 'only' }])],
});
await server.start();
await server.createTask({ name: 'single', namespace: 'demo' });
