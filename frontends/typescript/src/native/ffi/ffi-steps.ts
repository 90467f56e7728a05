// Steps behind an FFI door, as a worker and an attachment take and settle them, and calls whose reply comes later.
import { checkInteger, checkText, checkTexts, doorError } from './arguments.js';
import { errorOfDocument, STATUS, type FfiContext } from './context.js';
import { FfiListener } from './ffi-listener.js';
import type { FfiLibrary, FfiValue } from './library.js';
import type { FfiMemory } from './memory.js';
import type { FfiName } from './symbols.js';

const pollRange = [1, 4096] as const;
/** How often replies are asked for where there is no wake-up. */
const replyPollMs = 10;
const repliesAtOnce = 256;
const uuidBytes = 36;

/** The functions of the library, by what they do. */
export interface StepCalls {
  readonly complete: FfiName;
  readonly completeAll: FfiName;
  readonly checkpoint: FfiName;
  readonly beginCheckpoint: FfiName;
  readonly replies: FfiName;
  readonly handBack: FfiName;
  readonly notices: FfiName;
}

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

export abstract class FfiSteps extends FfiListener {
  protected readonly handle: FfiValue;
  private readonly calls: StepCalls;
  private readonly waiters = new Map<number, Waiter>();

  /** Takes the handle that the library wrote. */
  protected constructor(context: FfiContext, what: string, calls: StepCalls) {
    super(context, what);
    this.handle = context.memory.takeHandle('handle');
    this.calls = calls;
  }

  pollNotices(max: number): string | null {
    return this.take(this.calls.notices, 'pollNotices', max);
  }

  completeStepEvent(eventId: string, resultJson: string): void {
    this.alive();
    checkText('completeStepEvent', 'eventId', eventId);
    checkText('completeStepEvent', 'resultJson', resultJson);
    const { library, memory } = this.context;
    memory.putTwo(eventId, resultJson);
    const status = library.call[this.calls.complete](
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
    return this.ask(this.calls.completeAll, { completionsJson });
  }

  async checkpointStepEvent(eventId: string, checkpointJson: string): Promise<string> {
    this.alive();
    this.putTwo('checkpointStepEvent', { eventId, checkpointJson });
    const { first, firstSize, second, secondSize } = this.context.memory;
    return (await this.begin(this.calls.beginCheckpoint, [first, firstSize, second, secondSize])) as string;
  }

  checkpointStepEventSync(eventId: string, checkpointJson: string): string {
    this.alive();
    this.putTwo('checkpointStepEventSync', { eventId, checkpointJson });
    const { library, memory } = this.context;
    this.context.check(
      library.call[this.calls.checkpoint](
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
    return memory.readEvents(uuidBytes);
  }

  handBack(eventIds: readonly string[]): number {
    this.alive();
    checkTexts('handBack', 'eventIds', eventIds);
    return this.count(this.calls.handBack, JSON.stringify(eventIds), 'eventIds');
  }

  /** Events by `poll`, which writes them to the memory for them. Null when none waits, or none will come. */
  protected pollInto(max: number, poll: (memory: FfiMemory, library: FfiLibrary) => number): string | null {
    checkInteger('pollStepEvents', 'max', max, pollRange);
    const { library, memory } = this.context;
    for (;;) {
      switch (poll(memory, library)) {
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

  /** A handle and at most one text in, nothing out. */
  protected order(name: FfiName, text?: string): void {
    this.alive();
    const { library, memory } = this.context;
    if (text === undefined) {
      this.context.check(library.call[name](this.handle, memory.error));
      return;
    }
    memory.put(text);
    this.context.check(library.call[name](this.handle, memory.first, memory.firstSize, memory.error), 'taskUuid');
  }

  /** A handle and a text in, a count out. */
  protected count(name: FfiName, text: string, ...ids: Parameters<FfiContext['check']>[1][]): number {
    const { library, memory } = this.context;
    memory.put(text);
    this.context.check(
      library.call[name](this.handle, memory.first, memory.firstSize, memory.countOut, memory.error),
      ...ids,
    );
    return memory.count();
  }

  /** A handle and one checked text in, nothing out; `argument` is what the text is called. */
  protected tell(name: FfiName, argument: 'subscriptionJson' | 'subscriber' | 'deliveryId', text: string): void {
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

  /** A handle and a text in, a text out or null; the text's key is its name. */
  protected ask(name: FfiName, given: Readonly<Record<string, string>>): string | null {
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

  protected read(name: FfiName, given?: Readonly<Record<string, string>>): string {
    if (given !== undefined) {
      return this.ask(name, given) ?? '';
    }
    this.alive();
    const { library, memory } = this.context;
    this.context.check(library.call[name](this.handle, memory.buffer, memory.error));
    return memory.takeBuffer() ?? '';
  }

  protected readTwo(name: FfiName, call: string, given: Readonly<Record<string, string>>): string {
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

  protected putTwo(call: string, given: Readonly<Record<string, string>>): void {
    const [[first, firstText] = ['', ''], [second, secondText] = ['', '']] = Object.entries(given);
    checkText(call, first, firstText);
    checkText(call, second, secondText);
    this.context.memory.putTwo(firstText, secondText);
  }

  protected take(name: FfiName, call: string, max: number): string | null {
    this.alive();
    checkInteger(call, 'max', max, pollRange);
    const { library, memory } = this.context;
    this.context.check(library.call[name](this.handle, max, memory.buffer, memory.error));
    return memory.takeBuffer();
  }

  /** Begins a call whose reply comes later. */
  protected begin(name: FfiName, values: readonly FfiValue[]): Promise<unknown> {
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

  /** @returns whether there were any */
  protected drainReplies(): boolean {
    const { library, memory } = this.context;
    let taken = false;
    while (this.waiters.size > 0) {
      const status = library.call[this.calls.replies](this.handle, repliesAtOnce, memory.buffer, memory.error);
      if (status !== STATUS.OK) {
        this.context.dropError();
        // Ended by somebody else: no reply can come any more.
        if (status === STATUS.CLOSED) {
          this.abandonReplies();
        }
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

  /** Rejects what no reply will come for. */
  protected abandonReplies(): void {
    for (const waiter of this.waiters.values()) {
      waiter.reject(doorError('CLOSED', 'closed before the reply came'));
    }
    this.waiters.clear();
    this.keepAlive();
  }

  protected override isWanted(): boolean {
    return this.waiters.size > 0 || super.isWanted();
  }

  /** Asks for replies where they do not come by themselves. */
  protected override beat(): { readonly run: () => void; readonly everyMs: number } {
    if (this.delivery === 'push') {
      return super.beat();
    }
    const run = (): void => {
      this.drainReplies();
    };
    return { run, everyMs: replyPollMs };
  }
}

/** The name of a method by its C function, for messages. */
function callOf(name: FfiName): string {
  return name
    .replace(/^tasker_(worker|attachment)_/, '')
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
