// A worker behind an FFI door.
//
// The library keeps one wake-up for the worker from its opening to its end. It serves replies to what was begun without
// blocking, and the caller's own wake-up. A timer that does nothing keeps the event loop alive while either is wanted.
import { toError } from '../../errors/convert.js';
import type { Delivery, NativeWorker } from '../native-door.js';
import { checkFunctionOrNull, checkInteger, checkText, checkTexts, doorError } from './arguments.js';
import { errorOfDocument, STATUS, type FfiContext } from './context.js';
import type { FfiCallback, FfiValue } from './library.js';
import type { FfiName } from './symbols.js';
import { busToken } from './ffi-bus.js';

const pollRange = [1, 4096] as const;
const timeoutRange = [0, 2_147_483_647] as const;
const drainRange = [0, 3_600_000] as const;
/** How often replies are asked for where there is no wake-up. */
const replyPollMs = 10;
/** Longest delay of a timer. */
const keepAliveMs = 2_147_483_647;
const repliesAtOnce = 256;

/** Who waits for a reply. */
interface Waiter {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Reply {
  readonly request: number;
  readonly result?: unknown;
  readonly error?: Parameters<typeof errorOfDocument>[0];
}

export class FfiWorker implements NativeWorker {
  readonly delivery: Delivery;
  private readonly context: FfiContext;
  private readonly handle: FfiValue;
  private readonly handleNumber: number;
  private readonly callback: FfiCallback | null;
  private readonly waiters = new Map<number, Waiter>();
  private onWakeup: (() => void) | null = null;
  /** News came when nobody wanted to hear of it, and no poll has been answered with nothing since. */
  private missed = false;
  private timer: NodeJS.Timeout | null = null;
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
    this.context = context;
    this.handle = context.memory.takeHandle('handle');
    this.handleNumber = context.memory.number('handle');
    this.callback = delivery === 'push' ? this.listen() : null;
    this.delivery = this.callback === null ? 'poll' : 'push';
  }

  registerHandlers(callables: string[]): void {
    this.alive();
    checkTexts('registerHandlers', 'callables', callables);
    this.order('tasker_worker_register_handlers', JSON.stringify(callables));
  }

  registerAllHandlers(): void {
    this.order('tasker_worker_register_all_handlers');
  }

  start(): void {
    this.order('tasker_worker_start');
  }

  setWakeup(onWakeup: (() => void) | null): void {
    this.alive();
    checkFunctionOrNull('setWakeup', 'onWakeup', onWakeup);
    this.onWakeup = onWakeup;
    this.keepAlive();
    if (onWakeup !== null && this.missed) {
      setImmediate(() => {
        if (this.onWakeup === onWakeup) {
          this.missed = false;
          onWakeup();
        }
      });
    }
  }

  pollStepEvents(max: number): string | null {
    this.alive();
    checkInteger('pollStepEvents', 'max', max, pollRange);
    const { library, memory } = this.context;
    for (;;) {
      const status = library.call.tasker_worker_poll_step_events_into(
        this.handle,
        max,
        memory.events,
        memory.eventsCapacity,
        memory.sizeOut,
        memory.error,
      );
      switch (status) {
        case STATUS.OK: {
          const bytes = memory.number('size');
          if (bytes > 2) {
            return memory.readEvents(bytes);
          }
          this.missed = false;
          return null;
        }
        case STATUS.TOO_LARGE: {
          // The next event alone is larger than the memory for them.
          const needed = memory.number('size');
          this.context.dropError();
          memory.growEvents(needed);
          break;
        }
        case STATUS.DRAINING:
          this.context.dropError();
          return null;
        default:
          throw this.context.takeError();
      }
    }
  }

  pollNotices(max: number): string | null {
    return this.take('tasker_worker_poll_notices', 'pollNotices', max);
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

  completeStepEvent(eventId: string, resultJson: string): void {
    this.alive();
    checkText('completeStepEvent', 'eventId', eventId);
    checkText('completeStepEvent', 'resultJson', resultJson);
    const { library, memory } = this.context;
    memory.putTwo(eventId, resultJson);
    const status = library.call.tasker_worker_complete_step_event(
      this.handle,
      memory.first,
      memory.firstSize,
      memory.second,
      memory.secondSize,
      memory.error,
    );
    if (status !== STATUS.OK) {
      this.context.check(status, 'eventId');
    }
  }

  completeStepEvents(completionsJson: string): string | null {
    return this.ask('tasker_worker_complete_step_events_json', { completionsJson });
  }

  async checkpointStepEvent(eventId: string, checkpointJson: string): Promise<string> {
    this.alive();
    this.putTwo('checkpointStepEvent', { eventId, checkpointJson });
    const { memory } = this.context;
    const { first, firstSize, second, secondSize } = memory;
    return (await this.begin('tasker_worker_checkpoint_step_event_begin', [
      first,
      firstSize,
      second,
      secondSize,
    ])) as string;
  }

  checkpointStepEventSync(eventId: string, checkpointJson: string): string {
    this.alive();
    this.putTwo('checkpointStepEventSync', { eventId, checkpointJson });
    const { library, memory } = this.context;
    this.context.check(
      library.call.tasker_worker_checkpoint_step_event(
        this.handle,
        memory.first,
        memory.firstSize,
        memory.second,
        memory.secondSize,
        memory.events,
        memory.error,
      ),
      'eventId',
    );
    return memory.readEvents(36);
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
      throw errorOfDocument(outcome.error);
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
    const { library, memory } = this.context;
    memory.put(taskUuid);
    this.context.check(
      library.call.tasker_worker_retry_task(this.handle, memory.first, memory.firstSize, memory.countOut, memory.error),
      'taskUuid',
    );
    return memory.count();
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
    await library.closeWorker(this.handle, library.none);
    this.callback?.dispose();
    for (const waiter of this.waiters.values()) {
      waiter.reject(doorError('CLOSED', 'the worker is closed'));
    }
    this.waiters.clear();
    this.keepAlive();
    if (failure !== null) {
      throw failure;
    }
  }

  private alive(): void {
    if (this.closing !== null) {
      throw doorError('CLOSED', 'the worker is closed');
    }
  }

  /** A worker and at most one text in, nothing out. */
  private order(name: FfiName, text?: string): void {
    this.alive();
    const { library, memory } = this.context;
    if (text === undefined) {
      this.context.check(library.call[name](this.handle, memory.error));
      return;
    }
    memory.put(text);
    this.context.check(library.call[name](this.handle, memory.first, memory.firstSize, memory.error), 'taskUuid');
  }

  /** A worker and one checked text in, nothing out; `argument` is what the text is called. */
  private tell(name: FfiName, argument: 'subscriptionJson' | 'subscriber' | 'deliveryId', text: string): void {
    this.alive();
    checkText(callOf(name), argument, text);
    const { library, memory } = this.context;
    memory.put(text);
    this.context.check(
      library.call[name](this.handle, memory.first, memory.firstSize, memory.error),
      'deliveryId',
      'subscriptionJson',
    );
  }

  /** A worker and a text in, a text out or null; the text's key is its name. */
  private ask(name: FfiName, given: Readonly<Record<string, string>>): string | null {
    this.alive();
    const [[argument, text] = ['', '']] = Object.entries(given);
    checkText(callOf(name), argument, text);
    const { library, memory } = this.context;
    memory.put(text);
    this.context.check(
      library.call[name](this.handle, memory.first, memory.firstSize, memory.buffer, memory.error),
      'taskUuid',
    );
    return memory.takeBuffer();
  }

  private read(name: FfiName, given?: Readonly<Record<string, string>>): string {
    if (given !== undefined) {
      return this.ask(name, given) ?? '';
    }
    this.alive();
    const { library, memory } = this.context;
    this.context.check(library.call[name](this.handle, memory.buffer, memory.error));
    return memory.takeBuffer() ?? '';
  }

  private readTwo(name: FfiName, call: string, given: Readonly<Record<string, string>>): string {
    this.alive();
    this.putTwo(call, given);
    const { library, memory } = this.context;
    this.context.check(
      library.call[name](
        this.handle,
        memory.first,
        memory.firstSize,
        memory.second,
        memory.secondSize,
        memory.buffer,
        memory.error,
      ),
      'taskUuid',
      'stepUuid',
    );
    return memory.takeBuffer() ?? '';
  }

  private putTwo(call: string, given: Readonly<Record<string, string>>): void {
    const [[first, firstText] = ['', ''], [second, secondText] = ['', '']] = Object.entries(given);
    checkText(call, first, firstText);
    checkText(call, second, secondText);
    this.context.memory.putTwo(firstText, secondText);
  }

  private take(name: FfiName, call: string, max: number): string | null {
    this.alive();
    checkInteger(call, 'max', max, pollRange);
    const { library, memory } = this.context;
    this.context.check(library.call[name](this.handle, max, memory.buffer, memory.error));
    return memory.takeBuffer();
  }

  /** Begins a call whose reply comes later. */
  private begin(name: FfiName, values: readonly FfiValue[]): Promise<unknown> {
    const { library, memory } = this.context;
    this.context.check(
      library.call[name](this.handle, ...values, memory.requestOut, memory.error),
      'taskUuid',
      'eventId',
    );
    const request = memory.number('request');
    return new Promise((resolve, reject) => {
      this.waiters.set(request, { resolve, reject });
      this.keepAlive();
    });
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

  /** @returns whether there were any */
  private drainReplies(): boolean {
    const { library, memory } = this.context;
    let taken = false;
    while (this.waiters.size > 0) {
      const status = library.call.tasker_worker_poll_replies(this.handle, repliesAtOnce, memory.buffer, memory.error);
      if (status !== STATUS.OK) {
        this.context.dropError();
        return taken;
      }
      const text = memory.takeBuffer();
      if (text === null) {
        return taken;
      }
      taken = true;
      for (const { request, result, error } of JSON.parse(text) as Reply[]) {
        const waiter = this.waiters.get(request);
        this.waiters.delete(request);
        if (error === undefined) {
          waiter?.resolve(result);
        } else {
          waiter?.reject(errorOfDocument(error));
        }
      }
      this.keepAlive();
    }
    return taken;
  }

  /** Sets the library's wake-up; null where callbacks can not be made or set. */
  private listen(): FfiCallback | null {
    const { library, memory } = this.context;
    const callback = library.makeCallback(() => {
      this.onNews();
    });
    if (callback === null) {
      return null;
    }
    const status = library.call.tasker_worker_set_wakeup(this.handle, callback.value, library.none, null, memory.error);
    if (status === STATUS.OK) {
      return callback;
    }
    this.context.dropError();
    callback.dispose();
    return null;
  }

  private onNews(): void {
    try {
      if (this.drainReplies() && !this.hasNews()) {
        return;
      }
      if (this.onWakeup === null) {
        this.missed = true;
      } else {
        this.onWakeup();
      }
    } catch (error) {
      // Not through the library's thread that called.
      setImmediate(() => {
        throw toError(error);
      });
    }
  }

  /** Holds the event loop while somebody waits for news, and asks for replies where they do not come by themselves. */
  private keepAlive(): void {
    const wanted = this.waiters.size > 0 || this.onWakeup !== null;
    if (!wanted && this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    } else if (wanted && this.timer === null) {
      const asks = this.delivery === 'poll';
      this.timer = setInterval(
        () => {
          this.drainReplies();
        },
        asks ? replyPollMs : keepAliveMs,
      );
    }
  }
}

/** The name of a method by its C function, for messages. */
function callOf(name: FfiName): string {
  return name.replace(/^tasker_worker_/, '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
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
