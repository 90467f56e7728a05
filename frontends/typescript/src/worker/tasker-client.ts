// The contract's client: synchronous calls that block the event loop until the store has answered.
import { applyBrand, hasBrand } from '../errors/brand.js';
import { toTaskerError } from '../errors/convert.js';
import type {
  CreateTaskOptions,
  StepAuditEntry,
  StepResponse,
  TaskListParams,
  TaskListResponse,
  TaskResponse,
} from '../native/responses.js';
import type { TaskerRuntime } from '../native/runtime.js';
import { taskRequestDocument } from '../native/task-request.js';
import type { ClientResult } from '../native/types.js';

/** A refused call of `TaskerClient`. */
export class TaskerClientError extends Error {
  static readonly brand: symbol = Symbol.for('tasker.TaskerClientError');
  override readonly name: string = 'TaskerClientError';
  /** Whether trying again can help. */
  readonly recoverable: boolean;
  /** Of contract/errors.def, when the core or a check of this package refused. */
  readonly code: string | undefined;
  /** Path of the member at fault. */
  readonly field: string | undefined;

  constructor(message: string, recoverable = false, code?: string, field?: string) {
    super(message);
    this.recoverable = recoverable;
    this.code = code;
    this.field = field;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(this, value);
  }
}
applyBrand(TaskerClientError);

function unwrap<T>(result: ClientResult<T>): T {
  if (result.success) {
    return result.data;
  }
  throw new TaskerClientError(result.error, result.recoverable, result.code, result.field);
}

export class TaskerClient {
  private readonly runtime: TaskerRuntime;

  /** @param runtime one with an open worker */
  constructor(runtime: TaskerRuntime) {
    this.runtime = runtime;
  }

  /**
   * Creates a task and returns it as stored. The version is `1.0.0` when none is given.
   *
   * @throws {TaskerClientError}
   */
  createTask<Context extends object = Record<string, unknown>>(options: CreateTaskOptions<Context>): TaskResponse {
    let request: Record<string, unknown>;
    try {
      request = { version: '1.0.0', ...taskRequestDocument(options, 'options') };
    } catch (error) {
      const { message, retryable, code, field } = toTaskerError(error);
      throw new TaskerClientError(message, retryable, code, field);
    }
    return unwrap(this.runtime.clientCreateTask(request));
  }

  getTask(taskUuid: string): TaskResponse {
    return unwrap(this.runtime.clientGetTask(taskUuid));
  }

  listTasks(params: TaskListParams = {}): TaskListResponse {
    return unwrap(
      this.runtime.clientListTasks({
        limit: params.limit ?? 50,
        offset: params.offset ?? 0,
        namespace: params.namespace ?? null,
        status: params.status ?? null,
      }),
    );
  }

  cancelTask(taskUuid: string): void {
    unwrap(this.runtime.clientCancelTask(taskUuid));
  }

  listTaskSteps(taskUuid: string): StepResponse[] {
    return unwrap(this.runtime.clientListTaskSteps(taskUuid));
  }

  getStep(taskUuid: string, stepUuid: string): StepResponse {
    return unwrap(this.runtime.clientGetStep(taskUuid, stepUuid));
  }

  getStepAuditHistory(taskUuid: string, stepUuid: string): StepAuditEntry[] {
    return unwrap(this.runtime.clientGetStepAuditHistory(taskUuid, stepUuid));
  }

  healthCheck(): { healthy: boolean; status: string; timestamp: string } {
    return unwrap(this.runtime.clientHealthCheck());
  }
}
