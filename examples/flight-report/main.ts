// The demo: a worker that takes one task of the template flight_report to its end and prints what happens.
//
// Everything that must outlive this process is in the store. Killed at any moment and started again, the demo finds the
// unfinished task there and goes on with it.
import { mkdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname } from 'node:path';

import { WorkerServer } from 'tasker-worker';

import { handlers } from './handlers/index.js';
import { reasonOf } from './lib/reason.js';
import { closeRun, readLastRun, summaryJson } from './run/closing.js';
import { Progress } from './run/progress.js';
import { summarizeTask, type TaskSummary } from './run/summary.js';
import { takeUpTask, TEMPLATE } from './run/take-up.js';
import { printClosing, printOpening } from './terminal/texts.js';
import { parseOptions, USAGE, UsageError, type Options } from './terminal/options.js';
import { Printer } from './terminal/printer.js';

const EXIT = { success: 0, failed: 1, usage: 2, signal: 128 } as const;
const TEMPLATE_FILE = new URL('../templates/flight_report.yaml', import.meta.url);

async function run(options: Options, printer: Printer): Promise<TaskSummary> {
  await mkdir(options.outputDir, { recursive: true });
  await mkdir(dirname(options.storePath), { recursive: true });
  const last = await readLastRun(options.outputDir);

  const worker = new WorkerServer({
    storePath: options.storePath,
    handlers,
    templates: [TEMPLATE_FILE],
    namespaces: [TEMPLATE.namespace],
    logLevel: 'error',
  });
  const progress = new Progress(worker.getEmitter(), printer);
  const release = stopOnSignals(worker, printer);
  try {
    await worker.start();
    const task = await takeUpTask(worker, { ...options, last });
    printOpening(printer, task);
    progress.follow(task.taskUuid);
    const { status } = await worker.waitForTask(task.taskUuid);
    return summarizeTask(task, options.outputDir, status, worker.listTaskSteps(task.taskUuid));
  } finally {
    await worker.shutdown();
    release();
  }
}

/** The first signal lets running steps end and hands the rest back; a second one ends the process at once. */
function stopOnSignals(worker: WorkerServer, printer: Printer): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    release();
    printer.line(`${signal}: stopping. Run again to go on where it stopped.`);
    process.exitCode = EXIT.signal + constants.signals[signal];
    void worker.shutdown();
  };
  const release = (): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return release;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return EXIT.success;
  }
  const steps = handlers.map((handler) => handler.handlerName);
  const printer = new Printer(options.json ? process.stderr : process.stdout, process.env, steps);
  const summary = await run(options, printer);
  printClosing(printer, summary);
  if (options.json) {
    process.stdout.write(summaryJson(summary));
  }
  if (summary.status !== 'complete') {
    return EXIT.failed;
  }
  await closeRun(options.outputDir, summary);
  return EXIT.success;
}

try {
  process.exitCode = await main();
} catch (error) {
  // A signal has set its exit code and said what there is to say.
  if (process.exitCode === undefined) {
    process.stderr.write(`flight-report: ${reasonOf(error)}\n`);
    process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}
