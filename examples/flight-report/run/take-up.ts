// Which task a run works on: the one that an earlier run could not bring to its end, or a new one.
import type { TaskResponse, WorkerServer } from 'tasker-worker';

import type { TaskInput } from '../lib/task-input.js';
import type { LastRun } from './closing.js';

/** The template's key, as in ../templates/flight_report.yaml. */
export const TEMPLATE = { name: 'flight_report', namespace: 'examples' } as const;

const TASKS_PER_PAGE = 100;

/** What is used of a worker here. */
export type TaskStore = Pick<WorkerServer, 'listTasks' | 'cancelTask' | 'retryTask' | 'createTask'>;

export interface Wish {
  /** Absolute path; tasks for other folders are left alone. */
  outputDir: string;
  /** Cancel what is unfinished and create a new task. */
  fresh: boolean;
  /** What the folder tells of the run before. */
  last: LastRun;
}

export interface TakenUp {
  taskUuid: string;
  /** The task as an earlier run left it; null for a new one. */
  continued: TaskResponse | null;
}

/**
 * Takes up the task that is left from an earlier run, or creates one.
 *
 * Steps that had failed for good get new attempts: whoever runs the demo again has mended the cause.
 *
 * @param store - a started worker
 */
export async function takeUpTask(store: TaskStore, { outputDir, fresh, last }: Wish): Promise<TakenUp> {
  const blocked = [...tasksIn(store, 'blocked_by_failures', outputDir)];
  const unfinished = [...tasksIn(store, 'steps_in_process', outputDir), ...blocked];
  if (fresh) {
    for (const task of unfinished) {
      store.cancelTask(task.task_uuid);
    }
    return createTask(store, outputDir);
  }
  const left = unfinished[0] ?? findUnclosed(store, outputDir, last);
  if (left === undefined) {
    return createTask(store, outputDir);
  }
  if (blocked.includes(left)) {
    store.retryTask(left.task_uuid);
  }
  return { taskUuid: left.task_uuid, continued: left };
}

/** The newest complete task, unless its run came to its end, or its report was removed since. */
function findUnclosed(store: TaskStore, outputDir: string, last: LastRun): TaskResponse | undefined {
  const [newest] = tasksIn(store, 'complete', outputDir);
  return last.hasReport && newest?.task_uuid !== last.closedTask ? newest : undefined;
}

async function createTask(store: TaskStore, outputDir: string): Promise<TakenUp> {
  const { taskUuid } = await store.createTask<TaskInput>({ ...TEMPLATE, context: { output_dir: outputDir } });
  return { taskUuid, continued: null };
}

/** The tasks of the template in one state for one folder, newest first. */
function* tasksIn(store: TaskStore, status: string, outputDir: string): Generator<TaskResponse, void> {
  for (let offset = 0; ; offset += TASKS_PER_PAGE) {
    const page = store.listTasks({ namespace: TEMPLATE.namespace, status, limit: TASKS_PER_PAGE, offset });
    for (const task of page.tasks) {
      if (task.name === TEMPLATE.name && task.context['output_dir'] === outputDir) {
        yield task;
      }
    }
    if (!page.pagination.has_next) {
      return;
    }
  }
}
