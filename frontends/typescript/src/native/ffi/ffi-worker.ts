// A worker behind an FFI door: what its owner may ask of it beside the steps.
import { toError } from '../../errors/convert.js';
import type { ExecutorName, HandlerRegistration } from '../native-executors.js';
import type { Delivery, NativeWorker } from '../native-door.js';
import { checkArray, checkInteger, checkText, executorNumber } from './arguments.js';
import { errorOfDocument, STATUS, type FfiContext } from './context.js';
import { busToken } from './ffi-bus.js';
import { FfiSteps, type StepCalls } from './ffi-steps.js';
import type { FfiCallback } from './library.js';

const timeoutRange = [0, 2_147_483_647] as const;
const drainRange = [0, 3_600_000] as const;
const roomRange = [0, 100_000] as const;
const idRange = [0, 0xffff_ffff] as const;

const calls: StepCalls = {
  complete: 'tasker_worker_complete_step_event',
  completeAll: 'tasker_worker_complete_step_events_json',
  checkpoint: 'tasker_worker_checkpoint_step_event',
  beginCheckpoint: 'tasker_worker_checkpoint_step_event_begin',
  replies: 'tasker_worker_poll_replies',
  handBack: 'tasker_worker_hand_back',
  notices: 'tasker_worker_poll_notices',
};

export class FfiWorker extends FfiSteps implements NativeWorker {
  readonly delivery: Delivery;
  private readonly handleNumber: number;
  private readonly callback: FfiCallback | null;
  private closing: Promise<void> | null = null;

  /** @throws what the library says of the configuration and of its store */
  static open(context: FfiContext, configJson: string, delivery: Delivery): FfiWorker {
    const { library, memory } = context;
    memory.put(configJson);
    context.check(
      library.call.tasker_worker_open(memory.first, memory.firstSize, library.none, memory.handleOut, memory.error),
    );
    return new FfiWorker(context, delivery);
  }

  /** Takes the handle that the library wrote. */
  private constructor(context: FfiContext, delivery: Delivery) {
    super(context, 'worker', calls);
    this.handleNumber = context.memory.number('handle');
    const { library, memory } = context;
    this.callback =
      delivery === 'poll'
        ? null
        : this.listen((callback) =>
            library.call.tasker_worker_set_wakeup(this.handle, callback, library.none, null, memory.error),
          );
    this.delivery = this.callback === null ? 'poll' : 'push';
  }

  registerHandlers(handlers: readonly (string | HandlerRegistration)[]): void {
    this.alive();
    checkArray('registerHandlers', 'callables', handlers);
    const list = handlers.map((handler: unknown) => (isObject(handler) ? inTheirWords(handler) : handler));
    this.order('tasker_worker_register_handlers', JSON.stringify(list));
  }

  setExecutorRoom(executor: ExecutorName, places: number): void {
    this.alive();
    const number = executorNumber('setExecutorRoom', executor);
    checkInteger('setExecutorRoom', 'places', places, roomRange);
    const { library, memory } = this.context;
    this.context.check(library.call.tasker_worker_set_executor_room(this.handle, number, places, memory.error));
  }

  attachToken(): string {
    return this.read('tasker_worker_get_attach_token');
  }

  endAttachment(id: number): string {
    this.alive();
    checkInteger('endAttachment', 'id', id, idRange);
    const { library, memory } = this.context;
    this.context.check(library.call.tasker_worker_end_attachment(this.handle, id, memory.buffer, memory.error));
    return memory.takeBuffer() ?? '';
  }

  registerAllHandlers(): void {
    this.order('tasker_worker_register_all_handlers');
  }

  start(): void {
    this.order('tasker_worker_start');
  }

  pollStepEvents(max: number, executor: ExecutorName = 'main'): string | null {
    this.alive();
    const number = executorNumber('pollStepEvents', executor);
    return this.pollInto(max, (memory, library) =>
      library.call.tasker_worker_poll_executor_step_events_into(
        this.handle,
        number,
        max,
        memory.events,
        memory.eventsCapacity,
        memory.sizeOut,
        memory.error,
      ),
    );
  }

  keepDomainEvents(): void {
    this.order('tasker_worker_keep_domain_events');
  }

  pollDomainEvents(max: number): string | null {
    return this.take('tasker_worker_poll_domain_events', 'pollDomainEvents', max);
  }

  subscribeDomainEvents(subscriptionJson: string): void {
    this.tell('tasker_worker_subscribe_domain_events', 'subscriptionJson', subscriptionJson);
  }

  unsubscribeDomainEvents(subscriber: string): void {
    this.tell('tasker_worker_unsubscribe_domain_events', 'subscriber', subscriber);
  }

  removeSubscriber(subscriber: string): void {
    this.tell('tasker_worker_remove_subscriber', 'subscriber', subscriber);
  }

  pollDeliveries(max: number): string | null {
    return this.take('tasker_worker_poll_deliveries', 'pollDeliveries', max);
  }

  acknowledgeDelivery(deliveryId: string): void {
    this.tell('tasker_worker_acknowledge_delivery', 'deliveryId', deliveryId);
  }

  failDelivery(deliveryId: string, failureJson: string): void {
    this.alive();
    this.putTwo('failDelivery', { deliveryId, failureJson });
    const { library, memory } = this.context;
    this.context.check(
      library.call.tasker_worker_fail_delivery(
        this.handle,
        memory.first,
        memory.firstSize,
        memory.second,
        memory.secondSize,
        memory.error,
      ),
      'deliveryId',
    );
  }

  async createTasks(requestsJson: string): Promise<string> {
    this.alive();
    checkText('createTasks', 'requestsJson', requestsJson);
    const { memory } = this.context;
    memory.put(requestsJson);
    return JSON.stringify(await this.begin('tasker_worker_create_tasks_begin', [memory.first, memory.firstSize]));
  }

  createTaskSync(requestJson: string): string {
    checkText('createTaskSync', 'requestJson', requestJson);
    const created = this.ask('tasker_worker_create_tasks', { requestsJson: oneRequest(requestJson) });
    const [outcome] = JSON.parse(created ?? '[]') as [{ readonly error?: Parameters<typeof errorOfDocument>[0] }?];
    if (outcome?.error !== undefined) {
      throw errorOfDocument(asOneRequest(outcome.error));
    }
    return JSON.stringify(outcome);
  }

  async waitForTask(taskUuid: string, timeoutMs: number): Promise<string> {
    this.alive();
    checkText('waitForTask', 'taskUuid', taskUuid);
    checkInteger('waitForTask', 'timeoutMs', timeoutMs, timeoutRange);
    const { memory } = this.context;
    memory.put(taskUuid);
    return (await this.begin('tasker_worker_wait_task_begin', [memory.first, memory.firstSize, timeoutMs])) as string;
  }

  putTemplate(yaml: string): string {
    return this.read('tasker_worker_put_template', { yaml });
  }

  getTask(taskUuid: string): string {
    return this.read('tasker_worker_get_task', { taskUuid });
  }

  listTasks(paramsJson: string): string {
    return this.read('tasker_worker_list_tasks', { paramsJson });
  }

  listTaskSteps(taskUuid: string): string {
    return this.read('tasker_worker_list_task_steps', { taskUuid });
  }

  getStep(taskUuid: string, stepUuid: string): string {
    return this.readTwo('tasker_worker_get_step', 'getStep', { taskUuid, stepUuid });
  }

  getStepAuditHistory(taskUuid: string, stepUuid: string): string {
    return this.readTwo('tasker_worker_get_step_audit_history', 'getStepAuditHistory', { taskUuid, stepUuid });
  }

  listTemplates(): string {
    return this.read('tasker_worker_list_templates');
  }

  cancelTask(taskUuid: string): void {
    this.alive();
    checkText('cancelTask', 'taskUuid', taskUuid);
    this.order('tasker_worker_cancel_task', taskUuid);
  }

  busToken(): string {
    this.alive();
    return busToken(this.handleNumber);
  }

  retryTask(taskUuid: string): number {
    this.alive();
    checkText('retryTask', 'taskUuid', taskUuid);
    return this.count('tasker_worker_retry_task', taskUuid, 'taskUuid');
  }

  status(): string {
    return this.read('tasker_worker_get_status');
  }

  metrics(): string {
    return this.read('tasker_worker_get_metrics');
  }

  dispatchMetrics(): string {
    return this.read('tasker_worker_get_dispatch_metrics');
  }

  checkStarvationWarnings(): void {
    this.order('tasker_worker_check_starvation_warnings');
  }

  async drain(timeoutMs: number): Promise<number> {
    this.alive();
    checkInteger('drain', 'timeoutMs', timeoutMs, drainRange);
    return (await this.begin('tasker_worker_drain_begin', [timeoutMs])) as number;
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    this.ended = true;
    this.onWakeup = null;
    let failure: Error | null = null;
    try {
      // What takes time happens on a thread of the library's.
      await this.begin('tasker_worker_stop_begin', []);
    } catch (error) {
      failure = toError(error);
    }
    this.drainReplies();
    const { library } = this.context;
    // The place for an error is not this call's alone while it runs on another thread: it gets none.
    await library.callApart('tasker_worker_close', this.handle, library.none);
    this.callback?.dispose();
    this.abandonReplies();
    if (failure !== null) {
      throw failure;
    }
  }

  protected override onNews(): void {
    if (!this.drainReplies() || this.hasNews()) {
      super.onNews();
    }
  }

  /** Whether step events, notices or domain events may wait. */
  private hasNews(): boolean {
    const { library, memory } = this.context;
    const status = library.call.tasker_worker_wait(this.handle, 0, memory.error);
    if (status !== STATUS.OK) {
      this.context.dropError();
    }
    return status === STATUS.OK;
  }
}

function isObject(value: unknown): value is HandlerRegistration {
  return typeof value === 'object' && value !== null;
}

function inTheirWords({ name, executor, maxConcurrent, deadlineMs, why }: HandlerRegistration): object {
  return { name, executor, max_concurrent: maxConcurrent, deadline_ms: deadlineMs, why };
}

/** One request as a list. What is not one JSON value must not become several: it becomes a text that is refused. */
function oneRequest(requestJson: string): string {
  try {
    JSON.parse(requestJson);
  } catch {
    return `[${requestJson},`;
  }
  return `[${requestJson}]`;
}

/** The error of the only request of a list, whose caller knows of no list. */
function asOneRequest(error: Parameters<typeof errorOfDocument>[0]): typeof error {
  const { message, field } = error;
  const alone = (text: string): string => text.replaceAll('requests[0]', 'request');
  return { ...error, message: alone(message), ...(field === undefined ? {} : { field: alone(field) }) };
}
