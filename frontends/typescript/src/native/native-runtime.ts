// TaskerRuntime over any native door: JSON text on the native side, values and TaskerErrors on this one.
import { refuseUnknownKeys, requireInteger, requireString, showValue } from '../errors/checks.js';
import { makeTaskerError, toTaskerError } from '../errors/convert.js';
import { ExecutorCalls } from './executor-calls.js';
import { native } from './guarded.js';
import type { NativeBus } from './native-bus.js';
import type { Delivery, DoorName, NativeDoor, NativeWorker, Notice } from './native-door.js';
import type {
  CreateTaskOptions,
  PutTemplateResult,
  StepAuditEntry,
  StepResponse,
  TaskListParams,
  TaskListResponse,
  TaskResponse,
  TemplateReport,
  TemplateSummary,
} from './responses.js';
import type { CompletionRefusal, CreateTaskOutcome, TaskerRuntime } from './runtime.js';
import type { NativeRuntimeOptions } from './runtime-options.js';
import { checkDoor, detectRuntime, loadDoor, type LoadedDoor, type RuntimeName } from './select.js';
import { taskRequestDocument } from './task-request.js';
import type {
  BootstrapConfig,
  BootstrapResult,
  CheckpointYieldData,
  ClientResult,
  FfiDispatchMetrics,
  FfiDomainEvent,
  FfiStepEvent,
  JsonObject,
  LogFields,
  LogLevel,
  StepExecutionResult,
  StopResult,
  WorkerStatus,
} from './types.js';

/** How long `transitionToGracefulShutdown` waits for running handlers. */
const gracefulShutdownMs = 30_000;

const noDispatchMetrics: FfiDispatchMetrics = {
  pending_count: 0,
  starvation_detected: false,
  starving_event_count: 0,
  oldest_pending_age_ms: null,
  newest_pending_age_ms: null,
  oldest_event_id: null,
};

interface NativeRefusal {
  readonly index: number;
  readonly event_id: string;
  readonly error: unknown;
}

type NativeCreated = { task_uuid: string; duplicate: boolean } | { error: { code: string; message: string } };

/** One worker of this thread, behind the addon or the FFI of whatever runtime this is. */
export class NativeRuntime extends ExecutorCalls implements TaskerRuntime {
  readonly name: RuntimeName = detectRuntime();
  private readonly options: NativeRuntimeOptions;
  private loadedDoor: LoadedDoor | null = null;
  private native: NativeDoor | null;
  protected worker: NativeWorker | null = null;
  private id: string | null = null;
  private wakeup: (() => void) | null = null;
  private keepsDomainEvents = false;
  private closing: Promise<void> = Promise.resolve();

  /** @throws {TaskerError} INVALID_ARGUMENT naming the option */
  constructor(options: NativeRuntimeOptions = {}) {
    super();
    refuseUnknownKeys(options, ['door', 'delivery', 'native', 'environment', 'from'], 'options');
    if (options.door !== undefined) {
      checkDoor(options.door, 'options.door');
    }
    this.options = options;
    this.native = options.native ?? null;
  }

  get isLoaded(): boolean {
    return this.native !== null;
  }

  get workerId(): string | null {
    return this.id;
  }

  get door(): DoorName | null {
    return this.loadedDoor?.door ?? null;
  }

  get delivery(): Delivery {
    return this.worker?.delivery ?? this.options.delivery ?? 'push';
  }

  get fallback(): string | null {
    return this.loadedDoor?.fallback ?? null;
  }

  get libraryPath(): string | null {
    return this.loadedDoor?.path ?? null;
  }

  load(path?: string): void {
    if (this.native !== null) {
      return;
    }
    const { door, delivery, environment, from } = this.options;
    const loaded = loadDoor({ path, door, delivery, environment, from }, this.name);
    this.loadedDoor = loaded;
    this.native = loaded.native;
    if (loaded.fallback !== null) {
      this.logWarn('the default door can not be loaded, another one stands in', {
        component: 'native',
        door: loaded.door,
        reason: loaded.fallback,
      });
    }
  }

  unload(): void {
    this.stopWorker();
    this.native = null;
    this.loadedDoor = null;
  }

  getVersion(): string {
    return this.loaded().version();
  }

  getRustVersion(): string {
    return `tasker-ts ${this.loaded().version()} (C++20 core, no rustc)`;
  }

  healthCheck(): boolean {
    return this.native !== null;
  }

  isWorkerRunning(): boolean {
    return this.worker !== null;
  }

  bootstrapWorker(config: BootstrapConfig | string = {}): BootstrapResult {
    if (this.worker !== null) {
      return { success: true, status: 'already_running', message: 'the worker is running' };
    }
    try {
      this.openWorker(config);
      this.keepDomainEvents();
      this.startWorker();
    } catch (error) {
      const { message } = toTaskerError(error);
      this.stopWorker();
      return { success: false, status: 'error', message, error: `Bootstrap failed: ${message}` };
    }
    const started = { success: true, status: 'started', message: 'the worker is started' } as const;
    return this.id === null ? started : { ...started, worker_id: this.id };
  }

  getWorkerStatus(): WorkerStatus {
    if (this.worker === null) {
      return { success: true, running: false, status: 'stopped' };
    }
    try {
      const status = JSON.parse(this.worker.status()) as WorkerStatus;
      return { ...status, ...this.doorStatus() };
    } catch (error) {
      const { message } = toTaskerError(error);
      return { success: false, running: false, error: `Failed to get status: ${message}` };
    }
  }

  stopWorker(): StopResult {
    const worker = this.worker;
    if (worker === null) {
      return { success: true, status: 'not_running', message: 'no worker is running' };
    }
    const id = this.id;
    this.worker = null;
    this.id = null;
    this.closing = Promise.all([this.closing, worker.close()]).then(() => undefined);
    this.closing.catch(() => undefined);
    const stopped = { success: true, status: 'stopped', message: 'the worker is stopped' } as const;
    return id === null ? stopped : { ...stopped, worker_id: id };
  }

  transitionToGracefulShutdown(): StopResult {
    if (this.worker === null) {
      const error = 'Failed to transition: no worker is running';
      return { success: false, status: 'error', message: error, error };
    }
    this.drain(gracefulShutdownMs).catch((error: unknown) => {
      this.logError('drain failed', { code: toTaskerError(error).code });
    });
    return { success: true, status: 'transitioning', message: 'the worker drains' };
  }

  pollStepEvents(): FfiStepEvent | null {
    try {
      return this.pollStepEventBatch(1)?.[0] ?? null;
    } catch {
      return null;
    }
  }

  pollInProcessEvents(): FfiDomainEvent | null {
    try {
      return this.pollDomainEvents(1)?.[0] ?? null;
    } catch {
      return null;
    }
  }

  completeStepEvent(eventId: string, result: StepExecutionResult): boolean {
    try {
      this.completeStepEventText(eventId, JSON.stringify(result));
      return true;
    } catch (error) {
      const { code, message } = toTaskerError(error);
      this.logDebug('a completion was refused', { event_id: eventId, code, reason: message });
      return false;
    }
  }

  checkpointYieldStepEvent(eventId: string, checkpoint: CheckpointYieldData): boolean {
    try {
      this.open().checkpointStepEventSync(eventId, JSON.stringify(checkpoint));
      return true;
    } catch (error) {
      const { code, message } = toTaskerError(error);
      this.logDebug('a checkpoint was refused', { event_id: eventId, code, reason: message });
      return false;
    }
  }

  getFfiDispatchMetrics(): FfiDispatchMetrics {
    if (this.worker === null) {
      return { ...noDispatchMetrics };
    }
    try {
      return JSON.parse(this.worker.dispatchMetrics()) as FfiDispatchMetrics;
    } catch {
      return { ...noDispatchMetrics };
    }
  }

  checkStarvationWarnings(): void {
    this.worker?.checkStarvationWarnings();
  }

  cleanupTimeouts(): void {
    // The core's housekeeper keeps the deadlines; a blocked loop could not.
  }

  logError(message: string, fields?: LogFields): void {
    this.log('error', message, fields);
  }

  logWarn(message: string, fields?: LogFields): void {
    this.log('warn', message, fields);
  }

  logInfo(message: string, fields?: LogFields): void {
    this.log('info', message, fields);
  }

  logDebug(message: string, fields?: LogFields): void {
    this.log('debug', message, fields);
  }

  logTrace(message: string, fields?: LogFields): void {
    this.log('trace', message, fields);
  }

  clientCreateTask(request: JsonObject | string): ClientResult<TaskResponse> {
    return this.envelope(() => {
      const text = typeof request === 'string' ? request : JSON.stringify(request);
      const created = JSON.parse(this.open().createTaskSync(text)) as { task_uuid: string };
      return this.getTask(created.task_uuid);
    });
  }

  clientGetTask(taskUuid: string): ClientResult<TaskResponse> {
    return this.envelope(() => this.getTask(taskUuid));
  }

  clientListTasks(params: JsonObject | string): ClientResult<TaskListResponse> {
    return this.envelope(() => {
      const text = typeof params === 'string' ? params : JSON.stringify(params);
      return JSON.parse(this.open().listTasks(text)) as TaskListResponse;
    });
  }

  clientCancelTask(taskUuid: string): ClientResult<{ cancelled: true }> {
    return this.envelope(() => {
      this.cancelTask(taskUuid);
      return { cancelled: true } as const;
    });
  }

  clientListTaskSteps(taskUuid: string): ClientResult<StepResponse[]> {
    return this.envelope(() => this.listTaskSteps(taskUuid));
  }

  clientGetStep(taskUuid: string, stepUuid: string): ClientResult<StepResponse> {
    return this.envelope(() => this.getStep(taskUuid, stepUuid));
  }

  clientGetStepAuditHistory(taskUuid: string, stepUuid: string): ClientResult<StepAuditEntry[]> {
    return this.envelope(() => this.getStepAuditHistory(taskUuid, stepUuid));
  }

  clientHealthCheck(): ClientResult<{ healthy: boolean; status: string; timestamp: string }> {
    return this.envelope(() => {
      this.open().status();
      return { healthy: true, status: 'healthy', timestamp: new Date().toISOString() };
    });
  }

  openWorker(config: BootstrapConfig | string): void {
    if (this.worker !== null) {
      throw makeTaskerError('INVALID_STATE', 'this runtime has a worker already');
    }
    const door = this.loaded();
    this.worker = native(() => door.openWorker(typeof config === 'string' ? config : JSON.stringify(config)));
    this.keepsDomainEvents = false;
    const status = JSON.parse(this.worker.status()) as { worker_id?: string };
    this.id = status.worker_id ?? null;
    if (this.wakeup !== null) {
      this.worker.setWakeup(this.wakeup);
    }
  }

  registerAllHandlers(): void {
    native(() => {
      this.open().registerAllHandlers();
    });
  }

  startWorker(): void {
    native(() => {
      this.open().start();
    });
  }

  onWakeup(callback: (() => void) | null): void {
    this.wakeup = callback;
    this.worker?.setWakeup(callback);
  }

  pollNotices(max: number): Notice[] | null {
    if (this.worker === null) {
      return null;
    }
    const text = this.worker.pollNotices(max);
    return text === null ? null : (JSON.parse(text) as Notice[]);
  }

  completeStepEventText(eventId: string, resultJson: string): void {
    try {
      this.open().completeStepEvent(eventId, resultJson);
    } catch (error) {
      throw toTaskerError(error);
    }
  }

  completeStepEventsText(completionsJson: string): CompletionRefusal[] {
    const text = native(() => this.open().completeStepEvents(completionsJson));
    if (text === null) {
      return [];
    }
    return (JSON.parse(text) as NativeRefusal[]).map(({ index, event_id, error }) => ({
      index,
      eventId: event_id,
      error: toTaskerError(error),
    }));
  }

  async checkpointStepEventText(eventId: string, checkpointJson: string): Promise<string> {
    try {
      return await this.open().checkpointStepEvent(eventId, checkpointJson);
    } catch (error) {
      throw toTaskerError(error);
    }
  }

  busToken(): string {
    return this.open().busToken();
  }

  openBus(token: string): NativeBus {
    return native(() => this.loaded().openBus(token));
  }

  pollDomainEvents(max: number): FfiDomainEvent[] | null {
    if (this.worker === null) {
      return null;
    }
    this.keepDomainEvents();
    const text = this.worker.pollDomainEvents(max);
    return text === null ? null : (JSON.parse(text) as FfiDomainEvent[]);
  }

  async createTasks(requests: readonly CreateTaskOptions<object>[]): Promise<CreateTaskOutcome[]> {
    if (!Array.isArray(requests)) {
      throw makeTaskerError('INVALID_ARGUMENT', `requests: ${showValue(requests)}, expected an array`, {
        field: 'requests',
      });
    }
    const documents = requests.map((request, index) => taskRequestDocument(request, `requests[${String(index)}]`));
    if (documents.length === 0) {
      return [];
    }
    let text: string;
    try {
      text = await this.open().createTasks(JSON.stringify(documents));
    } catch (error) {
      throw toTaskerError(error);
    }
    return (JSON.parse(text) as NativeCreated[]).map((created) =>
      'error' in created
        ? { error: toTaskerError(created.error) }
        : { taskUuid: created.task_uuid, duplicate: created.duplicate },
    );
  }

  async waitForTask(taskUuid: string, timeoutMs: number): Promise<string> {
    requireString(taskUuid, 'taskUuid');
    try {
      return await this.open().waitForTask(taskUuid, timeoutMs);
    } catch (error) {
      throw toTaskerError(error);
    }
  }

  getTask(taskUuid: string): TaskResponse {
    requireString(taskUuid, 'taskUuid');
    return this.read((worker) => worker.getTask(taskUuid));
  }

  listTasks(params: TaskListParams = {}): TaskListResponse {
    refuseUnknownKeys(params, ['limit', 'offset', 'namespace', 'status'], 'params');
    if (params.limit !== undefined) {
      requireInteger(params.limit, 'params.limit', 1, 100);
    }
    if (params.offset !== undefined) {
      requireInteger(params.offset, 'params.offset', 0, 2 ** 31 - 1);
    }
    return this.read((worker) => worker.listTasks(JSON.stringify(params)));
  }

  listTaskSteps(taskUuid: string): StepResponse[] {
    requireString(taskUuid, 'taskUuid');
    return this.read((worker) => worker.listTaskSteps(taskUuid));
  }

  getStep(taskUuid: string, stepUuid: string): StepResponse {
    requireString(taskUuid, 'taskUuid');
    requireString(stepUuid, 'stepUuid');
    return this.read((worker) => worker.getStep(taskUuid, stepUuid));
  }

  getStepAuditHistory(taskUuid: string, stepUuid: string): StepAuditEntry[] {
    requireString(taskUuid, 'taskUuid');
    requireString(stepUuid, 'stepUuid');
    return this.read((worker) => worker.getStepAuditHistory(taskUuid, stepUuid));
  }

  cancelTask(taskUuid: string): void {
    requireString(taskUuid, 'taskUuid');
    native(() => {
      this.open().cancelTask(taskUuid);
    });
  }

  retryTask(taskUuid: string): number {
    requireString(taskUuid, 'taskUuid');
    return native(() => this.open().retryTask(taskUuid));
  }

  putTemplate(yaml: string): PutTemplateResult {
    requireString(yaml, 'yaml');
    return this.read((worker) => worker.putTemplate(yaml));
  }

  checkTemplate(yaml: string): TemplateReport {
    return native(() => JSON.parse(this.loaded().checkTemplate(yaml)) as TemplateReport);
  }

  listTemplates(): TemplateSummary[] {
    return this.read((worker) => worker.listTemplates());
  }

  metrics(): JsonObject {
    return this.read((worker) => worker.metrics());
  }

  log(level: LogLevel, message: string, fields?: LogFields): void {
    this.native?.log(level, message, fields === undefined ? null : JSON.stringify(fields));
  }

  async drain(timeoutMs: number): Promise<number> {
    requireInteger(timeoutMs, 'timeoutMs', 0, 3_600_000);
    try {
      return await this.open().drain(timeoutMs);
    } catch (error) {
      throw toTaskerError(error);
    }
  }

  closed(): Promise<void> {
    return this.closing;
  }

  private keepDomainEvents(): void {
    if (!this.keepsDomainEvents) {
      this.open().keepDomainEvents();
      this.keepsDomainEvents = true;
    }
  }

  private loaded(): NativeDoor {
    if (this.native === null) {
      throw makeTaskerError('INVALID_STATE', 'no door is loaded: call load() first');
    }
    return this.native;
  }

  private doorStatus(): Pick<WorkerStatus, 'runtime' | 'door' | 'delivery' | 'door_fallback'> {
    const { name, door, delivery, fallback } = this;
    return { runtime: name, door, delivery, ...(fallback === null ? {} : { door_fallback: fallback }) };
  }

  protected open(): NativeWorker {
    if (this.worker === null) {
      throw makeTaskerError('INVALID_STATE', 'no worker is open in this runtime');
    }
    return this.worker;
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names it
  private read<T>(call: (worker: NativeWorker) => string): T {
    return native(() => JSON.parse(call(this.open())) as T);
  }

  private envelope<T>(call: () => T): ClientResult<T> {
    try {
      return { success: true, data: call() };
    } catch (thrown) {
      const { code, message, field, retryable } = toTaskerError(thrown);
      const refusal = { success: false, error: message, recoverable: retryable, code } as const;
      return field === undefined ? refusal : { ...refusal, field };
    }
  }
}
