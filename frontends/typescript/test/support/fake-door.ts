// A native side made of plain arrays: what a test puts in comes out of polls, what completes is kept.
import type {
  ExecutorName,
  HandlerRegistration,
  NativeAttachment,
  NativeBus,
  NativeDoor,
  NativeWorker,
  Notice,
} from 'tasker-worker/native';
import type { FfiStepEvent } from 'tasker-worker/native';

/** A completion that the fake took. */
export interface Completion {
  readonly eventId: string;
  readonly document: Record<string, unknown>;
  readonly text: string;
}

/** An error as the addon throws it: a plain Error with a code. */
export function nativeError(code: string, message: string, extra: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(message), { code, retryable: false, ...extra });
}

export class FakeWorker implements NativeWorker {
  readonly config: Record<string, unknown>;
  readonly handlers: string[] = [];
  readonly templates: string[] = [];
  readonly completions: Completion[] = [];
  readonly checkpoints: { readonly eventId: string; readonly document: Record<string, unknown> }[] = [];
  readonly domainEvents: unknown[] = [];
  readonly deliveries: unknown[] = [];
  subscriptions: Record<string, unknown>[] = [];
  readonly ends: { deliveryId: string; failure: Record<string, unknown> | null }[] = [];
  readonly requests: Record<string, unknown>[] = [];
  readonly calls: string[] = [];
  events: FfiStepEvent[] = [];
  notices: Notice[] = [];
  started = false;
  closed = false;
  /** Thrown by the next completions, one each. */
  refusals: Error[] = [];
  /** Makes every poll fail. */
  pollError: Error | null = null;
  /** What `drain` waits for. */
  drained: Promise<number> = Promise.resolve(0);
  /** By name of a method: what it throws. */
  failing = new Map<string, Error>();
  starving = false;
  private wakeup: (() => void) | null = null;
  private readonly watchers: { count: number; resolve: () => void }[] = [];

  constructor(config: Record<string, unknown>) {
    this.config = config;
  }

  /** Queues events and wakes the front end, as the core does from its own thread. */
  push(...events: FfiStepEvent[]): void {
    this.events.push(...events);
    this.wakeup?.();
  }

  notify(...notices: Notice[]): void {
    this.notices.push(...notices);
    this.wakeup?.();
  }

  hasWakeup(): boolean {
    return this.wakeup !== null;
  }

  /** Resolves once `count` completions were taken in all. */
  completed(count: number): Promise<void> {
    if (this.completions.length >= count) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.watchers.push({ count, resolve });
    });
  }

  registerHandlers(handlers: readonly (string | HandlerRegistration)[]): void {
    this.enter('registerHandlers');
    this.handlers.push(...handlers.map((handler) => (typeof handler === 'string' ? handler : handler.name)));
  }

  setExecutorRoom(): void {
    this.enter('setExecutorRoom');
  }

  attachToken(): string {
    throw nativeError('UNSUPPORTED', 'the fake can not be attached to');
  }

  endAttachment(): string {
    return '[]';
  }

  handBack(): number {
    return 0;
  }

  start(): void {
    this.enter('start');
    this.started = true;
  }

  setWakeup(onWakeup: (() => void) | null): void {
    this.wakeup = onWakeup;
  }

  pollStepEvents(max: number, executor: ExecutorName = 'main'): string | null {
    if (this.pollError !== null) {
      throw this.pollError;
    }
    return executor !== 'main' ? null : takeJson(this.events, max);
  }

  pollNotices(max: number): string | null {
    return takeJson(this.notices, max);
  }

  completeStepEvent(eventId: string, resultJson: string): void {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      throw refusal;
    }
    const document = JSON.parse(resultJson) as Record<string, unknown>;
    this.completions.push({ eventId, document, text: resultJson });
    for (const watcher of this.watchers.filter(({ count }) => count <= this.completions.length)) {
      watcher.resolve();
    }
  }

  registerAllHandlers(): void {
    this.enter('registerAllHandlers');
  }

  completeStepEvents(completionsJson: string): string | null {
    const refused: unknown[] = [];
    const completions = JSON.parse(completionsJson) as { event_id: string; result: unknown }[];
    completions.forEach(({ event_id, result }, index) => {
      try {
        this.completeStepEvent(event_id, JSON.stringify(result));
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        refused.push({ index, event_id, error: { code, message, retryable: false } });
      }
    });
    return refused.length === 0 ? null : JSON.stringify(refused);
  }

  async checkpointStepEvent(eventId: string, checkpointJson: string): Promise<string> {
    await Promise.resolve();
    return this.checkpointStepEventSync(eventId, checkpointJson);
  }

  checkpointStepEventSync(eventId: string, checkpointJson: string): string {
    this.enter('checkpointStepEvent');
    this.checkpoints.push({ eventId, document: JSON.parse(checkpointJson) as Record<string, unknown> });
    return 'continued';
  }

  keepDomainEvents(): void {
    this.enter('keepDomainEvents');
  }

  pollDomainEvents(max: number): string | null {
    return takeJson(this.domainEvents, max);
  }

  subscribeDomainEvents(subscriptionJson: string): void {
    this.enter('subscribeDomainEvents');
    this.subscriptions.push(JSON.parse(subscriptionJson) as Record<string, unknown>);
  }

  unsubscribeDomainEvents(subscriber: string): void {
    this.enter('unsubscribeDomainEvents');
    this.subscriptions = this.subscriptions.filter((known) => known['subscriber'] !== subscriber);
  }

  removeSubscriber(): void {
    this.enter('removeSubscriber');
  }

  pollDeliveries(max: number): string | null {
    return takeJson(this.deliveries, max);
  }

  acknowledgeDelivery(deliveryId: string): void {
    this.enter('acknowledgeDelivery');
    this.ends.push({ deliveryId, failure: null });
  }

  failDelivery(deliveryId: string, failureJson: string): void {
    this.enter('failDelivery');
    this.ends.push({ deliveryId, failure: JSON.parse(failureJson) as Record<string, unknown> });
  }

  createTasks(requestsJson: string): Promise<string> {
    const requests = JSON.parse(requestsJson) as Record<string, unknown>[];
    this.requests.push(...requests);
    const outcomes = requests.map((request, index) =>
      request['name'] === 'missing'
        ? { error: { code: 'NOT_FOUND', message: 'name: no template missing', field: `requests[${index}].name` } }
        : { task_uuid: `task-${index}`, duplicate: request['idempotency_key'] === 'known' },
    );
    return Promise.resolve(JSON.stringify(outcomes));
  }

  createTaskSync(requestJson: string): string {
    this.enter('createTaskSync');
    this.requests.push(JSON.parse(requestJson) as Record<string, unknown>);
    return '{"task_uuid":"task-0","duplicate":false}';
  }

  waitForTask(taskUuid: string, timeoutMs: number): Promise<string> {
    this.calls.push(`waitForTask ${taskUuid} ${timeoutMs}`);
    const failure = this.failing.get('waitForTask');
    return failure === undefined ? Promise.resolve('complete') : Promise.reject(failure);
  }

  putTemplate(yaml: string): string {
    this.enter('putTemplate');
    this.templates.push(yaml);
    return '{"namespace":"demo","name":"t","version":"1.0.0","revision":1,"changed":true}';
  }

  getTask(taskUuid: string): string {
    this.enter('getTask');
    return JSON.stringify({ task_uuid: taskUuid, status: 'complete' });
  }

  listTasks(paramsJson: string): string {
    this.enter(`listTasks ${paramsJson}`);
    return '{"tasks":[],"pagination":{}}';
  }

  listTaskSteps(taskUuid: string): string {
    this.enter('listTaskSteps');
    return JSON.stringify([{ task_uuid: taskUuid }]);
  }

  getStep(taskUuid: string, stepUuid: string): string {
    this.enter('getStep');
    return JSON.stringify({ task_uuid: taskUuid, step_uuid: stepUuid });
  }

  getStepAuditHistory(taskUuid: string, stepUuid: string): string {
    this.enter('getStepAuditHistory');
    return JSON.stringify([{ task_uuid: taskUuid, workflow_step_uuid: stepUuid }]);
  }

  listTemplates(): string {
    this.enter('listTemplates');
    return '[]';
  }

  cancelTask(taskUuid: string): void {
    this.enter('cancelTask');
    this.calls.push(`cancelTask ${taskUuid}`);
  }

  retryTask(taskUuid: string): number {
    this.enter('retryTask');
    return taskUuid.length;
  }

  busToken(): string {
    return 'fake';
  }

  status(): string {
    return JSON.stringify({ success: true, running: true, status: 'running', worker_id: 'fake-worker' });
  }

  metrics(): string {
    return '{"handlers":{}}';
  }

  dispatchMetrics(): string {
    return JSON.stringify({ pending_count: this.events.length, starvation_detected: this.starving });
  }

  checkStarvationWarnings(): void {
    this.calls.push('checkStarvationWarnings');
  }

  drain(timeoutMs: number): Promise<number> {
    this.calls.push(`drain ${timeoutMs}`);
    const failure = this.failing.get('drain');
    return failure === undefined ? this.drained : Promise.reject(failure);
  }

  close(): Promise<void> {
    this.closed = true;
    this.calls.push('close');
    const failure = this.failing.get('close');
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  }

  private enter(name: string): void {
    const failure = this.failing.get(name);
    if (failure !== undefined) {
      throw failure;
    }
    this.calls.push(name);
  }
}

function takeJson(queue: unknown[], max: number): string | null {
  return queue.length === 0 ? null : JSON.stringify(queue.splice(0, max));
}

export class FakeDoor implements NativeDoor {
  readonly lines: { level: string; message: string; fields: Record<string, unknown> | null }[] = [];
  readonly workers: FakeWorker[] = [];
  /** Thrown by `openWorker`. */
  openError: Error | null = null;
  /** Applied to each worker as it is opened. */
  prepare: (worker: FakeWorker) => void = () => undefined;

  version(): string {
    return '0.1.0';
  }

  abiVersion(): number {
    return 2;
  }

  openWorker(configJson: string): FakeWorker {
    if (this.openError !== null) {
      throw this.openError;
    }
    const worker = new FakeWorker(JSON.parse(configJson) as Record<string, unknown>);
    this.prepare(worker);
    this.workers.push(worker);
    return worker;
  }

  openBus(): NativeBus {
    throw nativeError('UNSUPPORTED', 'the fake has no bus');
  }

  attach(): NativeAttachment {
    throw nativeError('UNSUPPORTED', 'the fake can not be attached to');
  }

  checkTemplate(yaml: string): string {
    return JSON.stringify({ ok: yaml !== 'bad', problems: [], template: null });
  }

  log(level: string, message: string, fieldsJson: string | null): void {
    const fields = fieldsJson === null ? null : (JSON.parse(fieldsJson) as Record<string, unknown>);
    this.lines.push({ level, message, fields });
  }

  /** The worker that was opened last. */
  get worker(): FakeWorker {
    const worker = this.workers.at(-1);
    if (worker === undefined) {
      throw new Error('no worker was opened');
    }
    return worker;
  }
}
