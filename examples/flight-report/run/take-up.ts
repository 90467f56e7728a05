// Which task a run works on: the unfinished one of an earlier run, or a new one.
import type { TaskResponse, WorkerServer } from 'tasker-worker';

import type { TaskInput } from '../lib/task-input.js';

/** The template's key, as in ../templates/flight_report.yaml. */
export const TEMPLATE = { name: 'flight_report', namespace: 'examples' } as const;

/** States from which a task can go on. A blocked one needs its failed steps reset. */
const UNFINISHED = ['steps_in_process', 'blocked_by_failures'] as const;

const TASKS_PER_PAGE = 100;

/** What is used of a worker here. */
export type TaskStore = Pick<WorkerServer, 'listTasks' | 'cancelTask' | 'retryTask' | 'createTask'>;

export interface TakenUp {
  taskUuid: string;
  /** The task as an earlier run left it; null for a new one. */
  continued: TaskResponse | null;
}

/**
 * Takes up the newest unfinished task for an output folder, or creates one.
 *
 * Steps that had failed for good get new attempts: whoever runs the demo again has mended the cause.
 *
 * @param store - a started worker
 * @param outputDir - absolute path; tasks for other folders are left alone
 * @param fresh - cancel what is unfinished and create a new task
 */
export async function takeUpTask(store: TaskStore, outputDir: string, fresh: boolean): Promise<TakenUp> {
  const unfinished = listUnfinished(store, outputDir);
  const [newest] = unfinished;
  if (newest !== undefined && !fresh) {
    if (newest.status === 'blocked_by_failures') {
      store.retryTask(newest.task_uuid);
    }
    return { taskUuid: newest.task_uuid, continued: newest };
  }
  for (const task of unfinished) {
    store.cancelTask(task.task_uuid);
  }
  const { taskUuid } = await store.createTask<TaskInput>({ ...TEMPLATE, context: { output_dir: outputDir } });
  return { taskUuid, continued: null };
}

/** Newest first, within each state. */
function listUnfinished(store: TaskStore, outputDir: string): TaskResponse[] {
  return UNFINISHED.flatMap((status) => listAll(store, status)).filter(
    (task) => task.name === TEMPLATE.name && task.context['output_dir'] === outputDir,
  );
}

function listAll(store: TaskStore, status: string): TaskResponse[] {
  const tasks: TaskResponse[] = [];
  for (let hasNext = true; hasNext;) {
    const page = store.listTasks({
      namespace: TEMPLATE.namespace,
      status,
      limit: TASKS_PER_PAGE,
      offset: tasks.length,
    });
    tasks.push(...page.tasks);
    hasNext = page.pagination.has_next;
  }
  return tasks;
}
