// Step events for tests, whole and of the contract's shape.
import type { FfiStepEvent } from 'tasker-worker/native';

export interface StepEventParts {
  readonly callable?: string;
  readonly method?: string;
  readonly resolver?: string;
  readonly context?: Record<string, unknown> | null;
  /** Step name to result. */
  readonly dependencies?: Record<string, unknown>;
  readonly initialization?: Record<string, unknown>;
  readonly attempts?: number;
  readonly maxAttempts?: number;
}

let eventCount = 0;

export function makeStepEvent(parts: StepEventParts = {}): FfiStepEvent {
  eventCount += 1;
  const number = String(eventCount).padStart(12, '0');
  const taskUuid = `10000000-0000-7000-8000-${number}`;
  const stepUuid = `20000000-0000-7000-8000-${number}`;
  const time = '2026-01-02 03:04:05';
  const dependencies = Object.entries(parts.dependencies ?? {}).map(([name, result]) => [
    name,
    { step_uuid: stepUuid, success: true, result, status: 'completed', error: null },
  ]);
  return {
    event_id: `00000000-0000-7000-8000-${number}`,
    task_uuid: taskUuid,
    step_uuid: stepUuid,
    correlation_id: `30000000-0000-7000-8000-${number}`,
    trace_id: null,
    span_id: null,
    task_correlation_id: taskUuid,
    parent_correlation_id: null,
    task: {
      task_uuid: taskUuid,
      named_task_uuid: taskUuid,
      name: 'greeting',
      namespace: 'demo',
      version: '1.0.0',
      context: parts.context === undefined ? {} : parts.context,
      correlation_id: taskUuid,
      parent_correlation_id: null,
      complete: false,
      priority: 0,
      initiator: 'test',
      source_system: 'test',
      reason: 'test',
      tags: [],
      identity_hash: '',
      created_at: time,
      updated_at: time,
      requested_at: time,
    },
    workflow_step: {
      workflow_step_uuid: stepUuid,
      task_uuid: taskUuid,
      named_step_uuid: stepUuid,
      name: 'greet',
      template_step_name: 'greet',
      retryable: true,
      max_attempts: parts.maxAttempts ?? 3,
      attempts: parts.attempts ?? 0,
      in_process: false,
      processed: false,
      inputs: null,
      results: null,
      backoff_request_seconds: null,
      processed_at: null,
      last_attempted_at: null,
      created_at: time,
      updated_at: time,
      checkpoint: null,
    },
    step_definition: {
      name: 'greet',
      description: null,
      system_dependency: null,
      handler: {
        callable: parts.callable ?? 'demo.Greet',
        ...(parts.method === undefined ? {} : { method: parts.method }),
        ...(parts.resolver === undefined ? {} : { resolver: parts.resolver }),
        initialization: parts.initialization ?? {},
      },
      dependencies: Object.keys(parts.dependencies ?? {}),
      timeout_seconds: null,
      retry: {
        retryable: true,
        max_attempts: 3,
        backoff: 'exponential',
        backoff_base_ms: null,
        max_backoff_ms: null,
      },
    },
    dependency_results: Object.fromEntries(dependencies) as FfiStepEvent['dependency_results'],
  };
}
