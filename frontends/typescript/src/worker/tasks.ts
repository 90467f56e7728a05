// What one does with tasks and templates besides running their steps: create, wait, read, cancel, retry.
import { requireInteger, requireString } from '../errors/checks.js';
import type {
  CreatedTask,
  CreateTaskOptions,
  PutTemplateResult,
  StepAuditEntry,
  StepResponse,
  TaskListParams,
  TaskListResponse,
  TaskResponse,
  TemplateReport,
  TemplateSummary,
} from '../native/responses.js';
import type { CreateTaskOutcome, TaskerRuntime } from '../native/runtime.js';
import { InternalError } from '../errors/tasker-error.js';

export interface WaitOptions {
  /** Milliseconds, 0 to 2 147 483 647; 0 waits without a limit. @default 0 */
  readonly timeoutMs?: number;
}

/** How a task ended. */
export interface FinishedTask {
  readonly taskUuid: string;
  /** `complete`, `error`, `blocked_by_failures`, `cancelled` or `resolved_manually`. */
  readonly status: string;
}

/**
 * Tasks of a store. Reads block the thread for the time of a query; creating and waiting do not.
 *
 * All methods throw (or reject with) TaskerError: INVALID_STATE when no worker is open, else what the core says.
 */
export class Tasks {
  private readonly runtime: TaskerRuntime;

  constructor(runtime: TaskerRuntime) {
    this.runtime = runtime;
  }

  /**
   * Records a new task; resolves when it is durable.
   *
   * @typeParam Context - type of the task's input
   * @throws {TaskerError} INVALID_ARGUMENT naming the member, NOT_FOUND for an unknown template, TOO_LARGE, STORE_…
   */
  async createTask<Context extends object = Record<string, unknown>>(
    request: CreateTaskOptions<Context>,
  ): Promise<CreatedTask> {
    const [outcome] = await this.runtime.createTasks([request]);
    if (outcome === undefined) {
      throw new InternalError('INTERNAL', 'no outcome for the task request');
    }
    if ('error' in outcome) {
      throw outcome.error;
    }
    return outcome;
  }

  /** Records tasks in as few commits as possible; one outcome for each request, in order, a refused one with its error. */
  createTasks<Context extends object = Record<string, unknown>>(
    requests: readonly CreateTaskOptions<Context>[],
  ): Promise<CreateTaskOutcome[]> {
    return this.runtime.createTasks(requests);
  }

  /**
   * Waits until a task has ended, whichever process ends it. `blocked_by_failures` counts: nothing runs any more until
   * `retryTask`.
   *
   * @throws {TaskerError} NOT_FOUND; TIMED_OUT; CLOSED when the worker stops first
   */
  async waitForTask(taskUuid: string, options: WaitOptions = {}): Promise<FinishedTask> {
    requireString(taskUuid, 'taskUuid');
    const timeoutMs = options.timeoutMs ?? 0;
    requireInteger(timeoutMs, 'options.timeoutMs', 0, 2_147_483_647);
    return { taskUuid, status: await this.runtime.waitForTask(taskUuid, timeoutMs) };
  }

  getTask(taskUuid: string): TaskResponse {
    return this.runtime.getTask(taskUuid);
  }

  listTasks(params: TaskListParams = {}): TaskListResponse {
    return this.runtime.listTasks(params);
  }

  /** Running handlers hear it through `context.signal`. */
  cancelTask(taskUuid: string): void {
    this.runtime.cancelTask(taskUuid);
  }

  /** Gives the failed steps of a task new attempts. @returns how many steps */
  retryTask(taskUuid: string): number {
    return this.runtime.retryTask(taskUuid);
  }

  listTaskSteps(taskUuid: string): StepResponse[] {
    return this.runtime.listTaskSteps(taskUuid);
  }

  getStep(taskUuid: string, stepUuid: string): StepResponse {
    return this.runtime.getStep(taskUuid, stepUuid);
  }

  getStepAuditHistory(taskUuid: string, stepUuid: string): StepAuditEntry[] {
    return this.runtime.getStepAuditHistory(taskUuid, stepUuid);
  }

  /** Checks a YAML template and stores it. @throws {TaskerError} INVALID_TEMPLATE with line, field and reason */
  putTemplate(yaml: string): PutTemplateResult {
    return this.runtime.putTemplate(yaml);
  }

  /** Checks a YAML template without storing it. */
  checkTemplate(yaml: string): TemplateReport {
    return this.runtime.checkTemplate(yaml);
  }

  listTemplates(): TemplateSummary[] {
    return this.runtime.listTemplates();
  }
}
