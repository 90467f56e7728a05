// A worker of the TypeScript front end with one no-op handler, as the scenarios use it.
import { parseArgs } from 'node:util';

import { WorkerServer, defineHandler, type } from 'tasker-worker';

const WAIT_MS = 60_000;

/** @typedef {import('./process.mjs').Work} Work */
/** @typedef {import('tasker-worker').StepContext} StepContext */

/** Arguments that the programs of the scenarios share. */
export function readArguments() {
  const { values } = parseArgs({
    options: {
      path: { type: 'string' },
      template: { type: 'string' },
      tasks: { type: 'string' },
      warmup: { type: 'string' },
    },
  });
  const { path = '', template = '', tasks = '0', warmup = '0' } = values;
  return { path, template, tasks: Number(tasks), warmup: Number(warmup) };
}

/** Its handler counts what it is called for: each call adds the number of its task to the checksum. */
export class BenchWorker {
  steps = 0;
  checksum = 0;
  /** The task whose step ran last. */
  lastTaskUuid = '';
  /** @type {(context: StepContext) => void} */
  onStep = () => {};

  /**
   * @param {{ path: string, template: string, durability?: 'full' | 'normal', concurrency?: number }} options a template
   *   file named after its template
   */
  constructor({ path, template, durability = 'full', concurrency = 10 }) {
    const handler = defineHandler({
      name: 'bench.noop',
      input: /** @type {(raw: unknown) => { seq: number }} */ (type()),
      run: ({ context, input }) => {
        this.onStep(context);
        this.steps += 1;
        this.checksum += input.seq;
        this.lastTaskUuid = context.taskUuid;
      },
    });
    this.name = /([^/]+)\.yaml$/.exec(template)?.[1] ?? '';
    this.server = new WorkerServer({
      storePath: path,
      durability,
      handlers: [handler],
      templates: [template],
      maxConcurrentHandlers: concurrency,
      logLevel: 'warn',
    });
  }

  /** @param {number} seq */
  request(seq) {
    return { name: this.name, namespace: 'bench', context: { seq } };
  }

  /**
   * Creates one task and waits for its end.
   *
   * @param {number} seq
   */
  async runTask(seq) {
    const { taskUuid } = await this.server.createTask(this.request(seq));
    await this.awaitTask(taskUuid);
  }

  /**
   * Creates the tasks `first` to `first + count - 1`.
   *
   * @param {number} first
   * @param {number} count
   */
  async createTasks(first, count) {
    const requests = Array.from({ length: count }, (_, index) => this.request(first + index));
    for (const outcome of await this.server.createTasks(requests)) {
      if ('error' in outcome) throw outcome.error;
    }
  }

  /** @param {string} taskUuid */
  async awaitTask(taskUuid) {
    const { status } = await this.server.waitForTask(taskUuid, { timeoutMs: WAIT_MS });
    if (status !== 'complete') throw new Error(`task ${taskUuid} ended as ${status}`);
  }

  /**
   * What was done so far; the number of tasks is the store's own.
   *
   * @returns {Work}
   */
  workSoFar() {
    const { pagination } = this.server.listTasks({ status: 'complete', limit: 1 });
    return { tasks: pagination.total_count, steps: this.steps, checksum: this.checksum };
  }

  /**
   * @param {Work} before
   * @returns {Work}
   */
  workSince(before) {
    const now = this.workSoFar();
    return {
      tasks: now.tasks - before.tasks,
      steps: now.steps - before.steps,
      checksum: now.checksum - before.checksum,
    };
  }
}
