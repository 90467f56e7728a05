// Handlers for the tests of child processes: good ones, and one for each way in which a process can come to grief.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { defineHandler, PermanentError } from 'tasker-worker';

import { readNowhere } from './read-nowhere.js';

export const echo = defineHandler('proc.Echo', {}, ({ input }) => ({ input, pid: process.pid }));

export const surroundings = defineHandler('proc.Surroundings', {}, () => ({
  folder: process.cwd(),
  environment: { ...process.env },
  limits: readFileSync('/proc/self/limits', 'utf8'),
  session: readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[3],
  nice: Number(readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[16]),
}));

export const talk = defineHandler('proc.Talk', {}, ({ context }) => {
  const word = context.getInputOr('word', '');
  process.stdout.write(`out ${word}\nhalf a `);
  process.stdout.write('line\n');
  process.stderr.write(`err ${word}`);
  return { word };
});

export const pause = defineHandler('proc.Pause', {}, async ({ context }) => {
  await new Promise((resolve) => setTimeout(resolve, context.getInputOr('ms', 10)));
  return { pid: process.pid };
});

/** Ends by its signal, or never. */
export const obedient = defineHandler('proc.Obedient', {}, async ({ context }) => {
  await new Promise((_, reject) => {
    const timer = setInterval(() => undefined, 1000);
    context.signal.addEventListener('abort', () => {
      clearInterval(timer);
      reject(context.signal.reason as Error);
    });
  });
});

export const deaf = defineHandler('proc.Deaf', {}, async () => {
  await new Promise(() => setInterval(() => undefined, 1000));
});

export const endless = defineHandler('proc.Endless', {}, () => {
  for (;;);
});

export const throws = defineHandler('proc.Throws', {}, () => {
  throw new PermanentError('thrown on purpose');
});

export const rejects = defineHandler('proc.Rejects', {}, async () => {
  await Promise.reject(new Error('rejected on purpose'));
});

export const exits = defineHandler('proc.Exits', {}, () => {
  process.exit(3);
});

export const unhandledRejection = defineHandler('proc.UnhandledRejection', {}, async () => {
  void Promise.reject(new Error('rejected unheard'));
  await new Promise((resolve) => setTimeout(resolve, 30_000));
});

export const uncaughtException = defineHandler('proc.UncaughtException', {}, async () => {
  setTimeout(() => {
    throw new Error('thrown in a timer');
  }, 1);
  await new Promise((resolve) => setTimeout(resolve, 30_000));
});

export const fillsHeap = defineHandler('proc.FillsHeap', {}, () => {
  const kept: unknown[] = [];
  for (;;) {
    kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index, kept })));
  }
});

/** Takes memory outside the heap, slowly enough to be seen from outside. */
export const fillsMemory = defineHandler('proc.FillsMemory', {}, async () => {
  const kept: Uint8Array[] = [];
  for (;;) {
    kept.push(new Uint8Array(4_194_304).fill(kept.length));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
});

export const aborts = defineHandler('proc.Aborts', {}, () => {
  process.abort();
});

/** Reads where no memory is, through whatever lets JavaScript do that here. */
export const segfaults = defineHandler('proc.Segfaults', {}, async () => {
  await readNowhere();
});

export const notJson = defineHandler('proc.NotJson', {}, () => ({ big: 1n }) as unknown as { big: number });

export const large = defineHandler('proc.Large', {}, ({ context }) => ({
  text: 'x'.repeat(context.getInputOr('n', 1)),
}));

/** Leaves a process behind that would outlive it. */
export const leavesProcess = defineHandler('proc.LeavesProcess', {}, () => {
  const left = spawn('sleep', ['300'], { stdio: 'ignore' });
  return { pid: left.pid ?? 0 };
});

/** Throws after its step has ended. */
export const lateThrow = defineHandler('proc.LateThrow', {}, () => {
  setTimeout(() => {
    throw new Error('thrown after the end');
  }, 1);
  return { ok: true };
});

export const yields = defineHandler('proc.Yields', {}, ({ context }) =>
  context.checkpointYield('here', 7, { so: 'far' }),
);

export const yieldsOnce = defineHandler('proc.YieldsOnce', {}, ({ context }) =>
  context.hasCheckpoint() ? { from: context.checkpointCursor as string } : context.checkpointYield('half', 1),
);
