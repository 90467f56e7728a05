// A worker's whole program, for tests of signals: argv is the store path and how its one handler behaves.
import { runWorker, defineHandler } from 'tasker-worker';

import { template } from './store.js';

const [, , storePath = '', behaviour = ''] = process.argv;
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const only = defineHandler({
  name: 'only',
  run: ({ context }) => {
    say('begun');
    if (behaviour === 'finishes') {
      return new Promise<{ done: boolean }>((resolve) => {
        process.once('SIGTERM', () => {
          setImmediate(() => {
            resolve({ done: true });
          });
        });
      });
    }
    // Holds the loop open and never ends, not even when it is told to.
    const timer = setInterval(() => undefined, 1000);
    context.signal.addEventListener('abort', () => {
      say(`aborted ${(context.signal.reason as { reason: string }).reason}`);
      if (behaviour === 'heeds') {
        clearInterval(timer);
      }
    });
    return new Promise<never>(() => undefined);
  },
});

await runWorker({
  storePath,
  durability: 'normal',
  logLevel: 'error',
  drainTimeoutMs: behaviour === 'heeds' ? 100 : 30_000,
  handlers: [only],
  templates: [template('single', [{ name: 'only', callable: 'only' }])],
  onEvent: (name) => {
    if (name.startsWith('worker.')) {
      say(name);
    }
  },
});
say(`listeners ${process.listenerCount('SIGTERM')} ${process.listenerCount('SIGINT')}`);
