// A worker that lets a handler crash: seven documents are decoded in child processes, two of them end theirs by SIGSEGV,
// and all seven tasks are completed by this one process.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { WorkerServer } from 'tasker-worker';

import { countWords } from './handlers/count-words.js';
import { decode } from './handlers/decode.js';
import { documents } from './lib/documents.js';

const template = new URL('../templates/decode_document.yaml', import.meta.url);
const waitMs = 60_000;

interface Row {
  readonly name: string;
  readonly status: string;
  readonly attempts: number;
  readonly decoder: string;
  readonly words: number;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function decodeAll(worker: WorkerServer): Promise<Row[]> {
  const requests = documents.map((document) => ({
    name: 'decode_document',
    namespace: 'untrusted',
    context: { ...document },
  }));
  const created = await worker.createTasks(requests);
  return Promise.all(
    created.map(async (outcome, index) => {
      if (!('taskUuid' in outcome)) {
        throw outcome.error;
      }
      const { status } = await worker.waitForTask(outcome.taskUuid, { timeoutMs: waitMs });
      const steps = worker.listTaskSteps(outcome.taskUuid);
      const step = (name: string): { attempts: number; result: Record<string, unknown> } => {
        const found = steps.find((candidate) => candidate.name === name);
        const results = (found?.results ?? {}) as { result?: Record<string, unknown> };
        return { attempts: found?.attempts ?? 0, result: results.result ?? {} };
      };
      const decoded = step('decode');
      return {
        name: documents[index]?.name ?? '',
        status,
        attempts: decoded.attempts,
        decoder: String(decoded.result['decoder']),
        words: Number(step('count_words').result['words']),
      };
    }),
  );
}

const folder = await mkdtemp(join(tmpdir(), 'untrusted-'));
const worker = new WorkerServer({
  storePath: join(folder, 'work.db'),
  handlers: [decode, countWords],
  templates: [template],
  workerProcesses: { poolSize: 2 },
  logLevel: 'error',
});
worker.getEmitter().on('executor.runner.crashed', ({ reason, handlerName }) => {
  print(`a child process ended: ${reason}, while ${handlerName ?? 'nothing'} ran in it; another one takes its place`);
});
try {
  await worker.start();
  const rows = await decodeAll(worker);
  print('');
  print(['document  ', 'status  ', 'attempts', 'decoder', 'words'].join('  '));
  for (const { name, status, attempts, decoder, words } of rows) {
    print([name.padEnd(10), status.padEnd(8), String(attempts).padStart(8), decoder.padEnd(7), words].join('  '));
  }
  print('');
  print(`${rows.length} documents, one worker process, never restarted`);
  process.exitCode = rows.every(({ status }) => status === 'complete') ? 0 : 1;
} finally {
  await worker.shutdown();
  await rm(folder, { recursive: true, force: true });
}
