// What reading tasks, steps and templates answers (contract, 2.8), and what creating a task asks.

/** One step's readiness inside a task response. */
export interface StepReadiness {
  workflow_step_uuid: string;
  task_uuid: string;
  named_step_uuid: string;
  name: string;
  current_state: string;
  dependencies_satisfied: boolean;
  retry_eligible: boolean;
  ready_for_execution: boolean;
  last_failure_at: string | null;
  next_retry_at: string | null;
  total_parents: number;
  completed_parents: number;
  attempts: number;
  max_attempts: number;
  backoff_request_seconds: number | null;
  last_attempted_at: string | null;
}

export interface TaskResponse {
  task_uuid: string;
  name: string;
  namespace: string;
  version: string;
  status: string;
  created_at: string;
  updated_at: string;
  completed_at: string | null;
  context: Record<string, unknown>;
  initiator: string;
  source_system: string;
  reason: string;
  priority: number | null;
  tags: readonly string[] | null;
  correlation_id: string;
  parent_correlation_id: string | null;
  total_steps: number;
  pending_steps: number;
  in_progress_steps: number;
  completed_steps: number;
  failed_steps: number;
  ready_steps: number;
  execution_status: string;
  recommended_action: string;
  completion_percentage: number;
  health_status: string;
  steps: readonly StepReadiness[];
}

export interface TaskListResponse {
  tasks: readonly TaskResponse[];
  pagination: {
    page: number;
    per_page: number;
    total_count: number;
    total_pages: number;
    has_next: boolean;
    has_previous: boolean;
  };
}

export interface StepResponse {
  step_uuid: string;
  task_uuid: string;
  name: string;
  created_at: string;
  updated_at: string;
  completed_at: string | null;
  results: Record<string, unknown> | null;
  current_state: string;
  dependencies_satisfied: boolean;
  retry_eligible: boolean;
  ready_for_execution: boolean;
  total_parents: number;
  completed_parents: number;
  attempts: number;
  max_attempts: number;
  last_failure_at: string | null;
  next_retry_at: string | null;
  last_attempted_at: string | null;
}

export interface StepAuditEntry {
  audit_uuid: string;
  workflow_step_uuid: string;
  transition_uuid: string;
  task_uuid: string;
  recorded_at: string;
  worker_uuid?: string | null;
  correlation_id?: string | null;
  success: boolean;
  execution_time_ms?: number | null;
  result?: unknown;
  step_name: string;
  from_state?: string | null;
  to_state: string;
}

/** A stored template, as `listTemplates` shows it. */
export interface TemplateSummary {
  namespace: string;
  name: string;
  version: string;
  revision: number;
  [key: string]: unknown;
}

/** What storing a template came to. `changed` is false when the store had this very content. */
export interface PutTemplateResult {
  namespace: string;
  name: string;
  version: string;
  revision: number;
  changed: boolean;
}

/** What checking a template found. */
export interface TemplateReport {
  ok: boolean;
  problems: readonly { line: number; field: string; reason: string }[];
  template: Record<string, unknown> | null;
}

/** Which tasks to list. */
export interface TaskListParams {
  /** 1 to 100. @default 50 */
  readonly limit?: number;
  /** @default 0 */
  readonly offset?: number;
  readonly namespace?: string;
  readonly status?: string;
}

/**
 * A new task. `Context` is the type of its input.
 */
export interface CreateTaskOptions<Context extends object = Record<string, unknown>> {
  /** Name of the task template, 1 to 255 characters. */
  readonly name: string;
  /** @default 'default' */
  readonly namespace?: string;
  /** Version of the template. @default the one added last */
  readonly version?: string;
  /** Input of the task, an object; what its handlers see as input. @default {} */
  readonly context?: Context;
  /** @default 'tasker-typescript' */
  readonly initiator?: string;
  /** @default 'tasker-worker' */
  readonly sourceSystem?: string;
  /** @default 'Task requested' */
  readonly reason?: string;
  readonly tags?: readonly string[];
  /** -100 to 100; higher goes first. @default 0 */
  readonly priority?: number;
  /** A UUID. @default random */
  readonly correlationId?: string;
  /** A UUID. */
  readonly parentCorrelationId?: string;
  /** Two requests for one template with the same key are one task. */
  readonly idempotencyKey?: string;
  /** Merged over the template's own options. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A task that is recorded. `duplicate`: the idempotency key was known, and this is the task that has it. */
export interface CreatedTask {
  readonly taskUuid: string;
  readonly duplicate: boolean;
}
