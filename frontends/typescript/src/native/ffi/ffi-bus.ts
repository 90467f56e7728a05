// A port to a worker's event bus behind an FFI door.
import type { NativeBus } from '../native-bus.js';
import type { Delivery } from '../native-door.js';
import { checkInteger, checkText, checkTextOrNull, doorError } from './arguments.js';
import { STATUS, type FfiContext } from './context.js';
import { FfiListener } from './ffi-listener.js';
import type { FfiCallback, FfiValue } from './library.js';
import type { FfiName } from './symbols.js';

const pollRange = [1, 4096] as const;
const numberRange = [0, Number.MAX_SAFE_INTEGER] as const;
const depthRange = [0, 0xffff_ffff] as const;

/** The token that names a worker of this process to `FfiDoor.openBus`: its handle. */
const tokenForm = /^ffi:([1-9][0-9]{0,15})$/;

/** @param handle a worker's, as the library wrote it */
export function busToken(handle: number): string {
  return `ffi:${String(handle)}`;
}

export class FfiBus extends FfiListener implements NativeBus {
  readonly delivery: Delivery;
  private readonly worker: FfiValue;
  private readonly number: FfiValue;
  private readonly callback: FfiCallback | null;
  private closing: Promise<void> | null = null;

  /** @throws NOT_FOUND for what is no token; CLOSED, FORKED */
  static open(context: FfiContext, token: string, delivery: Delivery): FfiBus {
    const handle = Number(tokenForm.exec(token)?.[1]);
    if (!Number.isSafeInteger(handle)) {
      throw doorError('NOT_FOUND', `openBus: token is "${token.slice(0, 80)}"; no worker has it`, 'token');
    }
    const { library, memory } = context;
    const worker = library.handle(handle % 2 ** 32, Math.floor(handle / 2 ** 32));
    const status = library.call.tasker_bus_open(worker, memory.requestOut, memory.error);
    if (status === STATUS.INVALID_ARGUMENT) {
      context.dropError();
      throw doorError('NOT_FOUND', `openBus: token is "${token}"; no worker has it`, 'token');
    }
    context.check(status);
    return new FfiBus(context, worker, memory.number('request'), delivery);
  }

  private constructor(context: FfiContext, worker: FfiValue, number: number, delivery: Delivery) {
    super(context, 'port of the event bus');
    this.worker = worker;
    this.number = context.library.size(number);
    const { library, memory } = context;
    this.callback =
      delivery === 'poll'
        ? null
        : this.listen((callback) =>
            library.call.tasker_bus_set_wakeup(worker, this.number, callback, library.none, null, memory.error),
          );
    this.delivery = this.callback === null ? 'poll' : 'push';
  }

  registerEvent(name: string, schemaJson: string | null): void {
    this.alive();
    checkText('registerEvent', 'name', name);
    checkTextOrNull('registerEvent', 'schemaJson', schemaJson);
    this.callWithTexts('tasker_bus_register_event', name, schemaJson);
  }

  listEvents(): string {
    this.alive();
    const { library, memory } = this.context;
    this.context.check(library.call.tasker_bus_list_events(this.worker, this.number, memory.buffer, memory.error));
    return memory.takeBuffer() ?? '';
  }

  publish(name: string, payloadJson: string, depth: number): number {
    this.alive();
    checkText('publish', 'name', name);
    checkText('publish', 'payloadJson', payloadJson);
    checkInteger('publish', 'depth', depth, depthRange);
    this.callWithTexts('tasker_bus_publish_begin', name, payloadJson, depth, this.context.memory.requestOut);
    return this.context.memory.number('request');
  }

  subscribe(pattern: string, optionsJson: string | null): number {
    this.alive();
    checkText('subscribe', 'pattern', pattern);
    checkTextOrNull('subscribe', 'optionsJson', optionsJson);
    this.callWithTexts('tasker_bus_subscribe', pattern, optionsJson, this.context.memory.requestOut);
    return this.context.memory.number('request');
  }

  unsubscribe(subscription: number): void {
    this.alive();
    checkInteger('unsubscribe', 'subscription', subscription, numberRange);
    const { library, memory } = this.context;
    this.context.check(
      library.call.tasker_bus_unsubscribe(this.worker, this.number, library.size(subscription), memory.error),
    );
  }

  subscription(subscription: number): string {
    this.alive();
    checkInteger('subscription', 'subscription', subscription, numberRange);
    const { library, memory } = this.context;
    const number = library.size(subscription);
    this.context.check(
      library.call.tasker_bus_get_subscription(this.worker, this.number, number, memory.buffer, memory.error),
    );
    return memory.takeBuffer() ?? '';
  }

  poll(max: number, subscription: number): string | null {
    this.alive();
    checkInteger('poll', 'max', max, pollRange);
    checkInteger('poll', 'subscription', subscription, numberRange);
    const { library, memory } = this.context;
    const only = library.size(subscription);
    this.context.check(library.call.tasker_bus_poll(this.worker, this.number, max, only, memory.buffer, memory.error));
    const events = memory.takeBuffer();
    if (events === null) {
      this.missed = false;
    }
    return events;
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    this.ended = true;
    this.onWakeup = null;
    this.keepAlive();
    const { library } = this.context;
    // The worker may have ended before, and the port with it: that is no failure. The place for an error is not this
    // call's alone while it runs on another thread: it gets none.
    await library.callApart('tasker_bus_close', this.worker, this.number, library.none);
    this.callback?.dispose();
  }

  /** A call with two texts, the second of which may be NULL, and whatever follows them. */
  private callWithTexts(name: FfiName, first: string, second: string | null, ...rest: FfiValue[]): void {
    const { library, memory } = this.context;
    memory.putTwo(first, second ?? '');
    this.context.check(
      library.call[name](
        this.worker,
        this.number,
        memory.first,
        memory.firstSize,
        second === null ? library.none : memory.second,
        memory.secondSize,
        ...rest,
        memory.error,
      ),
    );
  }
}
