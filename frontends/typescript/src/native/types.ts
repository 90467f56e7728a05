// The JSON documents that cross the door, as the contract spells them (sections 2.1 to 2.8).

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** An object whose members are read by name and checked by the reader. */
export type JsonObject = Record<string, unknown>;

/** The task of a step event (2.1.1). */
export interface FfiTask {
  task_uuid: string;
  named_task_uuid: string;
  name: string;
  namespace: string;
  version: string;
  context: JsonObject | null;
  correlation_id: string;
  parent_correlation_id: string | null;
  complete: boolean;
  priority: number;
  initiator: string | null;
  source_system: string | null;
  reason: string | null;
  tags: readonly string[] | null;
  identity_hash: string;
  created_at: string;
  updated_at: string;
  requested_at: string;
}

/** What a step told about its progress before (2.4). */
export interface FfiCheckpoint {
  step_uuid?: string;
  cursor: unknown;
  items_processed: number;
  timestamp?: string;
  accumulated_results?: JsonObject | null;
  history?: readonly { cursor: unknown; timestamp: string }[];
}

/** The step of a step event (2.1.2). */
export interface FfiWorkflowStep {
  workflow_step_uuid: string;
  task_uuid: string;
  named_step_uuid: string;
  name: string;
  template_step_name: string;
  retryable: boolean;
  max_attempts: number;
  /** Attempts before this one: 0 on the first execution. */
  attempts: number;
  in_process: boolean;
  processed: boolean;
  inputs: JsonObject | null;
  results: JsonObject | null;
  backoff_request_seconds: number | null;
  processed_at: string | null;
  last_attempted_at: string | null;
  created_at: string;
  updated_at: string;
  checkpoint: FfiCheckpoint | null;
}

/** The handler that a template names for a step (2.1.3). */
export interface FfiHandlerDefinition {
  callable: string;
  method?: string | null;
  resolver?: string | null;
  initialization: JsonObject;
}

/** A step as its template defines it (2.1.3). */
export interface FfiStepDefinition {
  name: string;
  description: string | null;
  system_dependency: string | null;
  handler: FfiHandlerDefinition;
  dependencies: readonly string[];
  timeout_seconds: number | null;
  retry: {
    retryable: boolean;
    max_attempts: number;
    backoff: string;
    backoff_base_ms: number | null;
    max_backoff_ms: number | null;
  };
}

/** What a step that this one depends on came to (2.1.4). */
export interface FfiDependencyResult {
  step_uuid: string;
  success: boolean;
  result: unknown;
  status: string;
  error: StepExecutionError | null;
}

/** A step on its way to its handler (2.1). */
export interface FfiStepEvent {
  event_id: string;
  task_uuid: string;
  step_uuid: string;
  correlation_id: string;
  trace_id: string | null;
  span_id: string | null;
  task_correlation_id: string;
  parent_correlation_id: string | null;
  task: FfiTask;
  workflow_step: FfiWorkflowStep;
  step_definition: FfiStepDefinition;
  dependency_results: Record<string, FfiDependencyResult>;
}

/** Why a step failed (2.2). */
export interface StepExecutionError {
  message: string;
  retryable: boolean;
  error_type?: string | null;
  backtrace?: readonly string[] | null;
  status_code?: number | null;
  context?: JsonObject;
}

/** What came of a step (2.2); the argument of `completeStepEvent`. */
export interface StepExecutionResult {
  step_uuid?: string;
  success: boolean;
  result?: unknown;
  status?: 'completed' | 'failed' | 'error' | '';
  metadata?: JsonObject;
  error?: StepExecutionError | null;
  orchestration_metadata?: JsonObject | null;
}

/** How far a step has got (2.4); the argument of `checkpointYieldStepEvent`. */
export interface CheckpointYieldData {
  step_uuid: string;
  cursor: unknown;
  items_processed: number;
  accumulated_results?: unknown;
}

/** A domain event of the in-process path (2.7). */
export interface FfiDomainEvent {
  eventId: string;
  eventName: string;
  eventVersion: string;
  metadata: {
    taskUuid: string;
    stepUuid: string | null;
    stepName: string | null;
    namespace: string;
    correlationId: string;
    firedAt: string;
    firedBy: string | null;
  };
  /** The whole payload: `task_sequence_step`, `execution_result`, and the business part under `payload`. */
  payload: JsonObject;
}

/** A durable domain event: the same as FfiDomainEvent in snake_case (2.7). */
export interface FfiDurableEvent {
  event_id: string;
  event_name: string;
  event_version: string;
  metadata: {
    task_uuid: string;
    step_uuid: string | null;
    step_name: string | null;
    namespace: string;
    correlation_id: string;
    fired_at: string;
    fired_by: string | null;
  };
  payload: { task_sequence_step: JsonObject; execution_result: JsonObject; payload: JsonObject };
}

/** An element of `pollDeliveries`. */
export type FfiDelivery =
  | {
      kind: 'event';
      delivery_id: string;
      subscriber: string;
      /** Its place in the outbox. */
      number: number;
      /** 1 for the first. */
      attempt: number;
      max_attempts: number;
      event: FfiDurableEvent;
    }
  | {
      kind: 'revoked';
      delivery_id: string;
      subscriber: string;
      reason: 'timeout' | 'lease_lost' | 'unsubscribed' | 'shutdown';
    };

/** Why a delivery failed. */
export interface DeliveryFailure {
  message?: string;
  error_type?: string;
  /** @default true */
  retryable?: boolean;
}

/** Settings of `bootstrapWorker`: members of the core's configuration, in snake_case. */
export type BootstrapConfig = JsonObject;

export interface BootstrapResult {
  success: boolean;
  status: 'started' | 'already_running' | 'error';
  message: string;
  worker_id?: string;
  error?: string;
}

/** An executor in the status of a worker. */
export interface ExecutorChannelCounts {
  readonly room: number;
  readonly queued: number;
  readonly in_flight: number;
  /** `ended`: by itself; what it held waits for `endAttachment`. */
  readonly attachments: readonly {
    readonly id: number;
    readonly name: string;
    readonly held: number;
    readonly ended: boolean;
  }[];
}

export interface WorkerStatus {
  success: boolean;
  running: boolean;
  status?: string;
  worker_id?: string;
  environment?: string;
  worker_core_status?: string;
  /** JavaScript runtime: `node`, `bun` or `deno`. */
  runtime?: string;
  /** Way into the core: `addon` or `ffi`; null for a door of a test. */
  door?: string | null;
  /** `push`: the core wakes the event loop; `poll`: a timer asks every `pollIntervalMs`. */
  delivery?: string;
  /** Why the default door could not be loaded, when another one stands in for it. */
  door_fallback?: string;
  /** Milliseconds that a drain waits for running handlers. */
  drain_timeout_ms?: number;
  /** Transitions that were published on the event bus, and those that were not although somebody listened. */
  transitions_published?: number;
  transitions_lost?: number;
  /** By executor: how many steps it can hold, how many wait, how many are with handlers. */
  executors?: Readonly<Record<'main' | 'threads' | 'process', ExecutorChannelCounts>>;
  web_api_enabled?: boolean;
  supported_namespaces?: readonly string[];
  database_pool_size?: number;
  database_pool_idle?: number;
  error?: string;
  [key: string]: unknown;
}

export interface StopResult {
  success: boolean;
  status: 'stopped' | 'not_running' | 'transitioning' | 'error';
  message: string;
  worker_id?: string;
  error?: string;
}

/** Polled and not yet completed steps (2.6). */
export interface FfiDispatchMetrics {
  pending_count: number;
  starvation_detected: boolean;
  starving_event_count: number;
  oldest_pending_age_ms: number | null;
  newest_pending_age_ms: number | null;
  oldest_event_id: string | null;
}

/** What a `client…` call answers (2.8): a refusal is an envelope too, never an exception. */
export type ClientResult<T = unknown> =
  { success: true; data: T } | { success: false; error: string; recoverable: boolean; code: string; field?: string };

/** A log line's data. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
